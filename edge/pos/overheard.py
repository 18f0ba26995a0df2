"""What listening understands of one exchange: facts about a sale, its lines and codes, and nothing of a person.

Of the person there is a digest, by which a settlement that was refused and asked for again is known to be one sale.
Facts are kept sealed all the same, for the words of a refusal are somebody else's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation

import msgspec

from edge.pos.legible import why_unread
from edge.pos.ports import Goods
from edge.pos.reading import HIDDEN, Reader, ReadLines, Said, attempt_of, field_of, is_agreed, output_text, read_lines
from edge.pos.upstream import Reply
from rules.scan_binding import SaleLine, ScannedPack
from wire.fsi.areas import Area, Channel
from wire.fsi.record import Message

_ACCEPTED = "1"
_LONGEST = 200
_OF_SALES = frozenset({"2101", "2102", "2103", "2204", "2206", "2207", "2208", "2601", "3505", "3505A", "3506"})


class _Fact(msgspec.Struct, frozen=True, tag_field="what"):
    """One exchange."""


class Passed(_Fact, frozen=True, tag="passed"):
    """It has nothing to do with a sale."""


class Unread(_Fact, frozen=True, tag="unread"):
    """It could not be read."""

    zh: str
    en: str


class VisitLines(_Fact, frozen=True, tag="lines"):
    """Lines of a visit went to the interface (2204)."""

    lines: tuple[tuple[str, str, SaleLine], ...]
    """Visit, charge, line."""


class Tried(_Fact, frozen=True, tag="tried"):
    """A trial told what would be paid."""

    attempt: str
    amount: Decimal


class Settled(_Fact, frozen=True, tag="settled"):
    """A settlement was answered."""

    key: str
    """`setl_id`; of one that was refused, its msgid."""
    msgid: str
    attempt: str
    is_settled: bool
    lines: tuple[SaleLine, ...]
    visit: tuple[str, str] | None
    """Whose lines count, where the message has none."""
    amount: Decimal
    refusal: str
    codes: tuple[tuple[str, str], ...]
    """Fee line and code, as they came with the message."""
    scanned: dict[str, int] | None
    """By national code; None if the scanner is not ours to see."""


class Undone(_Fact, frozen=True, tag="undone"):
    """A settlement was cancelled, by its `setl_id`, or reversed, by its msgid."""

    setl_id: str = ""
    msgid: str = ""


class Upload(msgspec.Struct, frozen=True):
    """One row of a 3505."""

    setl_id: str
    document: str
    item: str
    codes: tuple[str, ...]


class Uploaded(_Fact, frozen=True, tag="uploaded"):
    """Rows of a 3505 were answered."""

    rows: tuple[Upload, ...]
    is_accepted: bool
    reason: str


class Returned(_Fact, frozen=True, tag="returned"):
    """Packs came back."""

    codes: tuple[str, ...]


Fact = Passed | Unread | VisitLines | Tried | Settled | Undone | Uploaded | Returned


class Understanding:
    """Makes a fact of an exchange."""

    def __init__(self, area: Area, reader: Reader, goods: Goods) -> None:
        self._area = area
        self._reader = reader
        self._goods = goods

    def fact_of(
        self, at: datetime, request: bytes, answer: Reply | None, scans: Sequence[ScannedPack] | None = None
    ) -> Fact:
        """Return what an exchange was about.

        Args:
            at: When it went by.
            request: What the POS sent.
            answer: What came back; None if nothing did.
            scans: What lay scanned at the desk; None if the scanner is not ours to see.
        """
        said = self._reader.request(request)
        answered = self._reader.answer(answer, said.institution, at) if answer is not None else {}
        if answer is not None and said.infno in _OF_SALES and (why := why_unread(answer, answered)) is not None:
            # Whether it was done nobody can tell here: it is counted among what could not be read.
            return Unread(why.zh, why.en)
        match said.infno:
            case "2204" | "2102" | "2207" | "3505" | "3505A" | "3506":
                return self._with_lines(said, answered, scans)
            case "2101" | "2206":
                attempt = attempt_of(said)
                return Tried(attempt, self._amount(answered)) if attempt and is_agreed(answered) else Passed()
            case "2103" | "2208":
                return Undone(setl_id=field_of(said.input, "data", "setl_id")) if is_agreed(answered) else Passed()
            case "2601":
                return Undone(msgid=field_of(said.input, "data", "omsgid")) if is_agreed(answered) else Passed()
            case _:
                return Passed() if said.why is None else Unread(said.why.zh, said.why.en)

    def _with_lines(self, said: Said, answered: Mapping[str, object], scans: Sequence[ScannedPack] | None) -> Fact:
        if said.is_hidden and said.input is None:
            return Unread(HIDDEN.zh, HIDDEN.en)
        read = read_lines(said.infno, said.input, self._area, self._goods)
        if read.message is None:
            return Passed() if read.why is None else Unread(read.why.zh, read.why.en)
        match said.infno:
            case "2204":
                return _visit_lines(read, read.message) if is_agreed(answered) else Passed()
            case "3505" | "3505A":
                return _uploaded(said, read, read.message, answered) if answered else Passed()
            case "3506":
                codes = tuple(code for line in read.lines for code in line.has)
                return Returned(codes) if is_agreed(answered) else Passed()
            case _:
                return self._settled(said, read, read.message, answered, scans)

    def _settled(
        self, said: Said, read: ReadLines, message: Message, answer: Mapping[str, object],
        scans: Sequence[ScannedPack] | None,
    ) -> Fact:  # fmt: skip
        if not answer:
            return Passed()
        is_settled, visit = is_agreed(answer), None
        if said.infno == "2207":
            asked = message.one("data")
            visit = asked.text("mdtrt_id"), asked.text("chrg_bchno")
        codes: tuple[tuple[str, str], ...] = ()
        if Channel.SETTLEMENT in self._area.trace_channels:
            codes = tuple(
                (one.text("feedetl_sn"), one.text("drug_trac_codg")) for one in message.many("drug_trac_info")
            )
        return Settled(
            key=output_text(answer, "setlinfo", "setl_id") if is_settled else said.msgid,
            msgid=said.msgid,
            attempt=attempt_of(said),
            is_settled=is_settled,
            lines=read.lines if visit is None else (),
            visit=visit,
            amount=self._amount(answer) if is_settled else Decimal(0),
            refusal=str(answer.get("err_msg") or "")[:_LONGEST],
            codes=codes,
            scanned=None if scans is None else dict(Counter(item for scan in scans for item in scan.items)),
        )

    def _amount(self, answer: Mapping[str, object]) -> Decimal:
        fund, account, aid = (
            _number(output_text(answer, "setlinfo", name))
            for name in ("fund_pay_sumamt", "acct_pay", "acct_mulaid_pay")
        )
        own = account if self._area.acct_includes_mutual_aid else account + aid
        # What is counted as a fund here holds the account as `acct_pay` states it.
        return fund + own - account if self._area.fund_pay_includes_account else fund + own


def _visit_lines(read: ReadLines, message: Message) -> Fact:
    rows = zip(message.many("feedetail"), read.lines, strict=True)
    return VisitLines(tuple((row.text("mdtrt_id"), row.text("chrg_bchno"), line) for row, line in rows))


def _uploaded(said: Said, read: ReadLines, message: Message, answer: Mapping[str, object]) -> Fact:
    is_accepted = is_agreed(answer) and output_text(answer, "result", "retRslt") in {_ACCEPTED, ""}
    reason = output_text(answer, "result", "msgRslt") or str(answer.get("err_msg") or "")
    node = "selinfo" if said.infno == "3505" else "selinfoDetail"
    rows = tuple(
        Upload(row.text_or("setl_id", ""), f"{row.text('rtal_docno')} {said.msgid}", line.item, line.has)
        for row, line in zip(message.many(node), read.lines, strict=True)
    )
    return Uploaded(rows, is_accepted, reason[:_LONGEST])


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)
