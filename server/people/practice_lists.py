"""The lists from which institutions and practitioners come, taken whole or not at all.

A line may carry a standing with its span: a suspension is imported like an agreement. Spans are days in Beijing; the
last one belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from codes.words import Words
from server.people import list_cells as cells
from server.people.drafting import Drafted, midnight
from server.people.list_file import Column, Fault, Line, Sheet, read_lists
from server.store.institutions import Institution, InstitutionKind
from server.store.practitioners import Post, Practitioner, PractitionerKind
from server.store.standings import Standing, StandingSpan

_KINDS = {
    "药店": InstitutionKind.PHARMACY,
    "定点零售药店": InstitutionKind.PHARMACY,
    "2": InstitutionKind.PHARMACY,
    "医院": InstitutionKind.HOSPITAL,
    "定点医疗机构": InstitutionKind.HOSPITAL,
    "诊所": InstitutionKind.HOSPITAL,
    "1": InstitutionKind.HOSPITAL,
} | {kind.value: kind for kind in InstitutionKind}
_LEVELS = {"三级": "3", "二级": "2", "一级": "1", "社区": "community", "基层": "community", "药店": "pharmacy"}
_LEVELS |= {level: level for level in ("1", "2", "3", "community", "pharmacy")}
_PRACTITIONER_KINDS = {
    "医师": PractitionerKind.DOCTOR,
    "医生": PractitionerKind.DOCTOR,
    "药师": PractitionerKind.PHARMACIST,
} | {kind.value: kind for kind in PractitionerKind}
_STANDINGS = {
    "有效": Standing.ACTIVE,
    "正常": Standing.ACTIVE,
    "暂停": Standing.SUSPENDED,
    "中止": Standing.SUSPENDED,
    "终止": Standing.ENDED,
    "解除": Standing.ENDED,
} | {standing.value: standing for standing in Standing}
_STANDING = (
    Column("standing", "状态", cells.one_of(_STANDINGS)),
    Column("from", "起始日期", cells.day),
    Column("to", "截止日期", cells.day),
    Column("reason", "原因", cells.text),
)

_BACKWARDS = Words("早于起始日期", "is before the first day")

INSTITUTIONS: Final = Sheet(
    "institutions",
    Words("定点医药机构", "institutions"),
    (
        Column("code", "机构编码", cells.institution_code, is_required=True),
        Column("name", "机构名称", cells.text, is_required=True),
        Column("kind", "机构类型", cells.one_of(_KINDS), is_required=True),
        Column("level", "机构等级", cells.one_of(_LEVELS)),
        Column("district", "所在区划", cells.district, is_required=True),
        Column("uscc", "统一社会信用代码", cells.number),
        Column("dual_channel", "双通道", cells.flag),
        *_STANDING,
    ),
)
PRACTITIONERS: Final = Sheet(
    "practitioners",
    Words("医师药师", "practitioners"),
    (
        Column("code", "人员编码", cells.number, is_required=True),
        Column("name", "姓名", cells.text, is_required=True),
        Column("kind", "人员类型", cells.one_of(_PRACTITIONER_KINDS), is_required=True),
        Column("licence", "执业证号", cells.number),
        Column("institution", "机构编码", cells.number, is_required=True),
        Column("post_from", "执业起始日期", cells.day, is_required=True),
        Column("post_to", "执业截止日期", cells.day),
        *_STANDING,
    ),
)


@dataclass(slots=True)
class PracticeDraft:
    """What such a list says; times and authors of changes are those of the import."""

    institutions: Drafted[str, Institution] = field(default_factory=Drafted)
    practitioners: Drafted[str, Practitioner] = field(default_factory=Drafted)
    posts: Drafted[tuple[str, str, date], Post] = field(default_factory=Drafted)
    standings: Drafted[tuple[str, datetime, Standing], StandingSpan] = field(default_factory=Drafted)
    faults: list[Fault] = field(default_factory=list)

    def note(self, fault: Fault | None) -> None:
        """Keep a fault, if it is one."""
        if fault is not None:
            self.faults.append(fault)


def institutions_of(content: bytes, by: str, now: datetime) -> PracticeDraft:
    """Return what a list of institutions says.

    Raises:
        ListFileError: The file cannot be read.
    """
    draft, lines = _begun(content, INSTITUTIONS)
    for line in lines:
        kind = InstitutionKind(line.text("kind"))
        level = line.text("level", "pharmacy" if kind is InstitutionKind.PHARMACY else "")
        if not level:
            draft.note(line.fault("level", "people.empty", Words("医疗机构须填等级", "is needed of a hospital")))
        one = Institution(
            line.text("code"),
            line.text("name"),
            kind,
            level,
            line.text("district"),
            line.text("uscc"),
            line.flag("dual_channel"),
            now,
        )
        draft.note(draft.institutions.add(one.code, one, line, "code"))
        _take_standing(draft, line, by, now)
    return draft


def practitioners_of(content: bytes, by: str, now: datetime) -> PracticeDraft:
    """Return what a list of doctors and pharmacists says.

    Raises:
        ListFileError: The file cannot be read.
    """
    draft, lines = _begun(content, PRACTITIONERS)
    for line in lines:
        code, kind = line.text("code"), PractitionerKind(line.text("kind"))
        one = Practitioner(code, line.text("name"), kind, line.text("licence"), now)
        draft.note(draft.practitioners.add(code, one, line, "code"))
        first, last = line.day("post_from"), line.day("post_to")
        assert first is not None  # noqa: S101 - the column is required
        if last is not None and last < first:
            draft.note(line.fault("post_to", "people.span", _BACKWARDS))
        post = Post(code, line.text("institution"), first, last)
        draft.note(draft.posts.add((code, post.institution, first), post, line, "post_from"))
        _take_standing(draft, line, by, now)
    return draft


def _begun(content: bytes, sheet: Sheet) -> tuple[PracticeDraft, list[Line]]:
    file = read_lists(content, [sheet])
    faulty = {fault.line for fault in file.faults}
    return PracticeDraft(faults=list(file.faults)), [line for line in file.lines if line.number not in faulty]


def _take_standing(draft: PracticeDraft, line: Line, by: str, now: datetime) -> None:
    first, last = line.day("from"), line.day("to")
    if first is None:
        if line.has("standing") or last is not None:
            words = Words("有状态或截止日期时不能为空", "must not be empty beside a standing or a last day")
            draft.note(line.fault("from", "people.empty", words))
        return
    if last is not None and last < first:
        draft.note(line.fault("to", "people.span", _BACKWARDS))
        return
    standing = Standing(line.text("standing", Standing.ACTIVE.value))
    ends = None if last is None else midnight(last + timedelta(days=1))
    begins = midnight(first).astimezone(UTC)
    span = StandingSpan(line.text("code"), begins, standing, ends, line.text("reason"), by, now)
    draft.note(draft.standings.add((span.subject, begins, standing), span, line, "from"))
