"""Two terminals of a pharmacy, and a POS, at one centre: whoever comes second pays nothing back a second time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from codes.errors import YimaError
from edge.counter.counter import UNNAMED
from edge.counter.errors import PackNotSoldError, PackReturnedBeforeError, SettlingError
from edge.store.day_records import records_between
from edge.store.drawer import cash_between
from edge.store.quarantine import find_quarantined
from edge.store.settlements import SettlementRow
from edge.store.undertakings import Undertaking
from edge.till.after_errors import NotSettledError
from edge.till.finding import GoToOriginError
from edge.till.insuring import Insured, InsuredBeforeError
from edge.till.plans import Choice, Step
from edge.till.retelling import NotLostError
from edge.till.there import CancelledElsewhereError, UnknownThereError
from rules.settling import Standing
from server.store.standings import Standing as Allowed
from tests.edge.till.aisle import WANG, A, Aisle, B, C, D, new_centre, opened, person
from tests.server.conftest import NewStore
from tests.server.fsi.counter import LI
from tests.server.fsi.office import NOON
from tests.server.fsi.shop import Shop as Centre

_A_MONTH = NOON.replace(month=1), NOON.replace(year=NOON.year + 1)


class Interruption:
    """Lets something happen between two messages of a terminal."""

    def __init__(self) -> None:
        self.infno, self.left, self.deed = "", 0, lambda: None

    def at(self, infno: str, deed: object, *, after: int = 0) -> None:
        """Let it happen before the next message of a transaction leaves, or after so many of them."""
        self.infno, self.left, self.deed = infno, after, deed  # type: ignore[assignment]

    def __call__(self, step: str) -> None:
        if step != f"before sending {self.infno}":
            return
        is_now, self.left = self.left == 0, self.left - 1
        if is_now:
            self.infno = ""
            self.deed()


@dataclass
class Two:
    """The terminal that sells, the other one, and what each of them gave back."""

    home: Aisle
    other: Aisle
    breaks: dict[str, Interruption]

    def __getitem__(self, name: str) -> Aisle:
        return self.home if name == "home" else self.other

    def sold(self, *codes: str) -> str:
        sale = self.home.settle(*codes)
        self.home.upload()
        return sale

    def upload(self) -> None:
        for one in (self.home, self.other, self.home):
            one.upload()

    def take_back(self, name: str, sale: str, code: str) -> Undertaking | None:
        """Take a pack back as a person would: found first, then taken; None if it is refused before anything began."""
        aisle = self[name]
        try:
            if name == "other":
                assert aisle.finding.find(code, "wang", None) == sale
            return aisle.take_back(sale, code)
        except YimaError:
            return None

    def given_back(self, *done: Undertaking | None) -> Decimal:
        """Yuan, in cash and in the account, that the terminals believe to have given back."""
        sums = Decimal("0.00")
        for aisle in (self.home, self.other):
            for one in done:
                if one is not None and aisle.look(lambda tx, one=one: _is_of(tx, one.id)):
                    plan = aisle.plan(aisle.undertaking(one.id))
                    sums += Decimal(0) if plan.after is None else plan.before.fee - plan.after.fee
        return sums

    def books_add_up(self) -> None:
        """What both terminals have in their books is what the centre has, record by record."""
        ours = [
            (one.setl_id, one.sums.fee)
            for aisle in (self.home, self.other)
            for one in aisle.look(lambda tx: records_between(tx, *_A_MONTH))
        ]
        assert sorted(ours) == sorted(self.centre_books())

    def centre_books(self) -> list[tuple[str, Decimal]]:
        with self.home.centre.office.store.reading() as tx:
            found = tx.exec_driver_sql(
                "SELECT coalesce(cancels, setl_id), medfee_sumamt_fen FROM settlement WHERE state <> 'reversed'"
            ).all()
        return [(setl_id, Decimal(fen) / 100) for setl_id, fen in found]


def _is_of(tx: object, number: str) -> bool:
    found = tx.exec_driver_sql("SELECT 1 FROM undertaking WHERE id = ?", (number,)).first()  # type: ignore[attr-defined]
    return found is not None


@pytest.fixture
def centre(standing_store: NewStore) -> Centre:
    return new_centre(standing_store("sqlite"))


def as_of_another_platform(infno: str, answer: bytes) -> bytes:
    """Tell no more than any platform does: that something was found and not made stands in none of our words."""
    del infno
    return re.sub(rb'"warn_msg":"[^"]*"', b'"warn_msg":""', answer)


@pytest.fixture(params=["ours", "another"])
def two(request: pytest.FixtureRequest, centre: Centre, tmp_path: Path) -> Iterator[Two]:
    """At a centre of ours, and at one that says nothing beyond the interface."""
    breaks = {"home": Interruption(), "other": Interruption()}
    with ExitStack() as closing:
        home = closing.enter_context(opened(centre, tmp_path / "home", breaks["home"]))
        other = closing.enter_context(opened(centre, tmp_path / "other", breaks["other"], desk=4))
        if request.param == "another":
            home.way.alters = other.way.alters = as_of_another_platform
        yield Two(home, other, breaks)


def by_pos(two: Two, sale: str) -> None:
    """Have the settlement of a sale cancelled by the pharmacy's own software, which tells no terminal."""
    row = two.home.settlements(sale)[-1]
    assert row.paid is not None
    said = {"setl_id": row.paid.setl_id, "mdtrt_id": row.paid.mdtrt_id, "psn_no": LI}
    assert two.home.centre.counter.cancel(said)["infcode"] == 0


