"""The centre's parts, put together by hand: what the API, the console and the receiver work with."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from codes.errors import YimaError
from codes.words import Words
from server.config import ServerConfig
from server.fleet import Fleet
from server.fsi.build import Fsi, build_fsi, load_configured_entitlements
from server.ingest import Ingest
from server.ingest.asking import Asking
from server.live import LiveNews
from server.matching import Matching
from server.people.accounts import Accounts
from server.people.sealing import load_sealer
from server.people.signing_in import SigningIn
from server.people.tokens import Tokens
from server.settlement.entitlements import StoredEntitlements
from server.store.database import Store, open_store
from server.store.replacing import Recovered
from web.live import LiveBus
from web.secret_file import load_secret
from wire.errors import KeyFileError
from wire.ids import uuid7
from wire.keys import SigningKey, load_or_create_key

Now = Callable[[], datetime]
_KEEP_THE_KEY = Words(
    "请检查路径与权限（仅属主可读）；若文件已损坏，请从备份恢复，不要删除。"
    "中心一旦换用新密钥，须在每台终端的 [centre] public_key 中改填新公钥。",
    "Check the path and its permissions (owner only); restore a damaged file from backup and do not remove it: a new "
    "key must be entered at every terminal, as [centre] public_key.",
)
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Centre:
    """Everything that answers requests shares this."""

    store: Store
    key: SigningKey
    bus: LiveBus
    accounts: Accounts
    signing_in: SigningIn
    tokens: Tokens
    fleet: Fleet
    matching: Matching
    ingest: Ingest
    asking: Asking
    now: Now
    """Centre clock, aware, UTC."""
    started_at: datetime
    fsi: Fsi | None = None
    """The national interface, where it is answered."""

    def close(self) -> None:
        """End every live stream, keep what waits to be kept, and give the database back."""
        self.bus.close()
        if self.fsi is not None:
            self.fsi.close()
        self.store.close()


def utc_now() -> datetime:
    """Return the centre's time."""
    return datetime.now(UTC)


def open_configured_store(config: ServerConfig) -> Store:
    """Open the store that the configuration names, bringing its schema up to date.

    Raises:
        ServerError: It cannot be opened; the error says what to do.
    """
    password = config.store.password_file
    return open_store(
        config.store.url,
        new_epoch=new_epoch,
        password=load_secret(password) if password else None,
        connections=config.store.connections,
        progress=lambda revision: _logger.info("store.migrated", revision=revision),
        recovered=_log_recovered,
    )


def _log_recovered(found: Recovered) -> None:
    """Say what became of a restore that a crash had interrupted."""
    if found.is_finished:
        _logger.warning("store.restore_finished", set_aside=str(found.set_aside))
    else:
        _logger.warning("store.restore_abandoned", store="as it was before that restore")


def load_centre_key(config: ServerConfig) -> SigningKey:
    """Return the key that signs receipts, made on first start.

    Raises:
        KeyFileError: It cannot be read or made. It says that a new key is known to no terminal.
    """
    try:
        return load_or_create_key(config.centre.key_file)
    except KeyFileError as exc:
        raise KeyFileError(exc.words, next_step=_KEEP_THE_KEY) from exc


def build_centre(config: ServerConfig, now: Now = utc_now) -> Centre:
    """Open the store and put the parts together.

    Raises:
        ServerError: The store cannot be opened.
        KeyFileError: The key cannot be read or made.
        ConfigError: A file of the national interface cannot be used.
    """
    key = load_centre_key(config)
    store = open_configured_store(config)
    try:
        fsi = _fsi(config, store, now) if config.has_fsi else None
    except YimaError:
        store.close()
        raise
    # Numbers of an earlier life of the process must never be taken for numbers of this one.
    bus = LiveBus(first_id=time.time_ns() // 1_000_000)
    matching = Matching(store)
    news = LiveNews(bus, matching)
    return Centre(
        store=store,
        key=key,
        bus=bus,
        accounts=Accounts(store),
        signing_in=SigningIn(store, timedelta(hours=config.web.session_hours)),
        tokens=Tokens(store),
        fleet=Fleet(store, news.terminal_changed),
        matching=matching,
        ingest=Ingest(store, key, hold=timedelta(seconds=config.centre.hold_s), announce=news.committed),
        asking=Asking(store, key),
        now=now,
        started_at=now(),
        fsi=fsi,
    )


def _fsi(config: ServerConfig, store: Store, now: Now) -> Fsi:
    rules = load_configured_entitlements(config.fsi)
    sealer = load_sealer(config.sealing_key_file, store)
    return build_fsi(config.fsi, store, sealer, StoredEntitlements(rules, now), now, rules=rules)


def new_epoch() -> str:
    """Return a name for a new life of the store."""
    return str(uuid7(time.time_ns() // 1_000_000, os.urandom(10)))
