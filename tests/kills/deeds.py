"""What is done at a counter when a process dies: each is done again by whoever stands there, until it is done once."""

from __future__ import annotations

import http.client
import time
from collections import Counter as Tally
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from edge.till.messages import short_number
from tests.blackbox.shop import BY_VOUCHER, Json, RefusedError
from tests.blackbox.till import BEIJING, GOODS, accepted, done
from tests.kills.books import Books, undertakings_of
from tests.kills.ground import PRICE, RECOVERED_S, Ground, Post

THREE, TWO, NONE = 3 * PRICE, 2 * PRICE, Decimal(0)


@dataclass
class Deed:
    """One sale, and what is done with it at one counter."""

    ground: Ground
    post: Post
    packs: tuple[str, ...] = ()
    sale: str = ""
    number: str = ""
    """Under which the centre knows it."""

    name: ClassVar[str]
    fee: ClassVar[Decimal]
    """What stands at the centre in the end."""
    states: ClassVar[Mapping[str, int]]
    """Of its settlements at the centre in the end."""
    is_undertaking: ClassVar[bool] = False
    counts_cash: ClassVar[bool] = True
    """Its money goes through the drawer of the terminal."""
    comes_back: ClassVar[tuple[int, ...]] = ()
    """Which packs."""
    paid_before: ClassVar[Decimal | None] = None
    """In cash, before the insurance was asked; None: what it was settled for."""

    def lay(self) -> None:
        """Do what comes before, long before."""
        self.packs = self.ground.new_packs(3)

    def prepare(self) -> None:
        """Do what comes before, at once before."""

    def do(self) -> None:
        """Do it once. Whoever does it may never hear what came of it."""
        raise NotImplementedError

    def again(self) -> None:
        """Do what has not been done: whoever stands there looks, and does it again if he has to."""
        raise NotImplementedError

    def books(self) -> Books:
        """Return what the stores say."""
        return Books.read(self.ground, self.post, self.sale, self.number, self.packs)

    def is_done(self) -> bool:
        return "done" in [outcome for _, outcome in undertakings_of(self.post, self.sale)]

    def _settled_before(self, post: Post) -> None:
        settled = post.counter.insured("voucher", *self.packs)
        self._known_as(settled["sale"])

    def _known_as(self, sale: str) -> None:
        self.sale, self.number = sale, short_number(sale)


@dataclass
class Settle(Deed):
    """A list is settled at the till."""

    name = "settle"
    fee = THREE
    states = {"active": 1}  # noqa: RUF012 - a constant

    def prepare(self) -> None:
        counter = self.post.counter
        counter.scan(*self.packs)
        self._known_as(counter.sale)
        self._try()

    def do(self) -> None:
        self.post.counter.ask("POST", "/ticket/settle", {"sale": self.sale}, within_s=30)

    def again(self) -> None:
        counter = self.post.counter
        ticket = counter.ticket(self.sale)
        if ticket["standing"] == "settled":
            return
        if ticket["place"] == "held":
            counter.ask("POST", f"/tickets/{self.sale}/take-up", {})
        self._try()
        self.do()

    def _try(self) -> None:
        counter = self.post.counter
        counter.identify("voucher")
        tried = counter.trial()
        assert tried["lacks"] == [], tried


@dataclass
class _Undertaking(Deed):
    is_undertaking = True

    def again(self) -> None:
        if not self.is_done():
            self.do()

    def lay(self) -> None:
        super().lay()
        self._settled_before(self.post)


@dataclass
class Cancel(_Undertaking):
    """A sale of today is cancelled, its packs have not left."""

    name = "cancel"
    fee = NONE
    states = {"cancelled": 1, "cancelling": 1}  # noqa: RUF012 - a constant

    def do(self) -> None:
        self.post.counter.ask("POST", f"/sales/{self.sale}/cancel", {"reason": "选错人"})


@dataclass
class Return(_Undertaking):
    """One of three packs comes back to where it was sold."""

    name = "return"
    fee = TWO
    states = {"cancelled": 1, "cancelling": 1, "active": 1}  # noqa: RUF012 - a constant
    comes_back = (1,)

    def do(self) -> None:
        back = {"codes": [self.packs[one] for one in self.comes_back], "reason": "不需要"}
        self.post.counter.ask("POST", f"/sales/{self.sale}/return", back)