def test_a_sale_is_cancelled_where_it_was_made(two: Two) -> None:
    """Whether its packs have left the counter is known there; what has left comes back as a return, anywhere."""
    sale = two.sold(A, B)
    assert two.other.finding.find(A, "wang", None) == sale
    with pytest.raises(GoToOriginError, match="come back here as a return"):
        two.other.undoing.cancel(sale, "患者放弃", WANG)
    two.home.undoing.cancel(sale, "患者放弃", WANG)


class TestTheSamePackTwice:
    def test_what_came_back_elsewhere_is_not_paid_back_at_home(self, two: Two) -> None:
        sale = two.sold(A, B, C)
        done = two.take_back("other", sale, B)
        assert done is not None
        assert done.outcome == "done"
        two.upload()
        with pytest.raises(PackReturnedBeforeError):
            two.home.take_back(sale, B)
        assert two.home.packs(sale) == {A: "sold", B: "returned", C: "sold"}
        assert two.given_back(done) == Decimal("300.00")
        two.books_add_up()

    def test_what_came_back_at_home_is_not_paid_back_elsewhere(self, two: Two) -> None:
        sale = two.sold(A, B, C)
        assert two.other.finding.find(B, "wang", None) == sale
        assert two.home.take_back(sale, B).outcome == "done"
        two.upload()
        with pytest.raises(PackNotSoldError):
            two.other.take_back(sale, B)
        assert two.take_back("other", sale, B) is None
        two.books_add_up()

    @pytest.mark.parametrize("is_told", [True, False], ids=["told", "not told yet"])
    def test_another_pack_comes_back_at_home_afterwards(self, two: Two, is_told: bool) -> None:
        sale = two.sold(A, B, C, D)
        assert two.other.finding.find(B, "wang", None) == sale
        assert two.other.take_back(sale, B).outcome == "done"
        if not is_told:
            with pytest.raises(CancelledElsewhereError):
                two.home.take_back(sale, C)
            two.books_add_up()
        two.upload()
        assert two.home.take_back(sale, C).outcome == "done"
        two.upload()
        assert [fee for _, fee in two.home.at_the_centre()] == [Decimal("341.30")]
        assert two.home.packs(sale) == {A: "sold", B: "returned", C: "returned", D: "sold"}
        assert two.home.states(A, B, C, D) == ["sold", "returned", "returned", "sold"]
        assert two.take_back("other", sale, A) is not None
        two.upload()
        assert [fee for _, fee in two.home.at_the_centre()] == [Decimal("41.30")]
        assert two.home.take_back(sale, D).outcome == "done"
        assert two.home.at_the_centre() == []
        two.books_add_up()


