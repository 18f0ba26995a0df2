"""The tally must see each way in which a screen is wrong about what was scanned, and forgive one thing only."""

from __future__ import annotations

import pytest

from sim.plan import Way
from sim.tally import Outage, Pull, Tally

BOX = "83857930000879766660"
OTHER = "83857930000879766661"


class Counter:
    """A terminal's morning, told second by second."""

    def __init__(self) -> None:
        self.tally = Tally("t1")
        self.now = 100.0
        self.wanted = 0

    def wants(self) -> Counter:
        self.wanted += 1
        return self

    def pulls(self, code: str | None = BOX, way: Way = Way.SERIAL, verdict: str = "added") -> Counter:
        self.now += 1
        pull = Pull(self.wanted, way, code, verdict, code or "a stray", began_at=self.now)
        self.tally.note_pull(pull)
        pull.handed_at, pull.ended_at = self.now + 0.1, self.now + 0.9
        return self

    def sees(self, code: str = BOX, verdict: str = "added", way: Way | None = Way.SERIAL) -> Counter:
        self.tally.note_shown(way, code, verdict)
        return self

    def lists(self, *codes: str) -> Counter:
        self.tally.note_list(codes)
        return self

    def ends_list(self) -> Counter:
        self.tally.note_list_ended()
        return self

    def was_down(self, began_at: float, *, serial_back_at: float | None = None) -> Counter:
        back_at = {} if serial_back_at is None else {Way.SERIAL: serial_back_at}
        self.tally.outages.append(Outage(began_at, back_at))
        return self


def scanned() -> Counter:
    return Counter().wants().pulls().sees()


def test_what_was_pulled_and_shown_and_stays_on_the_list_is_clean() -> None:
    counter = scanned().wants().pulls(OTHER).sees(OTHER).lists(BOX, OTHER).ends_list()
    assert counter.tally.is_settled
    assert counter.tally.findings().is_clean


@pytest.mark.req("T-72")
@pytest.mark.parametrize(
    ("counter", "kind"),
    [
        pytest.param(scanned().was_down(102.0).lists(), "lost", id="shown, then gone after a kill"),
        pytest.param(scanned().lists(), "lost", id="shown, then gone without one"),
        pytest.param(Counter().wants().pulls(), "lost", id="delivered, never shown"),
        pytest.param(Counter().wants().pulls().pulls().sees(), "lost", id="delivered twice, shown once"),
        pytest.param(
            Counter().was_down(50.0, serial_back_at=100.5).wants().pulls().pulls().sees(),
            "lost",
            id="delivered after the kill window, shown only the second time",
        ),
        pytest.param(
            Counter().wants().pulls().pulls().sees().was_down(102.95, serial_back_at=110.0),
            "lost",
            id="given up before the kill, shown only the second time",
        ),
        pytest.param(
            Counter().was_down(100.5, serial_back_at=103.0).wants().pulls(), "lost", id="down, but never pulled again"
        ),
        pytest.param(
            Counter().was_down(100.5, serial_back_at=101.5).wants().pulls().wants().pulls().sees(),
            "lost",
            id="down, and the second pull was of another wish",
        ),
        pytest.param(scanned().sees(verdict="already_in_sale"), "duplicated", id="one pull, shown twice"),
        pytest.param(Counter().wants().pulls().sees(verdict="already_in_sale"), "false_answers", id="no repeat"),
        pytest.param(
            scanned().ends_list().wants().pulls().sees(verdict="already_in_sale"),
            "false_answers",
            id="a repeat, but of a list that has ended",
        ),
        pytest.param(scanned().wants().pulls().sees(), "false_answers", id="a repeat that was added again"),
        pytest.param(Counter().wants().pulls().sees(verdict="unmatched"), "false_answers", id="another verdict"),
        pytest.param(scanned().sees(OTHER), "false_answers", id="shown, but nobody scanned it"),
        pytest.param(scanned().sees(OTHER, way=None), "false_answers", id="shown from a device that is not there"),
        pytest.param(scanned().lists(BOX, OTHER), "false_answers", id="listed, but nobody scanned it"),
    ],
)
def test_each_planted_fault_is_found_and_named(counter: Counter, kind: str) -> None:
    assert set(counter.tally.findings().by_kind) == {kind}


@pytest.mark.req("T-72")
def test_a_scan_that_another_device_is_said_to_have_made_is_lost_and_false() -> None:
    counter = Counter().wants().pulls(way=Way.HID).sees(way=Way.SERIAL)
    assert set(counter.tally.findings().by_kind) == {"lost", "false_answers"}


def test_bytes_that_came_to_a_dead_or_starting_terminal_may_be_missing_once_the_box_is_scanned_again() -> None:
    for began_at, back_at in ((100.5, 101.5), (101.5, 102.0), (101.0, 101.95)):
        counter = Counter().was_down(began_at, serial_back_at=back_at).wants().pulls().pulls().sees().lists(BOX)
        assert counter.tally.findings().is_clean


