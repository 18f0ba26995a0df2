from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from server.people.approvals import import_approvals, list_approvals, revoke_approvals
from server.people.list_file import Counts, ListFaultsError, ListFileError
from server.people.roles import COMMAND_LINE
from server.store import audit
from server.store.database import Store
from server.store.entitlements import ApprovalState
from tests.server.fsi.counter import LI, NEGOTIATED
from tests.server.fsi.entitled import DOCTOR, PHARMACIST, SECOND, open_entitled
from tests.server.fsi.office import HOSPITAL, PHARMACY
from web.errors import NotFoundError

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
HEADER = "审批编号,人员编号,药品编码,责任医师,定点药店,起始日期,截止日期,限量,限量天数,状态,备注\n"
LINE = f"S1,{LI},{NEGOTIATED},{DOCTOR},{PHARMACY},2026-01-01,2026-12-31,2,30,,虚构\n"


@pytest.fixture
def furnished(store: Store) -> Store:
    open_entitled(store)
    return store


def taken(store: Store, text: str, *, is_trial: bool = False) -> Counts:
    counts = import_approvals(store, (HEADER + text).encode(), by=COMMAND_LINE, now=NOW, is_trial=is_trial)
    return counts["approvals"]


def trail(store: Store) -> list[str]:
    with store.reading() as connection:
        return [one.action for one in audit.load_audit(connection, after=0, limit=100)]


def test_a_list_is_taken_once_changed_by_its_key_and_told_apart(furnished: Store) -> None:
    assert taken(furnished, LINE, is_trial=True) == Counts(1, 0, 0)
    assert list_approvals(furnished) == []
    assert taken(furnished, LINE) == Counts(1, 0, 0)
    assert taken(furnished, LINE) == Counts(0, 0, 1)
    assert taken(furnished, LINE.replace("2026-12-31", "2026-06-30")) == Counts(0, 1, 0)
    (one,) = list_approvals(furnished, psn_no=LI, item=NEGOTIATED)
    assert (one.psn_no, one.doctor, one.pharmacy, one.to_day) == (LI, DOCTOR, PHARMACY, date(2026, 6, 30))
    assert dict(one.detail) == {"number": "S1", "quantity": "2", "window_days": "30", "memo": "虚构"}
    assert list_approvals(furnished, psn_no="nobody") == list_approvals(furnished, item="nothing") == []
    assert trail(furnished) == ["approval.import"] * 2


def test_one_is_withdrawn_by_its_id_or_all_of_a_document(furnished: Store) -> None:
    taken(furnished, LINE + LINE.replace("2026-01-01", "2027-01-01").replace("2026-12-31", ""))
    first, second = list_approvals(furnished)
    done = revoke_approvals(furnished, first.id, by=COMMAND_LINE, now=NOW, reason="停药")
    assert [(one.id, one.state, one.detail["reason"]) for one in done] == [(first.id, ApprovalState.WITHDRAWN, "停药")]
    assert [one.id for one in revoke_approvals(furnished, "S1", by=COMMAND_LINE, now=NOW)] == [second.id]
    assert revoke_approvals(furnished, "S1", by=COMMAND_LINE, now=NOW) == []
    with pytest.raises(NotFoundError):
        revoke_approvals(furnished, "S2", by=COMMAND_LINE, now=NOW)
    assert trail(furnished) == ["approval.import", "approval.revoke", "approval.revoke"]


@pytest.mark.parametrize(
    ("text", "column", "code"),
    [
        (LINE.replace(LI, "nobody"), "人员编号", "people.unknown"),
        (LINE.replace(DOCTOR, PHARMACIST), "责任医师", "people.doctor_unknown"),
        (LINE.replace(PHARMACY, "P0"), "定点药店", "people.institution_unknown"),
        (LINE.replace(PHARMACY, SECOND), "定点药店", "people.not_dual_channel"),
        (LINE.replace(PHARMACY, HOSPITAL), "定点药店", "people.not_dual_channel"),
        (LINE.replace("2026-12-31", "2025-12-31"), "截止日期", "people.span"),
        (LINE.replace(",2,30,", ",2,,"), "限量天数", "people.empty"),
        (LINE.replace(",2,30,", ",,30,"), "限量", "people.empty"),
        (LINE.replace(",2,30,", ",2,0,"), "限量天数", "people.days"),
        (LINE.replace("2026-01-01", ""), "起始日期", "people.empty"),
        (LINE + LINE.replace("2026-12-31", "2026-11-30"), "起始日期", "people.repeated"),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_taken(furnished: Store, text: str, column: str, code: str) -> None:
    with pytest.raises(ListFaultsError) as caught:
        taken(furnished, text)
    assert [(fault.column, fault.code) for fault in caught.value.faults] == [(column, code)]
    assert list_approvals(furnished) == []


def test_the_sample_is_a_list_of_approvals(furnished: Store) -> None:
    sample = Path("config/seed/approvals.csv").read_bytes()
    with pytest.raises(ListFaultsError) as caught:
        import_approvals(furnished, sample, by=COMMAND_LINE, now=NOW)
    assert "people.unknown" in {fault.code for fault in caught.value.faults}
    with pytest.raises(ListFileError):
        import_approvals(furnished, b"psn_no,item\n", by=COMMAND_LINE, now=NOW)