def test_a_cancellation_that_names_whose_settlement_it_was_is_nobody_elses(two: Two) -> None:
    """Some platforms put the message of the 2102, and not of the 2103, into the answer of the latter."""

    def names(made_by: str) -> Callable[[str, bytes], bytes]:
        told = f'"medins_setl_id":"{made_by}"'.encode()
        return lambda infno, answer: re.sub(rb'"medins_setl_id":"[^"]*"', told, answer) if infno == "2103" else answer

    sale = two.sold(A, B, C)
    (first,) = two.home.standing(sale)
    two.other.way.alters = names(first.ask_msgid or "")
    done = two.take_back("other", sale, A)
    assert done is not None
    assert done.outcome == "done"
    two.upload()
    (second,) = two.other.standing(sale)
    two.home.way.alters = names(second.ask_msgid or "")
    assert two.home.take_back(sale, B).outcome == "done"
    (third,) = two.home.standing(sale)
    two.home.way.alters = names(third.ask_msgid or "")
    assert two.home.take_back(sale, C).outcome == "done"
    assert two.home.at_the_centre() == []
    two.books_add_up()


@pytest.mark.parametrize("message", ["3513", "5203", "2101", "2103", "2102", "after"])
@pytest.mark.parametrize(
    ("two", "slow", "quick", "is_same"),
    [
        ("ours", "home", "other", False),
        ("another", "other", "home", False),
        ("another", "home", "other", True),
        ("ours", "other", "home", True),
    ],
    indirect=["two"],
)
def test_two_returns_at_once_end_with_books_and_cash_right(
    two: Two, slow: str, quick: str, message: str, is_same: bool
) -> None:
    sale = two.sold(A, B, C)
    assert two.other.finding.find(A, "wang", None) == sale
    between: list[Undertaking | None] = []
    pack = A if is_same else B
    two.breaks[slow].at(message, lambda: between.append(two.take_back(quick, sale, pack)))
    first = two.take_back(slow, sale, A)
    if not between:
        between.append(two.take_back(quick, sale, pack))
    two.upload()
    both = [first, *between]
    out = {A: "300", B: "300", C: "300"}
    ended = [one for one in both if one is not None and one.outcome == "done"]
    assert 1 <= len(ended) <= 2
    assert all(one is None or one.outcome in {"done", "overtaken"} for one in both)
    back = {code for aisle in (two.home, two.other) for one in ended for code in _codes(aisle, one)}
    stays = sum((Decimal(price) for code, price in out.items() if code not in back), Decimal(0))
    assert [fee for _, fee in two.home.at_the_centre()] == [stays]
    assert two.given_back(*both) == 900 - stays
    two.books_add_up()
    if not is_same:
        # What stopped is taken back now, at either of them.
        for code in {A, B} - back:
            again = two.take_back(slow, sale, code)
            assert again is not None
            assert again.outcome == "done"
        two.upload()
        assert [fee for _, fee in two.home.at_the_centre()] == [Decimal(300)]
        assert two.home.states(A, B, C) == ["returned", "returned", "sold"]
    two.books_add_up()


def _codes(aisle: Aisle, one: Undertaking) -> tuple[str, ...]:
    return aisle.plan(one).codes if aisle.look(lambda tx: _is_of(tx, one.id)) else ()