@dataclass
class ReturnElsewhere(Return):
    """One of three packs comes back at another terminal of the pharmacy."""

    name = "return elsewhere"

    def lay(self) -> None:
        self.packs = self.ground.new_packs(3)
        self._settled_before(next(one for one in self.ground.posts if one is not self.post))

    def do(self) -> None:
        found = self.post.counter.ask("POST", "/sales/find", {"code": self.packs[self.comes_back[0]]})
        assert found["sale"] == self.sale, found
        super().do()


@dataclass
class Insure(_Undertaking):
    """A sale that was paid in cash is turned insured (补刷)."""

    name = "insure"
    fee = THREE
    states = {"active": 1}  # noqa: RUF012 - a constant
    paid_before = THREE

    def lay(self) -> None:
        self.packs = self.ground.new_packs(3)
        counter = self.post.counter
        counter.scan(*self.packs)
        self._known_as(counter.ask("POST", "/sale/close", {"paid_by": "self_pay"})["sale"])

    def do(self) -> None:
        counter = self.post.counter
        counter.voucher.hold_code(BY_VOUCHER)
        try:
            counter.ask("POST", f"/sales/{self.sale}/turn-insured", {"by": "voucher"})
        finally:
            counter.voucher.walk_away()


@dataclass
class _ByPos(Deed):
    counts_cash = False
    to_say: list[tuple[Json, Json]] = field(default_factory=list)
    """Messages, each said until it is agreed to, before the next one is."""

    def do(self) -> None:
        while self.to_say:
            self._hear(done(self.post.pos.post(*self.to_say[0])))
            del self.to_say[0]

    def again(self) -> None:
        """Say the very same again, as the page tells a POS to, until it is answered."""
        until_answered(self.do)

    def _hear(self, output: Json) -> None:
        """Go on by what was answered."""

    def lay(self) -> None:
        super().lay()
        self.sale = self.number = f"K{self.packs[0][-6:]}-{self.post.pos.series}"

    def _ring_up(self) -> None:
        verdicts = Tally(one["verdict"] for one in self.post.counter.scan(*self.packs))
        assert verdicts == {"added": len(self.packs)}, verdicts
        pos = self.post.pos
        begun = datetime.now(BEIJING) - timedelta(minutes=1)
        goods = (GOODS[0][0], str(len(self.packs)), str(PRICE))
        cart = pos.sale(goods, number=self.number.removesuffix(f"-{pos.series}"), at=begun)
        self.to_say.append((pos.frame("2102"), cart))


@dataclass
class PosSettle(_ByPos):
    """A POS settles through the proxy, and uploads."""

    name = "settle by POS"
    fee = THREE
    states = {"active": 1}  # noqa: RUF012 - a constant

    def prepare(self) -> None:
        self._ring_up()

    def _hear(self, output: Json) -> None:
        if "setlinfo" not in output:
            assert accepted(output), output
            return
        pos, setl_id = self.post.pos, output["setlinfo"]["setl_id"]
        given = pos.sold(setl_id, self.packs[0], sel_retn_cnt=str(len(self.packs)), rtal_docno=self.number)
        del given["selinfo"]["drugtracinfo"]
        self.to_say.append((pos.frame("3505"), given))


@dataclass
class PosCancel(_ByPos):
    """A POS cancels at once what it settled through the proxy."""

    name = "cancel by POS"
    fee = NONE
    states = {"cancelled": 1, "cancelling": 1}  # noqa: RUF012 - a constant

    def lay(self) -> None:
        super().lay()
        self._ring_up()
        pos = self.post.pos
        paid = done(pos.post(*self.to_say.pop()))["setlinfo"]
        self.to_say.append((pos.frame("2103"), {"data": pos.called(paid)}))


DEEDS: tuple[type[Deed], ...] = (Settle, Cancel, Return, ReturnElsewhere, Insure, PosSettle, PosCancel)


def until_answered(say: Callable[[], None]) -> None:
    """Say something until it is agreed to."""
    deadline = time.monotonic() + RECOVERED_S
    while True:
        try:
            say()
        except (AssertionError, OSError, http.client.HTTPException, RefusedError) as exc:
            # What the terminal answers while it does not know has no number of the centre's, and the POS says so.
            if time.monotonic() > deadline:
                raise AssertionError(f"not answered: {exc}") from exc
            time.sleep(0.5)
        else:
            return
