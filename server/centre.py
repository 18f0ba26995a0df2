"""The centre's parts, put together by hand: what the API, the console and the receiver work with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from codes.errors import YimaError
from server.config import ServerConfig
from server.fleet import Fleet
from server.fsi.build import Fsi, build_fsi, load_configured_entitlements
from server.ingest import Ingest
from server.ingest.asking import Asking
from server.key import load_centre_key
from server.live import LiveNews
from server.matching import Matching
from server.opening import open_configured_store, utc_now
from server.people.accounts import Accounts
from server.people.sealing import load_sealer
from server.people.signing_in import SigningIn
from server.people.tokens import Tokens
from server.settlement.entitlements import StoredEntitlements
from server.store.database import Store
from web.live import LiveBus
from wire.keys import SigningKey

Now = Callable[[], datetime]


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