class TestCancelledByThePos:
    def test_nothing_is_paid_back_a_second_time(self, two: Two) -> None:
        sale = two.sold(A, B)
        by_pos(two, sale)
        with pytest.raises(CancelledElsewhereError):
            two.home.take_back(sale, A)
        (row,) = two.home.settlements(sale)
        assert (row.standing, row.is_overtaken) == (Standing.UNDONE, True)
        assert two.home.at_the_centre() == []
        with pytest.raises(CancelledElsewhereError):
            two.home.take_back(sale, A, B)
        with pytest.raises(SettlingError):
            two.home.shop.counter.return_packs(UNNAMED, sale, [A], "不合适")
        with pytest.raises(CancelledElsewhereError):
            two.home.undoing.cancel(sale, "患者放弃", WANG)
        with pytest.raises(InsuredBeforeError):
            two.home.insuring.turn_insured(sale, Insured(person()), WANG)

    @pytest.mark.parametrize("message", ["2101", "2103"])
    def test_meanwhile_it_ends_with_nothing_done(self, two: Two, message: str) -> None:
        sale = two.sold(A, B)
        two.breaks["home"].at(message, lambda: by_pos(two, sale))
        one = two.home.take_back(sale, A)
        assert one.outcome == "overtaken"
        plan = two.home.plan(one)
        assert plan.after == plan.before
        assert "POS" in (one.told or "")
        assert two.home.packs(sale) == {A: "sold", B: "sold"}
        assert not two.home.look(lambda tx: find_quarantined(tx, A))
        assert two.home.at_the_centre() == []

    def test_what_stays_is_settled_elsewhere_meanwhile(self, two: Two) -> None:
        """Between the 2103 and the 2102 somebody else settles a sale of this number."""
        sale = two.sold(A, B)
        cash = two.home.standing(sale)[0].paid

        def settle() -> None:
            counter = two.home.centre.counter
            told = counter.sale(counter.line(price="300.00"))
            told["druginfo"]["expContent"] = f'{{"stoout_no": "{sale}"}}'
            told["druginfo"]["acct_used_flag"] = "1"
            told["drugdetail"][0]["medins_list_codg"] = "D0001"
            counter.settle(told)

        two.breaks["home"].at("2102", settle)
        one = two.home.take_back(sale, A)
        assert (one.step, one.ended_at) == (Step.CHOICE, None), one
        assert two.home.plan(one).stranger
        assert two.home.standing(sale) == []
        two.home.undoing.choose(one.id, Choice.ELSEWHERE)
        ended = two.home.undertaking(one.id)
        assert ended.outcome == "elsewhere"
        plan = two.home.plan(ended)
        assert plan.after is not None
        assert cash is not None
        assert plan.before.cash - plan.after.cash == cash.cash
        assert two.home.packs(sale) == {A: "returned", B: "sold"}


class TestTurnedInsured:
    def test_what_somebody_else_has_settled_is_not_settled_again(self, two: Two) -> None:
        """A POS has told the same packs as its own insured sale."""
        sale = two.home.sell(A)
        centre = two.home.centre
        info = centre.settle(price="300.00")
        paid = {"setl_id": info["setl_id"], "psn_no": LI, "mdtrt_setl_type": "1", "psn_cert_type": "01"}
        assert centre.sell(A, **paid, stoout_no="POS-1", rtal_docno="POS-1", hi_feesetl_type="1")[0] == "1"
        with pytest.raises(InsuredBeforeError):
            two.home.insuring.turn_insured(sale, Insured(person()), WANG)
        assert two.home.settlements(sale) == ()

    def test_what_somebody_else_has_settled_and_cancelled_is_settled(self, two: Two) -> None:
        """A POS has told packs as its own, and cancelled that without telling the ledger."""
        sale = two.home.sell(A)
        centre = two.home.centre
        info = centre.settle(price="300.00")
        paid = {"setl_id": info["setl_id"], "psn_no": LI, "mdtrt_setl_type": "1", "psn_cert_type": "01"}
        assert centre.sell(A, **paid, stoout_no="POS-1", rtal_docno="POS-1", hi_feesetl_type="1")[0] == "1"
        said = {"setl_id": info["setl_id"], "mdtrt_id": info["mdtrt_id"], "psn_no": LI}
        assert centre.counter.cancel(said)["infcode"] == 0
        assert two.home.undertaking(two.home.insuring.turn_insured(sale, Insured(person()), WANG)).outcome == "done"

    def test_a_settlement_of_another_message_moves_no_cash(self, two: Two) -> None:
        sale = two.home.sell(A)
        two.home.upload()

        def settle() -> None:
            counter = two.home.centre.counter
            told = counter.sale(counter.line(price="300.00"))
            told["druginfo"]["expContent"] = f'{{"stoout_no": "{sale}"}}'
            told["druginfo"]["acct_used_flag"] = "1"
            told["drugdetail"][0]["medins_list_codg"] = "D0001"
            counter.settle(told)

        two.breaks["home"].at("2102", settle)
        one = two.home.undertaking(two.home.insuring.turn_insured(sale, Insured(person()), WANG))
        assert one.outcome == "overtaken"
        plan = two.home.plan(one)
        assert plan.after == plan.before
        assert two.home.standing(sale) == []


