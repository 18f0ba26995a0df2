"""E-prescriptions of a platform's list: they enter, go on, and are dispensed once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from server.eprescription.importing import import_prescriptions
from server.eprescription.listing import ListedPrescription, list_prescriptions
from server.opening import utc_now
from server.people.insured_import import import_insured
from server.people.list_file import Counts, ListFaultsError, ListFileError
from server.people.practice_register import Practice
from server.people.roles import COMMAND_LINE
from server.people.sealing import Sealer
from server.store.database import Store
from sim.eprescription_platform import prescribed
from tests.server.fsi.counter import LI, WANG, Counter, file_store, refused
from tests.server.fsi.entitled import COLD, DOCTOR, OTHER_DOCTOR, PHARMACIST, RX, open_entitled, reviewed_by
from tests.server.fsi.office import HOSPITAL, NOON

HEAD = "number,psn_no,doctor,institution,issued,valid_to,item,name,count,unit,state,reviewed_by,reviewed_at"
REVIEWED = f"已审方,{PHARMACIST},2026-03-10 09:00"
ISSUED = ",,"


def row(item: str = RX, count: str = "3", end: str = REVIEWED, to: str = "2026-03-31", who: str = LI) -> str:
    return f"E-7,{who},{DOCTOR},{HOSPITAL},2026-03-09 08:00,{to},{item},药,{count},盒,{end}"


def take(store: Store, *rows: str, is_trial: bool = False) -> Counts:
    content = "\n".join([HEAD, *rows]).encode()
    counts = import_prescriptions(store, content, by=COMMAND_LINE, now=NOON, is_trial=is_trial)
    return counts["prescriptions"]


def only(store: Store) -> ListedPrescription:
    (found,) = list_prescriptions(store)
    return found


@pytest.fixture
def counter(migrated_file: Path, tmp_path: Path) -> Iterator[Counter]:
    with file_store(migrated_file, tmp_path) as store:
        yield open_entitled(store)


def test_lines_of_a_number_are_one_prescription_and_a_day_is_its_last(counter: Counter) -> None:
    store = counter.office.store
    assert take(store, row(), row(COLD, "1"), is_trial=True) == Counts(1, 0, 0)
    assert list_prescriptions(store) == []
    assert take(store, row(), row(COLD, "1")) == Counts(1, 0, 0)
    assert take(store, row(), row(COLD, "1")) == Counts(0, 0, 1)
    found = only(store)
    assert [(line.n, line.item, line.left) for line in found.lines] == [(1, RX, 3), (2, COLD, 1)]
    assert (found.prescription.state, found.prescription.reviewed_by) == ("reviewed", PHARMACIST)
    assert f"{found.prescription.valid_to_at + timedelta(hours=8):%m-%d %H:%M}" == "04-01 00:00"


def test_what_was_imported_is_dispensed_once(counter: Counter) -> None:
    store = counter.office.store
    take(store, row())
    counter.settle(counter.sale(counter.line(RX, "2", rxno="E-7"), **reviewed_by()))
    assert only(store).lines[0].left == 1
    # The platform does not know what was had here; its list changes nothing of that.
    assert take(store, row()) == Counts(0, 0, 1)
    answer = counter.office.say("2102", counter.sale(counter.line(RX, "3", rxno="E-7"), **reviewed_by()))
    assert refused(answer) == "entitlement.prescription_quantity"
    with pytest.raises(ListFaultsError, match="已配药"):
        take(store, row(end="已撤销,,"))


def test_it_only_goes_on(counter: Counter) -> None:
    store = counter.office.store
    for end, to, counts, state in (
        (ISSUED, "2026-03-31", Counts(1, 0, 0), "issued"),
        (REVIEWED, "2026-03-31", Counts(0, 1, 0), "reviewed"),
        (ISSUED, "2026-03-31", Counts(0, 0, 1), "reviewed"),
        (REVIEWED, "2026-04-30", Counts(0, 1, 0), "reviewed"),
        ("已撤销,,", "2026-04-30", Counts(0, 1, 0), "withdrawn"),
        (REVIEWED, "2026-04-30", Counts(0, 0, 1), "withdrawn"),
    ):
        assert take(store, row(end=end, to=to)) == counts
        assert only(store).prescription.state == state


@pytest.mark.parametrize(
    ("rows", "column"),
    [
        ([row(who="nobody")], "psn_no"),
        ([row().replace(DOCTOR, "D9")], "doctor"),
        ([row().replace(HOSPITAL, "H9")], "institution"),
        ([row(end="已审方,Y9,2026-03-10 09:00")], "reviewed_by"),
        ([row(end="已审方,,")], "reviewed_by"),
        ([row(end=f"已审方,{PHARMACIST},")], "reviewed_at"),
        ([row(end="已用完,,")], "state"),
        ([row(count="0")], "count"),
        ([row(count="-1")], "count"),
        ([row(to="2026-03-08")], "valid_to"),
        ([row(), row(COLD, who=WANG)], "number"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_taken(counter: Counter, rows: list[str], column: str) -> None:
    with pytest.raises(ListFaultsError) as caught:
        take(counter.office.store, *rows)
    assert column in {fault.column for fault in caught.value.faults}
    assert list_prescriptions(counter.office.store) == []


def test_what_was_prescribed_stands_for_good(counter: Counter) -> None:
    take(counter.office.store, row())
    for changed, column in (
        (row(who=WANG), "psn_no"),
        (row(count="4"), "item"),
        (row(COLD), "item"),
        (row().replace(DOCTOR, OTHER_DOCTOR), "doctor"),
        (row().replace("2026-03-09 08:00", "2026-03-09 08:01"), "issued"),
    ):
        with pytest.raises(ListFaultsError) as caught:
            take(counter.office.store, changed)
        assert [fault.column for fault in caught.value.faults] == [column]


def test_another_list_is_none(counter: Counter) -> None:
    with pytest.raises(ListFileError):
        import_prescriptions(counter.office.store, b"a,b\n1,2\n", by=COMMAND_LINE, now=NOON)


def test_the_sample_and_what_the_simulated_platform_writes_fit_the_other_samples(store: Store) -> None:
    seed = Path("config/seed")
    import_insured(store, Sealer(bytes(32)), (seed / "insured.csv").read_bytes(), by=COMMAND_LINE, now=utc_now())
    practice = Practice(store)
    practice.import_institutions((seed / "institutions.csv").read_bytes(), by=COMMAND_LINE, now=utc_now())
    practice.import_practitioners((seed / "practitioners.csv").read_bytes(), by=COMMAND_LINE, now=utc_now())
    sample = (seed / "prescriptions.csv").read_bytes()
    for counts in (Counts(2, 0, 0), Counts(0, 0, 2)):
        assert import_prescriptions(store, sample, by=COMMAND_LINE, now=utc_now())["prescriptions"] == counts
    text = prescribed(9, utc_now(), random.Random(1))
    for counts in (Counts(9, 0, 0), Counts(0, 0, 9)):
        written = import_prescriptions(store, text.encode(), by=COMMAND_LINE, now=utc_now())
        assert written["prescriptions"] == counts
    states = [one.prescription.state.value for one in list_prescriptions(store) if "SIM" in one.prescription.number]
    assert (states.count("reviewed"), states.count("issued")) == (6, 3)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (row(count="-1"), "'-1' 应为大于 0 的数量"),
        (row(count="0.00001"), "至多四位小数"),
        (row(count="x"), "'x' 应为大于 0 的数量"),
        (row(end=f"已审方,{PHARMACIST},2026-03-09 07:59"), "早于开具时间"),
        (row().replace("2026-03-09 08:00", "2026-03-20 08:00"), "尚未到来"),
    ],
)
def test_a_prescription_that_cannot_be_is_refused_in_its_own_words(counter: Counter, bad: str, said: str) -> None:
    with pytest.raises(ListFaultsError) as refusal:
        take(counter.office.store, bad, is_trial=True)
    assert any(said in one.words.zh for one in refusal.value.faults), [one.words.zh for one in refusal.value.faults]


def test_a_quantity_may_have_four_decimals(counter: Counter) -> None:
    take(counter.office.store, row(count="0.1250"))
    assert [str(line.left.normalize()) for line in only(counter.office.store).lines] == ["0.125"]
