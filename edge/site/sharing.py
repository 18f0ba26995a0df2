"""The site put together: who is asked, and where we are asked."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Connection

from edge.clock import Clock
from edge.config_site import SiteSection
from edge.health import SiteStatus
from edge.site.answering import Answering
from edge.site.asking import Hearing, PeerAsker
from edge.site.listener import SiteListener
from edge.site.site_list import load_site
from edge.site.tls import site_tls
from edge.store.day_records import DayBook
from edge.store.lane import InStore, Reading
from edge.store.site_apart import forget_others
from edge.supervisor import Beside, Sleep
from rules.day_sheet import Sheet
from wire.keys import SigningKey

KEEP_S = 3_600.0


@dataclass(frozen=True, slots=True)
class SiteSharing:
    """Everything that runs for the site; nothing if there is no list."""

    askers: tuple[PeerAsker, ...] = ()
    listener: SiteListener | None = None
    keeping: Beside = field(default_factory=dict)
    """What keeps the store to the list of the site, also where there is none any more."""

    def status(self) -> SiteStatus:
        """Return how the others are heard."""
        trouble = None if self.listener is None else self.listener.trouble
        return SiteStatus(tuple(asker.status() for asker in self.askers), trouble)

    async def day_sheets(self, first: date, last: date) -> dict[str, Sheet | None]:
        """Return what each other terminal settled on these calendar days, all asked at once; None: it was not heard."""
        sheets = await asyncio.gather(*(asker.day_sheet(first, last) for asker in self.askers))
        return dict(zip((asker.peer.terminal for asker in self.askers), sheets, strict=True))

    async def sums_between(self, start: datetime, end: datetime) -> dict[str, Sheet | None]:
        """Return what each other terminal settled within a time; None: it does not say so at once."""
        sheets = await asyncio.gather(*(asker.sums_between(start, end) for asker in self.askers))
        return dict(zip((asker.peer.terminal for asker in self.askers), sheets, strict=True))

    async def open_sales(self) -> dict[str, tuple[str, ...] | None]:
        """Return what each other terminal has not brought to its end; None: it does not say so at once."""
        found = await asyncio.gather(*(asker.open_sales() for asker in self.askers))
        return dict(zip((asker.peer.terminal for asker in self.askers), found, strict=True))

    async def day_books(self, first: date, last: date) -> dict[str, DayBook | None]:
        """Return the records of each other terminal within these calendar days; None: it was not heard."""
        books = await asyncio.gather(*(asker.day_book(first, last) for asker in self.askers))
        return dict(zip((asker.peer.terminal for asker in self.askers), books, strict=True))

    def work(self) -> Beside:
        """Return what runs beside the counter."""
        asking: Beside = {f"site {asker.peer.terminal}": asker.run for asker in self.askers}
        listening: Beside = {} if self.listener is None else {"site": self.listener.run}
        return {**asking, **listening, **self.keeping}


def open_sharing(
    section: SiteSection,
    terminal: str,
    key: SigningKey,
    *,
    connection: Connection,
    in_store: InStore,
    read: Reading,
    clock: Clock,
    sleep: Sleep = asyncio.sleep,
    desk: str = "",
) -> SiteSharing:
    """Return what the configuration says of the site. Nothing runs yet.

    Raises:
        ConfigError: The list or the certificates cannot be used.
    """
    if section.file is None:
        return SiteSharing(keeping={"site list": lambda: keep_to_list(connection, in_store, sleep, ())})
    site = load_site(section.file, terminal, key.public)
    tls = site_tls(section)
    hearing = Hearing(
        site=site,
        key=key,
        connection=connection,
        in_store=in_store,
        read=read,
        clock=clock,
        random_bytes=secrets.token_bytes,
        rng=random.SystemRandom(),
        sleep=sleep,
        tls=tls.asking,
    )
    answering = Answering(site, key, read, desk)
    return SiteSharing(
        tuple(PeerAsker(peer, hearing) for peer in site.peers),
        SiteListener(section.host, section.port, tls.answering, answering.answer, clock),
        {"site list": lambda: keep_to_list(connection, in_store, sleep, [peer.terminal for peer in site.peers])},
    )


async def keep_to_list(connection: Connection, in_store: InStore, sleep: Sleep, terminals: Sequence[str]) -> None:
    """Let go what was heard of packs that lie apart at terminals which do not belong to the site any more."""

    def forget() -> None:
        with connection.begin():
            forget_others(connection, terminals)

    while True:
        await in_store(forget)
        await sleep(KEEP_S)