def test_what_the_centre_has_lost_is_not_cancelled(two: Two) -> None:
    sale = two.sold(A, B)
    lose(two)
    with pytest.raises(UnknownThereError):
        two.home.take_back(sale, A)
    assert len(two.home.standing(sale)) == 1


def test_what_the_centre_has_lost_is_told_again_under_the_same_number(two: Two) -> None:
    sale = two.sold(A, B)
    before = two.home.standing(sale)[0]
    with pytest.raises(NotLostError):
        two.home.retelling.tell_again(sale, WANG)
    lose(two)
    one = two.home.undertaking(two.home.retelling.tell_again(sale, WANG))
    assert one.outcome == "done", one.told
    (row,) = two.home.standing(sale)
    assert row.paid is not None
    assert before.paid is not None
    assert row.paid.setl_id != before.paid.setl_id
    assert row.nth == before.nth
    assert (row.paid.setl_id, Decimal(600)) in two.home.at_the_centre()
    assert two.home.take_back(sale, A).outcome == "done"


def test_what_is_refused_when_told_again_stands_as_it_stood(two: Two) -> None:
    sale = two.sold(A)
    lose(two)
    two.home.centre.office.stand(Allowed.SUSPENDED)
    one = two.home.undertaking(two.home.retelling.tell_again(sale, WANG))
    assert one.outcome == "refused"
    assert len(two.home.standing(sale)) == 1


def test_a_cancellation_that_the_centre_has_lost_is_told_again_and_no_money_moves(two: Two) -> None:
    """It went back to a moment between the sale and the return of a pack of it."""
    sale = two.sold(A, B)
    before = two.home.standing(sale)[0]
    with pytest.raises(NotLostError):
        two.home.retelling.tell_again(sale, WANG)
    assert two.home.take_back(sale, A).outcome == "done"
    cash = in_drawer(two.home)
    rewind(two, before)
    with pytest.raises(UnknownThereError):
        two.home.take_back(sale, B)
    one = two.home.undertaking(two.home.retelling.tell_again(sale, WANG))
    assert one.outcome == "done", one.told
    (row,) = two.home.standing(sale)
    assert row.paid is not None
    assert two.home.at_the_centre() == [(row.paid.setl_id, Decimal(300))]
    assert in_drawer(two.home) == cash
    with pytest.raises(NotLostError):
        two.home.retelling.tell_again(sale, WANG)
    assert two.home.take_back(sale, B).outcome == "done"
    assert two.home.at_the_centre() == []
    cash = in_drawer(two.home)
    rewind(two, row)
    assert two.home.undertaking(two.home.retelling.tell_again(sale, WANG)).outcome == "done"
    assert two.home.at_the_centre() == []
    assert in_drawer(two.home) == cash


def in_drawer(aisle: Aisle) -> Decimal:
    aisle.wait(seconds=5)
    cash = aisle.look(lambda tx: cash_between(tx, *_A_MONTH))
    return cash.self_paid + cash.insured


def rewind(two: Two, row: SettlementRow) -> None:
    """Let the centre stand where a settlement of ours was the last that it knew."""
    assert row.paid is not None
    with two.home.centre.office.store.writing() as tx:
        tx.exec_driver_sql(
            "UPDATE settlement SET institution = 'H00000000000', sale_key = 'lost-' || setl_id, cancels = NULL,"
            " state = 'reversed' WHERE setl_id <> ? AND institution <> 'H00000000000'", (row.paid.setl_id,),
        )  # fmt: skip
        tx.exec_driver_sql("UPDATE settlement SET state = 'active' WHERE setl_id = ?", (row.paid.setl_id,))
        tx.exec_driver_sql("UPDATE visit SET state = 'settled' WHERE mdtrt_id = ?", (row.paid.mdtrt_id,))


def lose(two: Two) -> None:
    """Let the centre know nothing any more of what was settled."""
    with two.home.centre.office.store.writing() as tx:
        tx.exec_driver_sql("UPDATE settlement SET institution = 'H00000000000', sale_key = 'lost-' || setl_id")


def test_a_sale_that_was_never_settled_is_refused_as_such(two: Two) -> None:
    with pytest.raises(NotSettledError):
        two.home.take_back(two.home.sell(A), A)
