"""The checker of chaos itself: whatever is planted, it finds, and nothing else (T-72)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from sim.chaos.checker import Held, Verdict, judge
from sim.chaos.load import Answered, Closed, Journal
from sim.checker import Answer, CentreClaims, Claim, Sale
from sim.packs import Pack

TERMINAL, EPOCH, SHOP = "chaos-1", "e1", "P1"
CODES = ("A", "B", "C")
SALE = Sale(SHOP, "s1")


@dataclass
class World:
    """Three packs scanned and sold in one sale, and everything agrees."""

    journal: Journal = field(default_factory=lambda: Journal(TERMINAL))
    held: list[Held] = field(default_factory=list)
    ledger: dict[str, Claim] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, code in enumerate(CODES, start=1):
            self.journal.asked[code] = Pack(code, code.encode(), "]C0", "D1")
            self.journal.answered.append(Answered(TERMINAL, number, code, True, 0.0))
            self.held.append(Held(f"id-{number}", TERMINAL, EPOCH, number, "scanned", code))
            self.ledger[code] = Claim("sold", (SALE,), frozenset({"D1"}))
        self.journal.closed.append(Closed(TERMINAL, SHOP, "s1", (("id-4", CODES),)))
        self.held.append(Held("id-4", TERMINAL, EPOCH, 4, "dispensed", None))

    def judged(self, *, answers: dict[str, Answer] | None = None, controls: str = "unseen") -> Verdict:
        said = {code: Answer(claim, "D1") for code, claim in self.ledger.items()}
        claims = CentreClaims(self.ledger, {**said, **(answers or {})}, {"Z": controls}, ())
        return judge([self.journal], self.held, claims, CODES)


@pytest.fixture
def world() -> World:
    return World()


def kinds(verdict: Verdict) -> set[str]:
    return set(verdict.findings.by_kind)


@pytest.mark.req("T-72")
def test_nothing_wrong_is_nothing_found(world: World) -> None:
    verdict = world.judged()
    assert verdict.findings.is_clean
    assert (verdict.acknowledged, verdict.at_centre, verdict.declared_lost) == (4, 4, 0)


@pytest.mark.req("T-72")
@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_a_lost_record_is_found_wherever_it_was(world: World, place: int) -> None:
    del world.held[place]
    verdict = world.judged()
    assert kinds(verdict) == {"lost"}
    assert verdict.at_centre == 3


@pytest.mark.req("T-72")
def test_a_gap_is_found_even_where_nothing_was_acknowledged(world: World) -> None:
    world.held.append(Held("id-6", TERMINAL, EPOCH, 6, "shift_closed", None))
    assert world.judged().findings.lost == ["chaos-1/e1: number 5 is missing"]


@pytest.mark.req("T-72")
@pytest.mark.parametrize(("is_listed", "lost"), [(False, 0), (True, 1)])
def test_a_torn_code_is_recorded_without_it_and_a_pack_on_the_list_never(
    world: World, is_listed: bool, lost: int
) -> None:
    world.journal.answered.append(Answered(TERMINAL, 5, "416608732690894", is_listed, 0.0))
    world.held.append(Held("id-5", TERMINAL, EPOCH, 5, "scanned", None))
    found = world.judged().findings
    assert sum("416608732690894, number 5" in one for one in found.lost) == lost
    del world.held[-1]
    assert any("416608732690894, number 5" in one for one in world.judged().findings.lost)


@pytest.mark.req("T-72")
@pytest.mark.parametrize("place", [1, 2])
def test_a_whole_code_that_was_recorded_without_itself_is_lost(world: World, place: int) -> None:
    world.journal.answered.append(Answered(TERMINAL, 5, CODES[place], False, 0.0))
    world.held.append(Held("id-5", TERMINAL, EPOCH, 5, "scanned", None))
    assert kinds(world.judged()) == {"lost"}


@pytest.mark.req("T-72")
def test_one_record_without_a_code_does_not_excuse_the_same_number_in_two_lives(world: World) -> None:
    world.journal.answered += [
        Answered(TERMINAL, 5, "4166087326908", False, 0.0),
        Answered(TERMINAL, 5, "41", False, 1),
    ]
    world.held.append(Held("id-5", TERMINAL, EPOCH, 5, "scanned", None))
    assert len(world.judged().findings.lost) == 1


@pytest.mark.req("T-72")
def test_another_record_under_the_acknowledged_number_is_a_loss(world: World) -> None:
    world.held[1] = replace(world.held[1], code="X")
    assert "lost" in kinds(world.judged())


@pytest.mark.req("T-72")
def test_a_doubled_event_is_found(world: World) -> None:
    world.held.append(world.held[0])
    assert "duplicated" in kinds(world.judged())


@pytest.mark.req("T-72")
def test_one_request_that_made_two_records_is_found(world: World) -> None:
    world.held.append(Held("id-5", TERMINAL, EPOCH, 5, "scanned", "A"))
    assert world.judged().findings.duplicated == ["chaos-1: A was scanned 2 times, not 1"]


def test_a_trigger_that_was_pulled_twice_may_make_two_records(world: World) -> None:
    world.journal.pulls["A"] = 2
    world.held.append(Held("id-5", TERMINAL, EPOCH, 5, "scanned", "A"))
    assert world.judged().findings.is_clean


def test_an_answer_that_was_given_twice_counts_once(world: World) -> None:
    world.journal.answered.append(world.journal.answered[0])
    assert world.judged().acknowledged == 4


@pytest.mark.req("T-72")
def test_a_pack_that_was_sold_twice_is_found(world: World) -> None:
    world.journal.closed.append(Closed(TERMINAL, SHOP, "s2", (("id-4", ("A",)),)))
    assert "duplicated" in kinds(world.judged())


@pytest.mark.req("T-72")
def test_a_sale_that_counts_twice_in_the_ledger_is_found(world: World) -> None:
    world.ledger["A"] = replace(world.ledger["A"], sales=(SALE, SALE))
    assert kinds(world.judged()) == {"duplicated"}


@pytest.mark.req("T-72")
def test_a_pack_that_was_acknowledged_and_left_out_of_every_sale_is_found(world: World) -> None:
    world.journal.closed = [Closed(TERMINAL, SHOP, "s1", (("id-4", ("A", "B")),))]
    world.ledger["C"] = replace(world.ledger["C"], state="reserved", sales=())
    assert world.judged().findings.lost == ["chaos-1: C was put on a list and is in no sale"]


@pytest.mark.req("T-72")
def test_a_wrong_state_is_found(world: World) -> None:
    world.ledger["B"] = replace(world.ledger["B"], state="reserved")
    assert kinds(world.judged()) == {"wrong_states"}


@pytest.mark.req("T-72")
def test_a_false_answer_is_found(world: World) -> None:
    assert kinds(world.judged(answers={"A": Answer(world.ledger["A"], "D9")})) == {"false_answers"}
    assert kinds(world.judged(controls="sold")) == {"false_answers"}


@pytest.mark.req("T-72")
def test_a_code_that_nobody_sent_is_a_false_answer(world: World) -> None:
    world.ledger["Y"] = Claim("reserved", (), frozenset())
    assert "false_answers" in kinds(world.judged())


def test_a_loss_that_the_terminal_declares_is_counted_apart(world: World) -> None:
    del world.held[1]
    world.held.append(Held("id-9", TERMINAL, "e2", 1, "store_rebuilt", None, ((EPOCH, 2, 2),)))
    verdict = world.judged()
    assert verdict.findings.is_clean
    assert (verdict.acknowledged, verdict.at_centre, verdict.declared_lost) == (4, 3, 1)


@pytest.mark.req("T-72")
def test_a_declared_loss_of_what_is_there_is_a_false_answer(world: World) -> None:
    world.held.append(Held("id-9", TERMINAL, "e2", 1, "store_rebuilt", None, ((EPOCH, 2, 2),)))
    assert kinds(world.judged()) == {"false_answers"}


@pytest.mark.req("T-72")
def test_a_declared_loss_excuses_no_other_number(world: World) -> None:
    del world.held[0:2]
    world.held.append(Held("id-9", TERMINAL, "e2", 1, "store_rebuilt", None, ((EPOCH, 2, 2),)))
    verdict = world.judged()
    assert kinds(verdict) == {"lost"}
    assert verdict.declared_lost == 1
