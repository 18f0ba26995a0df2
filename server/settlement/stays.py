"""Stays in hospital: one at a time for a person, wherever; which of the year a stay is; discharge and its undoing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from codes.words import Words
from rules.benefits.book import Book
from rules.benefits.case import Visit as RuledVisit
from rules.benefits.tally import STAYS
from server.people.practice import find_institution
from server.settlement.sale import Caller
from server.settlement.sent import without_persons
from server.settlement.stay_ends import DISCHARGED_BY, SETTLED_BEFORE, SETTLED_BY, is_settled_in_mid_stay
from server.settlement.visit_errors import FeeTimeError, StayOverlapsError
from server.settlement.visit_sales import part_number
from server.settlement.visiting import check_come, refused, standing_settlements
from server.store import visits, year_openings
from server.store.database import Connection
from server.store.visits import Visit, VisitKind, VisitState
from wire.fsi.values import BEIJING

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9999, 1, 1, tzinfo=UTC)
_END_EARLIER: Final = Words(
    "同一时间只能有一次住院：请核对入院时间；出院时间有误、或中途改按新参保住院的，由原机构撤销结算（2305）和出院（2405），"
    "按更正的时间重新办理出院（2402）并结算（2304）。",
    "One stay at a time: check the time of admission. If the end is wrong, or the person went on under another "
    "insurance, that hospital undoes the settlement (2305) and the discharge (2405), discharges as of the right time "
    "(2402) and settles (2304).",
)


def stays_of(connection: Connection, psn_no: str) -> Sequence[Visit]:
    """Return somebody's stays that were not cancelled, wherever, in order."""
    found = visits.load_visits_of(connection, psn_no, begins=_FIRST, ends=_LAST, kinds=(VisitKind.INPATIENT,))
    return [one for one in found if one.state is not VisitState.CANCELLED]


def check_alone(connection: Connection, psn_no: str, begins: datetime, besides: str = "") -> None:
    """Refuse a stay that would overlap with another one.

    Raises:
        StayOverlapsError: Another stay has not ended, or ended later than this one begins; both are named.
    """
    for other in stays_of(connection, psn_no):
        if other.mdtrt_id == besides or (other.ends_at is not None and other.ends_at <= begins):
            continue
        place = find_institution(connection, other.institution).name
        ends = "尚未出院" if other.ends_at is None else f"{_told(other.ends_at)} 出院"
        until = "is not discharged" if other.ends_at is None else f"was discharged at {_told(other.ends_at)}"
        raise StayOverlapsError(
            Words(
                f"人员 {psn_no} 在 {place} 有住院（{_told(other.begins_at)} 入院，{ends}），"
                f"与 {_told(begins)} 入院重叠",
                f"Person {psn_no} was admitted to {place} at {_told(other.begins_at)} and {until}; this stay begins "
                f"at {_told(begins)}",
            ),
            next_step=_END_EARLIER if other.ends_at is not None else None,
        )


def stay_number(connection: Connection, visit: Visit, book: Book, now: datetime) -> int:
    """Return which stay of the year this is, by admissions that were not cancelled, wherever they were.

    Stays of the year before the person's came to this centre are told with the totals of the year, and counted first.
    """
    year = _year_of(visit, book, now)
    earlier = (
        one
        for one in stays_of(connection, visit.psn_no)
        if one.mdtrt_id != visit.mdtrt_id and one.begins_at < visit.begins_at
    )
    told = year_openings.load_opening(connection, visit.psn_no, year, STAYS)
    return 1 + int(told) + sum(_year_of(one, book, now) == year for one in earlier)