def test_bytes_that_came_to_a_dying_terminal_may_have_been_recorded_all_the_same() -> None:
    counter = Counter().was_down(100.5, serial_back_at=101.5).wants().pulls().sees()
    counter.pulls().sees(verdict="already_in_sale").lists(BOX)
    assert counter.tally.findings().is_clean


def test_end_of_a_code_whose_beginning_a_dead_terminal_missed_may_be_refused_once() -> None:
    counter = Counter().was_down(100.5, serial_back_at=101.5).wants().pulls()
    assert counter.sees(BOX[-7:], "unreadable").pulls().sees().tally.findings().is_clean


@pytest.mark.parametrize(
    ("written", "shown"),
    [("350205199401011234", "0…"), ("0106901234567892\x1d21AB12", "9221AB12")],
    ids=["masked", "without the separator"],
)
def test_end_of_a_code_is_known_as_the_screen_names_it(written: str, shown: str) -> None:
    counter = Counter().was_down(100.5, serial_back_at=101.5).wants().pulls(written)
    assert counter.sees(shown, "unreadable").pulls(written).sees(written).tally.findings().is_clean


@pytest.mark.req("T-72")
@pytest.mark.parametrize(
    "counter",
    [
        pytest.param(Counter().wants().pulls().sees(BOX[-7:], "unreadable").sees(), id="without an outage"),
        pytest.param(
            Counter().was_down(50.0, serial_back_at=100.5).wants().pulls().sees(BOX[-7:], "unreadable").sees(),
            id="after the outage",
        ),
        pytest.param(
            Counter()
            .was_down(100.5, serial_back_at=101.5)
            .wants()
            .pulls()
            .pulls()
            .sees()
            .wants()
            .pulls(OTHER)
            .sees(BOX[-7:], "unreadable"),
            id="of a code that was torn long ago",
        ),
        *(
            pytest.param(
                Counter().was_down(100.5, serial_back_at=101.5).wants().pulls().sees(code, verdict).pulls().sees(),
                id=f"{name}",
            )
            for name, code, verdict in (
                ("taken for a pack", BOX[-7:], "added"),
                ("another code's end", "1" + BOX[-7:], "unreadable"),
                ("its beginning", BOX[:7], "unreadable"),
                ("the whole of it", BOX, "unreadable"),
            )
        ),
        pytest.param(
            Counter()
            .was_down(100.5, serial_back_at=101.5)
            .wants()
            .pulls()
            .sees(BOX[-7:], "unreadable")
            .sees(BOX[-7:], "unreadable")
            .pulls()
            .sees(),
            id="twice",
        ),
    ],
)
def test_any_other_part_of_a_code_is_a_false_answer(counter: Counter) -> None:
    assert counter.tally.findings().false_answers


def test_an_outage_of_one_scanner_excuses_no_other() -> None:
    counter = Counter().wants().pulls(way=Way.HID).pulls(way=Way.HID).sees(way=Way.HID)
    counter.tally.outages.append(Outage(50.0, {Way.SERIAL: 200.0, Way.HID: 60.0}))
    assert set(counter.tally.findings().by_kind) == {"lost"}


def test_an_outage_that_has_not_ended_holds_on() -> None:
    counter = Counter().was_down(100.5).wants().pulls().pulls().sees()
    assert counter.tally.findings().is_clean


def test_a_repeat_is_already_on_the_list_and_a_gone_box_is_added_again() -> None:
    repeat = scanned().wants().pulls().sees(verdict="already_in_sale").lists(BOX)
    assert repeat.tally.findings().is_clean
    gone = scanned().lists().wants().pulls().sees().lists(BOX)
    assert set(gone.tally.findings().by_kind) == {"lost"}


def test_a_code_that_the_screen_names_its_own_way_is_told_apart_by_its_device() -> None:
    counter = Counter().wants().pulls(None, verdict="credential").sees("424****", "credential")
    assert counter.lists().tally.findings().is_clean


def test_a_box_before_the_camera_is_seen_by_the_terminal_that_dies_and_by_the_one_that_comes_back() -> None:
    twice = Counter().wants().pulls(way=Way.CAMERA).sees(way=Way.CAMERA)
    twice.sees(verdict="already_in_sale", way=Way.CAMERA)
    assert set(twice.tally.findings().by_kind) == {"duplicated"}
    twice.was_down(101.5)
    assert twice.tally.findings().is_clean


def test_a_scan_belongs_to_the_earliest_pull_that_waits_for_one() -> None:
    """So that a slow answer is timed from the first pull, and no pull to a dead terminal counts as slow."""
    slow = Counter().wants().pulls().pulls()
    first, second = (slow.tally.note_shown(Way.SERIAL, BOX, verdict) for verdict in ("added", "already_in_sale"))
    assert [pull.began_at for pull in (first, second) if pull] == [101.0, 102.0]
    dead = Counter().was_down(100.5, serial_back_at=101.5).wants().pulls().pulls()
    pull = dead.tally.note_shown(Way.SERIAL, BOX, "added")
    assert pull is not None
    assert pull.began_at == 102.0
