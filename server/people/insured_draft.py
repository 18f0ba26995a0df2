"""What lists of insured people come to, line by line, before anything is compared with the store.

Nothing is sealed yet, and the numbers are in the clear: a draft lives as long as its import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from codes.words import Words
from rules.benefits.tally import STAYS
from server.people.balances import ToldBalance
from server.people.drafting import Drafted, midnight
from server.people.insured import RESIDENT_CARD, Identity
from server.people.insured_lists import BALANCES, CREDENTIALS, FACTS, FAMILY, INSURANCES, PEOPLE, TOTALS
from server.people.list_cells import CellError, identity_card
from server.people.list_file import Fault, Line, ListFile
from server.store.insured import Binding, Fact, FactKind, Insurance

ALWAYS: Final = date(1970, 1, 1)
"""Since when a card is valid of which the list does not say."""
_INSURED: Final = "1"
_SOCIAL_CARD: Final = "03"
_LAST: Final = 99
_CARD_LENGTH: Final = 18
FindPerson = Callable[[str, str], str | None]
"""Returns the number of whoever has a certificate, by its kind and number."""


@dataclass(frozen=True, slots=True)
class ShownCredential:
    """A credential whose number is in the clear."""

    kind: str
    number: str
    psn_no: str
    chip: str
    """Empty if not known."""
    from_at: datetime
    to_at: datetime | None


@dataclass(slots=True)
class Draft:
    """Everything that the lists say."""

    people: Drafted[str, Identity] = field(default_factory=Drafted)
    insurances: Drafted[tuple[str, str, date], Insurance] = field(default_factory=Drafted)
    credentials: Drafted[tuple[str, str], ShownCredential] = field(default_factory=Drafted)
    facts: Drafted[tuple[str, FactKind, str, date], Fact] = field(default_factory=Drafted)
    bindings: Drafted[tuple[str, str, date], Binding] = field(default_factory=Drafted)
    balances: Drafted[str, ToldBalance] = field(default_factory=Drafted)
    openings: Drafted[tuple[str, int, str], Decimal] = field(default_factory=Drafted)
    mentioned: list[tuple[str, Line, str]] = field(default_factory=list)
    """Whom each line is about, and in which column it says so."""
    faults: list[Fault] = field(default_factory=list)

    @property
    def psn_nos(self) -> set[str]:
        """Everybody whom the lists are about."""
        return {psn_no for psn_no, _, _ in self.mentioned}

    def mention(self, line: Line, *columns: str) -> None:
        """Keep whom a line is about."""
        for column in columns:
            self.mentioned.append((line.text(column), line, column))

    def note(self, fault: Fault | None) -> None:
        """Keep a fault, if it is one."""
        if fault is not None:
            self.faults.append(fault)


def draft_of(file: ListFile, find: FindPerson) -> Draft:
    """Return what a file says; whom a line names by certificate is looked for in the file and by `find`."""
    draft = Draft(faults=list(file.faults))
    faulty = {(fault.sheet, fault.line) for fault in file.faults}
    lines = [line for line in file.lines if (line.sheet, line.number) not in faulty]
    for line in lines:
        if line.sheet == PEOPLE:
            _take_person(draft, line)
    in_file = {(who.cert_type, who.certno): who.psn_no for who in draft.people.values.values()}
    for line in lines:
        if line.sheet == FACTS:
            _take_fact(draft, line, lambda kind, number: in_file.get((kind, number)) or find(kind, number))
        elif line.sheet in _TAKE:
            _TAKE[line.sheet](draft, line)
    return draft


def _take_person(draft: Draft, line: Line) -> None:
    who = _identity(draft, line)
    if who is None:
        return
    draft.mention(line, "psn_no")
    draft.note(draft.people.add(who.psn_no, who, line, "psn_no"))
    if line.has("insutype"):
        _take_insurance(draft, line)
    elif line.has("psn_type") or line.has("district"):
        draft.note(line.fault("insutype", "people.empty", Words("不能为空", "must not be empty")))
    if line.has("card_no"):
        _add_credential(draft, line, _SOCIAL_CARD, "card_no", (ALWAYS, None))
    if line.has("balance"):
        _take_balance(draft, line)


def _identity(draft: Draft, line: Line) -> Identity | None:
    certno, sex, born = line.text("certno").upper(), line.text("sex"), line.day("birth_day")
    kind = line.text("cert_type") or (RESIDENT_CARD if len(certno) == _CARD_LENGTH else "")
    if not kind:
        draft.note(
            line.fault("cert_type", "people.empty", Words("不是身份证时须填证件类型", "is needed: no identity card"))
        )
        return None
    if kind == RESIDENT_CARD:
        try:
            said_day, said_sex = identity_card(certno)
        except CellError as exc:
            draft.note(line.fault("certno", exc.code, exc.words))
            return None
        if born not in {None, said_day}:
            draft.note(
                line.fault("birth_day", "people.birth_day", Words("与身份证号码不符", "is not that of the card"))
            )
        if sex not in {"", said_sex}:
            draft.note(line.fault("sex", "people.sex", Words("与身份证号码不符", "is not that of the card")))
        born, sex = said_day, said_sex
    return Identity(line.text("psn_no"), kind, certno, line.text("name"), sex or "9", line.text("ethnic"), born)


def _take_insurance(draft: Draft, line: Line) -> None:
    missing = [name for name in ("psn_type", "district", "from") if not line.has(name)]
    for name in missing:
        draft.note(line.fault(name, "people.empty", Words("有险种时不能为空", "must not be empty beside an insurance")))
    span = None if missing else _span(draft, line)
    if span is None:
        return
    one = Insurance(
        line.text("psn_no"),
        line.text("insutype"),
        *span,
        line.text("psn_type"),
        line.text("district"),
        line.flag("civil_servant"),
        line.text("state", _INSURED),
        line.text("employer"),
    )
    draft.mention(line, "psn_no")
    draft.note(draft.insurances.add((one.psn_no, one.insutype, one.from_day), one, line, "from"))


def _take_credential(draft: Draft, line: Line) -> None:
    span = _span(draft, line)
    if span is not None:
        _add_credential(draft, line, line.text("credential"), "number", span)


def _add_credential(draft: Draft, line: Line, kind: str, column: str, span: tuple[date, date | None]) -> None:
    first, last = span
    ends = None if last is None else midnight(last + timedelta(days=1))
    one = ShownCredential(kind, line.text(column), line.text("psn_no"), line.text("card_sn"), midnight(first), ends)
    draft.mention(line, "psn_no")
    draft.note(draft.credentials.add((kind, one.number), one, line, column))


def _take_fact(draft: Draft, line: Line, find: FindPerson) -> None:
    psn_no = line.text("psn_no")
    if not psn_no:
        certno = line.text("certno").upper()
        found = find(line.text("cert_type", RESIDENT_CARD), certno) if certno else None
        if found is None:
            why = (
                Words("没有该证件的人员", "nobody has that certificate")
                if certno
                else Words("人员编号和证件号码不能都为空", "and certificate number are both empty")
            )
            draft.note(line.fault("certno" if certno else "psn_no", "people.unknown", why))
            return
        psn_no = found
    span = _span(draft, line)
    if span is None:
        return
    detail = {name: line.text(name) for name in ("level", "memo") if line.has(name)}
    one = Fact(psn_no, FactKind(line.text("kind")), line.text("code"), *span, detail)
    if line.has("psn_no"):
        draft.mention(line, "psn_no")
    else:
        draft.mentioned.append((psn_no, line, "certno"))
    draft.note(draft.facts.add((one.psn_no, one.kind, one.code, one.from_day), one, line, "from"))


def _take_binding(draft: Draft, line: Line) -> None:
    span = _span(draft, line)
    if line.text("receiver") == line.text("giver"):
        draft.note(
            line.fault("giver", "people.family", Words("不能授权给本人", "and the receiver are the same person"))
        )
    elif span is not None:
        rank = line.number_or("rank", _LAST)
        one = Binding(line.text("receiver"), line.text("giver"), *span, rank, line.amount("limit"))
        draft.mention(line, "receiver", "giver")
        draft.note(draft.bindings.add((one.receiver, one.giver, one.from_day), one, line, "from"))


def _take_balance(draft: Draft, line: Line) -> None:
    amount = line.amount("balance")
    assert amount is not None  # noqa: S101 - whoever calls this has seen that it is there
    draft.mention(line, "psn_no")
    told = ToldBalance(amount, line.moment("as_of"))
    draft.note(draft.balances.add(line.text("psn_no"), told, line, "balance"))


def _take_total(draft: Draft, line: Line) -> None:
    amount = line.amount("amount")
    assert amount is not None  # noqa: S101 - the column is required
    draft.mention(line, "psn_no")
    key = (line.text("psn_no"), line.number_or("year", 0), line.text("key"))
    if key[2] == STAYS and amount != amount.to_integral_value():
        draft.note(line.fault("amount", "people.whole", Words("住院次数应为整数", "of stays must be a whole number")))
    draft.note(draft.openings.add(key, amount, line, "key"))


def _span(draft: Draft, line: Line) -> tuple[date, date | None] | None:
    first, last = line.day("from"), line.day("to")
    assert first is not None  # noqa: S101 - the column is required, or was looked for
    if last is not None and last < first:
        draft.note(line.fault("to", "people.span", Words("早于起始日期", "is before the first day")))
        return None
    return first, last


_TAKE: Final[Mapping[str, Callable[[Draft, Line], None]]] = {
    INSURANCES: _take_insurance,
    CREDENTIALS: _take_credential,
    FAMILY: _take_binding,
    BALANCES: _take_balance,
    TOTALS: _take_total,
}