def discharge(
    connection: Connection, visit: Visit, ends: datetime, sent: dict[str, object], by: Caller
) -> tuple[Visit, bool]:
    """Discharge somebody; return the stay, and whether it had ended so before; the person is locked.

    Raises:
        VisitStateError: The admission was cancelled, or the stay ended otherwise already.
        NotYetError: The end is on a day that has not come.
        FeeTimeError: The end lies before the admission, or before a fee.
    """
    wish = Words("办理出院", "be discharged")
    if visit.state is VisitState.CANCELLED:
        raise refused(visit, wish, Words("请用 2401 重新办理入院。", "Admit anew with 2401."))
    if visit.state is not VisitState.OPEN:
        if visit.ends_at == ends:
            return visit, True
        assert visit.ends_at is not None  # noqa: S101 - it was discharged
        is_final = visit.state is VisitState.SETTLED and not is_settled_in_mid_stay(visit)
        first = "2305、2405" if is_final else "2405"
        raise refused(
            visit,
            Words(f"改出院时间（{_told(visit.ends_at)}）", f"end at another time than {_told(visit.ends_at)}"),
            Words(f"请先用 {first} 撤销，再重新办理出院。", f"First undo it by {first}, then discharge again."),
        )
    check_come("endtime（结束时间）", "endtime", ends, by.at)
    if ends < visit.begins_at:
        raise FeeTimeError(
            Words(
                f"endtime（结束时间）{_told(ends)} 早于入院时间 {_told(visit.begins_at)}",
                f"endtime {_told(ends)} is before the admission, {_told(visit.begins_at)}",
            )
        )
    last_day = ends.astimezone(BEIJING).date()
    for line in visits.load_lines(connection, visit.mdtrt_id):
        day = line.charged_at.astimezone(BEIJING).date()
        if day > last_day:
            raise FeeTimeError(
                Words(
                    f"明细 {line.feedetl_sn} 的费用发生日 {day} 晚于出院日 {last_day}",
                    f"The fee of line {line.feedetl_sn} arose on {day}, after the discharge on {last_day}",
                ),
                next_step=Words("请核对出院时间，或先用 2302 撤销该明细。", "Check the time, or withdraw it by 2302."),
            )
    ended = replace(
        visit,
        state=VisitState.DISCHARGED,
        ends_at=ends,
        dise_codg=str(sent.get("dise_codg") or visit.dise_codg),
        dise_name=str(sent.get("dise_name") or visit.dise_name),
        fields={
            **visit.fields,
            DISCHARGED_BY: {
                **without_persons(sent),
                SETTLED_BEFORE: _last_part(connection, visit),
                "before": {"dise_codg": visit.dise_codg, "dise_name": visit.dise_name},
            },
        },
    )
    visits.change_visit(connection, ended)
    settle_up(connection, visit.mdtrt_id)
    return ended, False


def undo_discharge(connection: Connection, visit: Visit) -> None:
    """Take a discharge back; the person is locked.

    Raises:
        VisitStateError: There was none, or the stay is settled.
        StayOverlapsError: Another stay began since.
    """
    wish = Words("撤销出院", "have its discharge undone")
    if visit.state is VisitState.OPEN:
        raise refused(visit, wish, Words("尚未办理出院，无需撤销。", "It was not discharged: nothing is to be undone."))
    is_early = is_settled_in_mid_stay(visit)
    if visit.state is VisitState.SETTLED and not is_early:
        raise refused(visit, wish, Words("请先用 2305 撤销住院结算。", "First cancel the settlement with 2305."))
    if visit.state is VisitState.CANCELLED:
        raise refused(visit, wish, Words("请用 2401 重新办理入院。", "Admit anew with 2401."))
    # Open again, the stay would run into whatever began after its end.
    check_alone(connection, visit.psn_no, visit.begins_at, besides=visit.mdtrt_id)
    told = visit.fields.get(DISCHARGED_BY)
    before = told.get("before") if isinstance(told, dict) else None
    codes = before if isinstance(before, dict) else {}
    gone = {DISCHARGED_BY, SETTLED_BY} if is_early else {DISCHARGED_BY}
    visits.change_visit(
        connection,
        replace(
            visit,
            state=VisitState.OPEN,
            ends_at=None,
            dise_codg=str(codes.get("dise_codg", visit.dise_codg)),
            dise_name=str(codes.get("dise_name", visit.dise_name)),
            fields={name: value for name, value in visit.fields.items() if name not in gone},
        ),
    )


def settle_up(connection: Connection, mdtrt_id: str) -> None:
    """Let a stay that has ended be settled while nothing of it is left, and otherwise wait for its settlement.

    Whatever settles, frees, adds or removes lines is followed by this; the person is locked.
    """
    visit = visits.load_visit(connection, mdtrt_id)
    if visit is None or visit.state not in {VisitState.DISCHARGED, VisitState.SETTLED}:
        return
    lines = visits.load_lines(connection, mdtrt_id)
    if lines and all(line.setl_id is not None for line in lines):
        fields = {**visit.fields, SETTLED_BY: _last_part(connection, visit)}
        visits.change_visit(connection, replace(visit, state=VisitState.SETTLED, fields=fields))
    elif visit.state is VisitState.SETTLED:
        visits.change_visit(connection, replace(visit, state=VisitState.DISCHARGED))


def _last_part(connection: Connection, visit: Visit) -> str:
    parts = standing_settlements(connection, visit)
    return max(parts, key=part_number).setl_id if parts else ""


def _year_of(visit: Visit, book: Book, now: datetime) -> int:
    ends = visit.ends_at or now
    ruled = RuledVisit(
        med_type=visit.med_type,
        begins=visit.begins_at.astimezone(BEIJING).date(),
        ends=max(ends, visit.begins_at).astimezone(BEIJING).date(),
        level="",
        institution_kind="",
    )
    return book.year_of(ruled)


def _told(moment: datetime) -> str:
    return f"{moment.astimezone(BEIJING):%Y-%m-%d %H:%M}"
