"""Terminals of one site in one process: each with its own store, key, list and port, asking over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from edge.config_site import SiteSection
from edge.counter.counter import Request
from edge.site.asking import PeerAsker
from edge.site.sharing import SiteSharing, open_sharing
from edge.store import sql
from edge.store.site_sales import SiteSale, site_sale
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.conftest import free_port
from tests.edge.new_store import opened_or_new
from tests.edge.scene import FakeClock, Shop
from wire.keys import SigningKey

NAMES = ("counter-1", "counter-2", "counter-3")
_T = TypeVar("_T")


def new_key() -> SigningKey:
    return SigningKey(Ed25519PrivateKey.generate())


@dataclass
class Neighbour:
    """One terminal, without its edges but for the site."""

    name: str
    shop: Shop
    port: int
    key: SigningKey = field(default_factory=new_key)
    sharing: SiteSharing = field(default_factory=SiteSharing)

    def join(self, list_file: Path, **tls: Path) -> None:
        """Read the list."""
        section = SiteSection.model_validate({"file": list_file, "port": self.port, **tls})
        connection = self.shop.connection
        self.sharing = open_sharing(
            section,
            self.name,
            self.key,
            connection=connection,
            in_store=self.in_store,
            read=self.read,
            clock=self.shop.clock,
        )

    async def in_store(self, work: Callable[[], _T]) -> _T:
        return work()

    async def read(self, work: Callable[[Connection], _T]) -> _T:
        with self.shop.connection.begin():
            return work(self.shop.connection)

    def asker(self, peer: str) -> PeerAsker:
        """Return who asks that terminal."""
        return next(asker for asker in self.sharing.askers if asker.peer.terminal == peer)

    def sell(self, *codes: str) -> str:
        for code in codes:
            self.shop.scan(code)
        return self.shop.counter.close_sale(Request(None, "close")).sale

    def take_back(self, sale: str, *codes: str) -> None:
        self.shop.counter.return_packs(Request(None, "return"), sale, codes, "changed mind")

    def knows(self, code: str) -> SiteSale | None:
        with self.shop.connection.begin():
            return site_sale(self.shop.connection, code)

    def table(self) -> list[sql.Row]:
        with self.shop.connection.begin():
            return sql.rows(self.shop.connection, "SELECT * FROM sold_at_site ORDER BY code")

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Answer the others meanwhile."""
        listener = self.sharing.listener
        assert listener is not None
        task = asyncio.create_task(listener.run())
        try:
            async with asyncio.timeout(30):
                await listener.is_listening.wait()
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


def write_list(path: Path, members: Sequence[Neighbour], name: str = "南门店") -> Path:
    """Write the list of a site."""
    lines = [f'name = "{name}"']
    for one in members:
        lines += ["[[terminal]]", f'id = "{one.name}"', f'address = "127.0.0.1:{one.port}"']
        lines += [f'public_key = "{one.key.public.raw.hex()}"']
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@contextlib.contextmanager
def opened_neighbours(folder: Path, count: int) -> Iterator[list[Neighbour]]:
    """Open so many terminals, each with a pharmacist at it; they do not know of each other yet."""
    with contextlib.ExitStack() as closing:
        members = []
        for seed, name in enumerate(NAMES[:count]):
            connection = closing.enter_context(opened_or_new(folder / name))
            ensure_state(connection, terminal=name, new_epoch=f"epoch-of-{name}", mode=Mode.DISPENSE)
            shop = Shop(connection, FakeClock(), seed=seed + 10)
            shop.stock()
            shop.sign_in(token=f"token-{name}")
            members.append(Neighbour(name, shop, free_port()))
        yield members
