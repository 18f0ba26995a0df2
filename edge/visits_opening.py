"""The desk of visits of a terminal put together, from the configuration."""

from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
from sqlalchemy import Connection

from codes.errors import RejectedError
from codes.words import Words
from edge.clock import Clock
from edge.config_visits import VisitsSection
from edge.core import Core
from edge.health import Trouble
from edge.operators.accounts import acting_account
from edge.sealing import KEY_FILE, load_or_create_sealer
from edge.store.visit_steps import put_steps_away
from edge.supervisor import Beside
from edge.visits.catching_up import CatchingUp
from edge.visits.desk import VisitDesk
from edge.visits.hospital import Hospital
from web.secret_file import load_secret

_TIDY_S = 3_600.0
_KIOSK_S = 10.0


@dataclass(slots=True)
class _Kiosk:
    """What the screens are told."""

    problem: RejectedError | None = None


@dataclass(frozen=True, slots=True)
class OpenedVisits:
    """The desk and what runs for it."""

    desk: VisitDesk
    core: Core
    clock: Clock
    is_told: bool
    """Whether a hospital's system is told of the steps."""
    _kiosk: _Kiosk = field(default_factory=_Kiosk)

    def work(self) -> Beside:
        """Return what runs beside the counter."""
        catching_up = CatchingUp(self.desk, self.core.read, self.clock, asyncio.sleep)
        kiosk: Beside = {"kiosk": self._watch_kiosk} if self.core.config.visits.kiosk_operator else {}
        return {"visits kept": self._tidy, **({"visits": catching_up.run} if self.is_told else {}), **kiosk}

    def troubles(self) -> Iterator[Trouble]:
        """Yield that an unattended kiosk cannot be used."""
        problem = self._kiosk.problem
        if problem is not None:
            words = Words(f"自助机不能办理：{problem.words.zh}", f"The kiosk does nothing: {problem.words.en}")
            yield Trouble(problem.code, words, problem.next_step)

    async def look(self) -> None:
        """See whether there is an operator in whose name an unattended kiosk may work."""
        self._kiosk.problem = await self.core.read(self._kiosk_problem)

    async def _watch_kiosk(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(_KIOSK_S)

    def _kiosk_problem(self, tx: Connection) -> RejectedError | None:
        try:
            acting_account(tx, self.core.config.visits.kiosk_operator)
        except RejectedError as exc:
            return exc
        return None

    async def _tidy(self) -> None:
        while True:
            await self.core.in_store(self._put_away)
            await asyncio.sleep(_TIDY_S)

    def _put_away(self) -> None:
        keep = timedelta(days=self.core.config.visits.keep_days)
        with self.core.connection.begin():
            put_steps_away(self.core.connection, self.clock.now() - keep)


def open_visits(core: Core, clock: Clock, on_recorded: Callable[[], None]) -> OpenedVisits | None:
    """Return the desk of visits; None if the configuration has none. Nothing runs yet.

    Raises:
        ConfigError: The key, the token or the certificate cannot be used.
    """
    section = core.config.visits
    if not section.is_enabled:
        return None
    hospital = None if not section.url else _hospital(section, core.config.terminal.id, clock)
    desk = VisitDesk(
        core.connection,
        core.outbox,
        sealer=load_or_create_sealer(core.config.store.folder / KEY_FILE),
        hospital=hospital,
        in_store=core.in_store,
        read=core.read,
        clock=clock,
        random=secrets.token_bytes,
        order=section.order,
        on_recorded=on_recorded,
    )
    return OpenedVisits(desk, core, clock, hospital is not None)


def _hospital(section: VisitsSection, terminal: str, clock: Clock) -> Hospital:
    tls = ssl.create_default_context(cafile=section.ca_file)
    # No proxy of the environment, no redirect: what names a person goes where the configuration says, or nowhere.
    client = httpx.AsyncClient(verify=tls, trust_env=False)
    token = "" if section.token_file is None else load_secret(section.token_file)
    return Hospital(section.url, token, terminal=terminal, client=client, clock=clock)
