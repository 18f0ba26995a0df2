"""Listen-only mode: what goes by is watched, nothing of it is changed, and the sales that would stay unpaid are told.

The watcher is given copies. Of a person it keeps nothing but a digest, by which a settlement that was refused and asked
for again is known to be one sale.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from codes.words import Words
from edge.pos.ports import Goods
from edge.pos.reading import Reader, ReadLines, Said, is_agreed, output_text, read_lines
from rules.scan_binding import SaleLine, ScannedPack
from rules.unpaid import ToldCodes, UnpaidReport, WatchedSale, report_on
from wire.fsi.areas import Area, Channel
from wire.fsi.record import Message
from wire.fsi.values import BEIJING

SETTLES = {"2102": "druginfo", "2207": "data"}
_TRIALS = {"2101", "2206"}
_CANCELS = {"2103": "data", "2208": "data"}
_UPLOADS = {"3505", "3505A"}
_ACCEPTED = "1"
GRACE = timedelta(hours=24)
"""How long an upload may take before its lack is told."""
_MOST_LINES_HELD = 10_000
_MOST_UNREAD_KINDS = 100


@dataclass(slots=True)
class _Sale:
    """What is known of one sale so far."""

    watched: WatchedSale
    at: datetime
    attempt: str
    uploads: list[ToldCodes] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Heard:
    """What listening found."""

    unpaid: UnpaidReport
    waiting: int
    """Settled a short time ago and not uploaded yet: nothing is said of them."""
    exchanges: int
    unread: Mapping[Words, int]
    """Messages that could not be read, and why."""
    unjoined: int
    """Uploads of insured sales that name no settlement that went by."""


class Listener:
    """Watches exchanges, in their order."""

    def __init__(self, area: Area, reader: Reader, goods: Goods) -> None:
        self._area = area
        self._reader = reader
        self._goods = goods
        self._sales: dict[str, _Sale] = {}
        self._visit_lines: dict[tuple[str, str], tuple[SaleLine, ...]] = {}
        self._trials: dict[str, Decimal] = {}
        self._sold: dict[str, str] = {}
        self._msgids: dict[str, str] = {}
        self._unread: Counter[Words] = Counter()
        self._exchanges = 0
        self._unjoined = 0

    def hear(
        self, at: datetime, request: bytes, answer: bytes | None, scans: Sequence[ScannedPack] | None = None
    ) -> None:
        """Watch one exchange.

        Args:
            at: When it went by.
            request: What the POS sent.
            answer: What came back; None if nothing did.
            scans: What lay scanned at the desk; None if the scanner is not ours to see.
        """
        self._exchanges += 1
        said = self._reader.request(request)
        answered = self._reader.answer(answer, said.institution, at) if answer is not None else {}
        match said.infno:
            case "2204":
                self._note_visit_lines(said, answered)
            case "2101" | "2206":
                self._trial(said, answered)
            case "2102" | "2207":
                self._settlement(at, said, answered, scans)
            case "2103" | "2208":
                self._cancelled(said, answered)
            case "2601":
                self._reversed(said, answered)
            case "3505" | "3505A":
                self._upload(said, answered)
            case "3506":
                self._returned(said, answered)
            case _:
                if said.why is not None:
                    self._cannot_read(said.why)

    def report(self, until: datetime, grace: timedelta = GRACE) -> Heard:
        """Return what would have been unpaid of all that went by until now."""
        settled = {one.attempt for one in self._sales.values() if one.watched.is_settled}
        ready, waiting = [], 0
        for one in self._sales.values():
            if not one.watched.is_settled and one.attempt in settled:
                continue
            sale = replace(one.watched, uploads=self._uploads_of(one))
            if sale.is_settled and sale.uploads == () and sale.lines and until - one.at < grace:
                waiting += 1
            else:
                ready.append(sale)
        unpaid = report_on(ready, self._goods.about)
        return Heard(unpaid, waiting, self._exchanges, dict(self._unread), self._unjoined)

    def _uploads_of(self, sale: _Sale) -> tuple[ToldCodes, ...] | None:
        return tuple(sale.uploads) if Channel.SALE in self._area.trace_channels else None

    def _lines(self, said: Said) -> ReadLines | None:
        if said.is_hidden and said.input is None:
            self._cannot_read(Words("交易输入已加密，终端没有密钥", "the input is encrypted and there is no key here"))
            return None
        read = read_lines(said.infno, said.input, self._area, self._goods)
        if read.message is None and read.why is not None:
            self._cannot_read(read.why)
        return read if read.message is not None else None

    def _note_visit_lines(self, said: Said, answer: Mapping[str, object]) -> None:
        read = self._lines(said)
        if read is None or read.message is None or not is_agreed(answer):
            return
        for row, line in zip(read.message.many("feedetail"), read.lines, strict=True):
            key = (row.text("mdtrt_id"), row.text("chrg_bchno"))
            self._visit_lines[key] = (*self._visit_lines.get(key, ()), line)
        while len(self._visit_lines) > _MOST_LINES_HELD:
            del self._visit_lines[next(iter(self._visit_lines))]

    def _trial(self, said: Said, answer: Mapping[str, object]) -> None:
        attempt = _attempt(said)
        if attempt and is_agreed(answer):
            self._trials[attempt] = self._amount(answer)

    def _settlement(
        self, at: datetime, said: Said, answer: Mapping[str, object], scans: Sequence[ScannedPack] | None
    ) -> None:
        read = self._lines(said)
        if read is None or read.message is None or answer.get("infcode") in (None, ""):
            return
        message, is_settled, attempt = read.message, is_agreed(answer), _attempt(said)
        key = output_text(answer, "setlinfo", "setl_id") if is_settled else said.msgid
        if key in self._sales and self._sales[key].watched.is_settled:
            return  # the answer to a repeated message
        lines = read.lines if said.infno == "2102" else self._lines_of_visit(message)
        sale = WatchedSale(
            key=key,
            day=at.astimezone(BEIJING).date(),
            lines=tuple(line for line in lines if line.needs),
            amount=self._amount(answer) if is_settled else self._trials.get(attempt, Decimal(0)),
            is_settled=is_settled,
            refusal=str(answer.get("err_msg") or "")[:200],
            at_settlement=self._at_settlement(key, message, lines, is_settled=is_settled),
            scanned=None if scans is None else Counter(item for scan in scans for item in scan.items),
        )
        self._sales[key] = _Sale(sale, at, attempt)
        self._msgids[said.msgid] = key

    def _lines_of_visit(self, message: Message) -> tuple[SaleLine, ...]:
        asked = message.one("data")
        return self._visit_lines.get((asked.text("mdtrt_id"), asked.text("chrg_bchno")), ())

    def _at_settlement(
        self, key: str, message: Message, lines: Sequence[SaleLine], *, is_settled: bool
    ) -> tuple[ToldCodes, ...] | None:
        if Channel.SETTLEMENT not in self._area.trace_channels:
            return None
        items = {line.serial: line.item for line in lines}
        told: dict[str, list[str]] = {}
        for one in message.many("drug_trac_info"):
            told.setdefault(items.get(one.text("feedetl_sn"), ""), []).append(one.text("drug_trac_codg"))
        if not is_settled:
            return ()
        return tuple(self._told(key, item, codes) for item, codes in told.items())

    def _told(self, sale: str, item: str, codes: Sequence[str]) -> ToldCodes:
        before = frozenset(code for code in codes if self._sold.setdefault(code, sale) != sale)
        return ToldCodes(item, tuple(codes), sold_before=before)

    def _upload(self, said: Said, answer: Mapping[str, object]) -> None:
        read = self._lines(said)
        if read is None or read.message is None or not answer:
            return
        is_accepted = is_agreed(answer) and output_text(answer, "result", "retRslt") in {_ACCEPTED, ""}
        reason = output_text(answer, "result", "msgRslt") or str(answer.get("err_msg") or "")
        node = "selinfo" if said.infno == "3505" else "selinfoDetail"
        for row, line in zip(read.message.many(node), read.lines, strict=True):
            key = row.text_or("setl_id", "")
            sale = self._sales.get(key)
            self._unjoined += sale is None and bool(key)
            if is_accepted:
                told = self._told(key or f"{row.text('rtal_docno')} {said.msgid}", line.item, line.has)
            else:
                told = ToldCodes(line.item, line.has, is_accepted=False, said=reason[:200])
            if sale is not None:
                sale.uploads.append(told)

    def _returned(self, said: Said, answer: Mapping[str, object]) -> None:
        read = self._lines(said)
        if read is not None and is_agreed(answer):
            for code in (code for line in read.lines for code in line.has):
                self._sold.pop(code, None)

    def _cancelled(self, said: Said, answer: Mapping[str, object]) -> None:
        if is_agreed(answer):
            self._forget(_field(said.input, "data", "setl_id"))

    def _reversed(self, said: Said, answer: Mapping[str, object]) -> None:
        if is_agreed(answer):
            self._forget(self._msgids.get(_field(said.input, "data", "omsgid"), ""))

    def _forget(self, key: str) -> None:
        """A sale that was undone is none; its packs may be sold again."""
        if self._sales.pop(key, None) is not None:
            self._sold = {code: sale for code, sale in self._sold.items() if sale != key}

    def _amount(self, answer: Mapping[str, object]) -> Decimal:
        fund, account, aid = (
            _number(output_text(answer, "setlinfo", name))
            for name in ("fund_pay_sumamt", "acct_pay", "acct_mulaid_pay")
        )
        own = account if self._area.acct_includes_mutual_aid else account + aid
        # What is counted as a fund here holds the account as `acct_pay` states it.
        return fund + own - account if self._area.fund_pay_includes_account else fund + own

    def _cannot_read(self, why: Words) -> None:
        if why in self._unread or len(self._unread) < _MOST_UNREAD_KINDS:
            self._unread[why] += 1


def _attempt(said: Said) -> str:
    """Return what two askings for the same sale have in common, digested: it names a person."""
    node = "druginfo" if said.infno in {"2101", "2102"} else "data"
    parts = [said.institution, *(_field(said.input, node, name) for name in ("psn_no", "mdtrt_id", "chrg_bchno"))]
    parts += [_field(said.input, node, name) for name in ("begntime", "medfee_sumamt")]
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def _field(given: object, node: str, name: str) -> str:
    row = given.get(node) if isinstance(given, dict) else None
    row = row[0] if isinstance(row, list) and row else row
    value = row.get(name) if isinstance(row, dict) else None
    return str(value).strip() if value is not None else ""


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() else Decimal(0)
