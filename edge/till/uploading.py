"""Rows for the centre's ledger go out, in their order, beside all that happens at the counter.

A row is sent once: its message is in the journal before the first byte leaves, and its outcome comes with the
journal's, after a restart too. Without a line rows wait; what the centre refuses waits for a person, who reads its
words.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import structlog
from sqlalchemy import Connection

from codes.errors import RejectedError, YimaError
from codes.words import Words
from edge.clock import Clock
from edge.errors import EdgeError
from edge.fsi.journal import Journal, Purpose, Told
from edge.fsi.outcome import Agreed, NotSent, Refused, Reversed, Unknown
from edge.store import ledger_rows as kept
from edge.store.ledger_rows import LedgerRow, RowState
from edge.till.ledger import CLAIMED, Ledger
from wire.fsi.asking import Answer, Sender, UnaskableError

KIND = "till.ledger"
MOST = 20
"""Rows of one look."""
FIRST_PAUSE_S, MOST_PAUSE_S = 10.0, 600.0
_MOST_DOUBLINGS = 6
_LATER = frozenset({"fsi.sign_in_needed", "fsi.unproved", "fsi.terminal_not_approved", "fsi.out_of_window"})
"""Refusals that are about who asks, and end by themselves."""
_ACCEPTED = "1"
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class RowNotOpenError(EdgeError, RejectedError):
    """There is no such row, or nothing is to be done about it."""

    code: ClassVar[str] = "ledger.not_open"
    next_step: ClassVar[Words] = Words("请刷新上传清单。", "Load the list of rows again.")

    def __init__(self, number: int) -> None:
        super().__init__(Words(f"上传记录 {number} 无需处理", f"Nothing is to be done about row {number}"))


class ClaimedError(EdgeError, RejectedError):
    """The fund has paid another settlement for the pack; to send it again changes nothing."""

    code: ClassVar[str] = "ledger.claimed"
    next_step: ClassVar[Words] = Words(
        "请核对实物；误扫的，退回该盒后以正确的码重新销售。",
        "Check the pack. If another box was scanned by mistake, take it back and sell the right one.",
    )

    def __init__(self) -> None:
        super().__init__(
            Words("该码已随另一笔结算支付，不再支付", "It was paid with another settlement: not paid again")
        )


class _GoneError(RuntimeError):
    """The row was dropped while its message was being written."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """In whose name something is sent."""

    sender: Sender
    sign_no: str


WhoSends = Callable[[str], SignedIn]
"""Returns in whose name an operator's messages go. It may ask the interface; never called in the store's thread."""


class Uploader:
    """Sends rows. `look` belongs to one thread that may wait."""

    def __init__(self, journal: Journal, ledger: Ledger, who: WhoSends, clock: Clock) -> None:
        self._journal, self._ledger, self._who, self._clock = journal, ledger, who, clock
        self._news = threading.Condition()
        self._is_woken = self._is_stopped = False
        journal.register(KIND, self._hear)

    def look(self) -> int:
        """Send what is due; return how many rows were sent."""
        self._journal.commits(self._ledger.complete)
        rows = self._journal.commits(lambda tx: kept.due_rows(tx, self._clock.now(), most=MOST))
        return sum(self._sent(row) for row in rows)

    def run(self, pause_s: float = 5.0) -> None:
        """Send until `stop`."""
        while True:
            with self._news:
                if self._is_stopped:
                    return
                self._is_woken = False
            sent = 0
            try:
                sent = self.look()
            except YimaError as exc:
                _logger.warning("ledger.not_sent", code=exc.code, reason=exc.words.en)
            with self._news:
                if not sent:
                    self._news.wait_for(lambda: self._is_woken or self._is_stopped, pause_s)

    def wake(self) -> None:
        """Say that something is due. From any thread."""
        with self._news:
            self._is_woken = True
            self._news.notify_all()

    def stop(self) -> None:
        """End `run`. From any thread."""
        with self._news:
            self._is_stopped = True
            self._news.notify_all()

    def _sent(self, row: LedgerRow) -> bool:
        try:
            nodes, district = self._ledger.nodes_of(row), self._ledger.fields_of(row).district
            who = self._who(row.operator)
            told = self._journal.ask(
                who.sender, row.infno, nodes, Purpose(KIND, str(row.id)), sign_no=who.sign_no,
                insured_district=district,
                also=lambda tx, msgid: _claim(tx, row.id, msgid),
            )  # fmt: skip
        except _GoneError:
            return False
        except UnaskableError as exc:
            why = str(exc.words)
            self._journal.commits(lambda tx: kept.set_state(tx, row.id, RowState.REFUSED, why))
            return False
        return not isinstance(told.outcome, NotSent)

    def _hear(self, tx: Connection, told: Told) -> None:
        """Let follow what follows from an outcome."""
        row = kept.find_row(tx, int(told.purpose.key))
        if row is None or row.state is not RowState.ASKED or row.msgid != told.msgid:
            return
        match told.outcome:
            case Agreed(answer):
                is_taken, words = _second_level(answer)
                kept.set_state(tx, row.id, RowState.TAKEN if is_taken else RowState.REFUSED, words)
                if not is_taken:
                    _logger.warning("ledger.refused", row=row.id, sale=row.sale, is_final=CLAIMED in words)
            case Refused(answer) if answer.code in _LATER:
                self._put_off(tx, row, f"[{answer.code}] {answer.message}")
            case Refused(answer):
                kept.set_state(tx, row.id, RowState.REFUSED, f"[{answer.code}] {answer.message}")
            case NotSent(why):
                self._put_off(tx, row, str(why))
            case Reversed():
                self._put_off(tx, row, "2601")
            case Unknown():
                pass

    def _put_off(self, tx: Connection, row: LedgerRow, why: str) -> None:
        pause_s = min(MOST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(row.tries - 1, _MOST_DOUBLINGS))
        kept.put_off(tx, row.id, self._clock.now() + timedelta(seconds=pause_s), why)


def send_again(tx: Connection, number: int, now: Clock) -> None:
    """Have a refused row sent once more: a person says that what stood against it is mended.

    Raises:
        RowNotOpenError: It is not refused.
        ClaimedError: It is kept and not paid: final.
    """
    row = _refused(tx, number)
    if CLAIMED in (row.told or ""):
        raise ClaimedError
    kept.put_off(tx, row.id, now.now(), row.told)


def set_aside(tx: Connection, number: int, reason: str) -> None:
    """Let a refused or waiting row go, for a reason that is kept.

    Raises:
        RowNotOpenError: It is on its way, or at its end.
    """
    row = kept.find_row(tx, number)
    if row is None or row.state not in {RowState.REFUSED, RowState.WAITING}:
        raise RowNotOpenError(number)
    kept.set_state(tx, row.id, RowState.DROPPED, f"{reason} ({row.told or row.lacks})")


def _refused(tx: Connection, number: int) -> LedgerRow:
    row = kept.find_row(tx, number)
    if row is None or row.state is not RowState.REFUSED:
        raise RowNotOpenError(number)
    return row


def _claim(tx: Connection, number: int, msgid: str) -> None:
    row = kept.find_row(tx, number)
    if row is None or row.state is not RowState.DUE:
        raise _GoneError
    kept.set_asked(tx, number, msgid)


def _second_level(answer: Answer) -> tuple[bool, str]:
    """Return whether the row was accepted, and what was said; an answer without the second level accepts it."""
    result = None if answer.output is None else answer.output.one_or_none("result")
    if result is None:
        return True, answer.warning
    said = result.text_or("msgRslt", "")
    return result.text_or("retRslt", _ACCEPTED) == _ACCEPTED, said
