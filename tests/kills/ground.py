"""A pharmacy with two counters, each behind gates, each with a till and a POS; its processes are killed and started."""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import httpx

from sim.preload import ShimError
from tests.blackbox.lines import HttpLine
from tests.blackbox.shop import Counter, RefusedError, Shop, opened_shop
from tests.blackbox.stand import CUSTOMS, Seeded
from tests.blackbox.till import Till
from tests.kills import commits
from tests.kills.commits import Commits
from tests.kills.gate import Gate
from tests.kills.messages import HttpCutter, Message, MqttCutter

CENTRE = "centre"
PRICE = Decimal("16.80")
LOTS = "product,batch,lot,made_on,expires_on\nD0008,B-1,L2601,2026-01-05,2028-12-31\n"
LOGIN = {"counter-1": "li", "counter-2": "zhao"}
RECOVERED_S = 60.0


@dataclass
class Post:
    """One counter with what stands around it."""

    counter: Counter
    till_line: Gate
    pos_line: Gate
    commits: Commits | None
    """None where this machine cannot build what counts them."""
    pos: Till

    @property
    def name(self) -> str:
        return self.counter.name

    @property
    def heard(self) -> list[Message]:
        return [*self.till_line.heard, *self.pos_line.heard]

    def shut(self) -> None:
        self.till_line.shut()
        self.pos_line.shut()

    def reopen(self) -> None:
        self.till_line.reopen()
        self.pos_line.reopen()

    def is_serving(self) -> bool:
        with suppress(httpx.TransportError, RefusedError):
            return bool(self.counter.ask("GET", "/status", within_s=5)["interface"]["is_up"])
        return False

    def open_questions(self, shop: Shop) -> list[str]:
        """Return what is under way or unknown at this counter."""
        found = self.counter.ask("GET", f"/days/{shop.today}")["unfinished"]
        return [*found["unknown"], *found["undertakings"], *found["pos_unknown"]]


@dataclass
class Ground:
    """All of it."""

    shop: Shop
    posts: tuple[Post, Post]
    without: str = ""
    """Why nobody dies within a COMMIT here; empty if somebody can."""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _dying: threading.Lock = field(default_factory=threading.Lock)

    @property
    def cash(self) -> Decimal:
        """What lies in both drawers."""
        return sum((Decimal(one.counter.ask("GET", "/drawer")["expected"]) for one in self.posts), Decimal(0))

    def new_packs(self, count: int) -> tuple[str, ...]:
        return tuple(f"8600081{next(self.numbers):013d}" for _ in range(count))

    def kill(self, *names: str) -> None:
        """Kill processes without warning."""
        with self._dying:
            for name in names:
                self.shop.stage.actors[name].kill()

    def start(self, *names: str) -> None:
        """Start what was killed, all at once."""
        with self._dying:
            starts = [threading.Thread(target=self.shop.stage.actors[name].start) for name in names]
            for one in starts:
                one.start()
            for one in starts:
                one.join()

    def mend(self) -> None:
        """Put everything up again after something went wrong, whatever it was."""
        for post in self.posts:
            if post.commits is not None:
                post.commits.let_live()
            for gate in (post.till_line, post.pos_line):
                gate.listen()
            post.reopen()
        names = (CENTRE, *(post.name for post in self.posts))
        self.kill(*names)
        self.start(*names)
        for post in self.posts:
            self.sign_in(post)
            with suppress(RefusedError):
                post.counter.ask("POST", "/sale/cancel", {})

    def sign_in(self, post: Post) -> None:
        post.counter.until(lambda: post.counter.sign_in(LOGIN[post.name]) is None)

    def until_settled(self, posts: list[Post], within_s: float = RECOVERED_S) -> float:
        """Wait until nothing is under way or unknown at counters; return how long that took.

        Raises:
            AssertionError: It took too long; what is open is named.
        """
        began_s = time.monotonic()
        while True:
            found = ["no answer"]
            with suppress(httpx.TransportError, RefusedError):
                found = [one for post in posts for one in post.open_questions(self.shop)]
                if not found and all(post.is_serving() for post in posts):
                    return time.monotonic() - began_s
            assert time.monotonic() - began_s < within_s, f"after {within_s:.0f} s still open: {found}"
            time.sleep(0.2)

    def until_told(self) -> None:
        """Wait until the ledger and the centre have been told of everything."""
        for post in self.posts:
            post.counter.until(lambda one=post: not self._untold(one), RECOVERED_S)

    def _untold(self, post: Post) -> int:
        found = post.counter.ask("GET", f"/days/{self.shop.today}")["unfinished"]
        return int(found["ledger_due"]) + int(found["unsent"])


@contextmanager
def opened_ground(seeded: Seeded, folder: Path) -> Iterator[Ground]:
    """Open the pharmacy; everybody is signed in, and nothing has been sold."""
    gates: dict[str, tuple[Gate, Gate]] = {}
    switches: dict[str, Commits] = {}
    without = ""
    try:
        # Kept between runs: it is compiled once.
        library: Path | None = commits.build(Path(tempfile.gettempdir()) / "yima-kills")
    except ShimError as why:
        library, without = None, str(why)

    def ways(name: str, broker_port: int, port: int) -> tuple[int, int]:
        asked: dict[bytes, Message] = {}
        gates[name] = (Gate(broker_port, lambda: MqttCutter(asked)), Gate(port, HttpCutter))
        return gates[name][0].port, gates[name][1].port

    def around(name: str) -> Mapping[str, str]:
        if library is None:
            return {}
        switches[name] = Commits(folder / f"{name}.commits")
        return switches[name].environment(library)

    try:
        with opened_shop(seeded.copy(folder / "centre"), folder, ways=ways, around=around) as shop:
            posts = [Post(one, *gates[one.name], switches.get(one.name), _pos(one, shop)) for one in shop.counters]
            ground = Ground(shop, (posts[0], posts[1]), without)
            for post in posts:
                ground.sign_in(post)
                post.counter.ask("POST", "/batches", {"text": LOTS})
                post.pos.sign_in()
                post.pos.person()
            yield ground
    finally:
        for both in gates.values():
            for gate in both:
                gate.close()


def _pos(counter: Counter, shop: Shop) -> Till:
    line = HttpLine(counter.pos_port, shop.seeded.token)
    # A message's number has room for three digits beside its second.
    return Till(line, CUSTOMS[shop.area], series=4 + counter.desk, numbers=itertools.cycle(range(1, 1000)))
