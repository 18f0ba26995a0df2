"""What the proxy keeps, on the terminal's store: journal, open questions, what listening understood, codes owed.

All of it is committed before a call returns. What names people is sealed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec
import structlog
from sqlalchemy import Connection

from edge.clock import Clock
from edge.pos.overheard import Fact, Understanding
from edge.pos.ports import Exchange, Known, LineScans, Question, SaleRef
from edge.pos.upstream import Reply
from edge.sealing import SealBrokenError, Sealer
from edge.store import pos_codes, pos_questions
from edge.store.pos_codes import OwedRow
from edge.store.pos_exchanges import ExchangeRow, heard_facts, note_exchange, put_heard
from edge.store.pos_questions import QuestionRow, QuestionState
from rules.scan_binding import SaleLine, ScannedPack

_T = TypeVar("_T")
_US = 1_000_000
_HEARD = "pos_heard.fact"
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Commits(Protocol):
    """Runs work in one transaction of the store."""

    def __call__(self, work: Callable[[Connection], _T], /) -> Awaitable[_T]:
        """Return what `work` returns, once it is on the disk."""
        ...


class StoredJournal:
    """Keeps exchanges."""

    def __init__(self, commits: Commits) -> None:
        self._commits = commits

    async def note(self, exchange: Exchange) -> None:
        """Keep it, or complete it."""
        row = ExchangeRow(
            exchange.at, exchange.infno, exchange.msgid, exchange.institution, exchange.stage,
            int(exchange.took_s * _US), exchange.status, exchange.infcode, exchange.request_bytes,
            exchange.answer_bytes, exchange.request_digest, exchange.sent_digest, exchange.answer_digest,
            exchange.added, exchange.remarks,
        )  # fmt: skip
        await self._commits(lambda tx: note_exchange(tx, row))


class StoredOpen:
    """Keeps open questions. Those that are open stand in memory too; `load` takes them up at a start."""

    def __init__(self, commits: Commits, sealer: Sealer, clock: Clock) -> None:
        self._commits = commits
        self._sealer = sealer
        self._clock = clock
        self._open: dict[tuple[str, str], Question] = {}
        self.unreadable: tuple[str, ...] = ()
        """Numbers of open questions that do not open with this terminal's key."""

    async def load(self) -> None:
        """Take up what the run before left."""
        unreadable = []
        for row in await self._commits(pos_questions.open_questions):
            try:
                question = opened_question(row, self._sealer)
            except SealBrokenError as exc:
                _logger.error("pos.question_unreadable", msgid=row.msgid, code=exc.code)
                unreadable.append(row.msgid)
                continue
            self._open[row.institution, row.msgid] = question
        self.unreadable = tuple(unreadable)

    async def note(self, question: Question) -> None:
        """Keep it before the message leaves."""
        key = question.institution, question.msgid
        if key in self._open:
            return
        sealed = self._sealer.seal(msgspec.json.encode(question), _asked_place(*key))
        row = QuestionRow(
            *key, question.infno, question.at, question.request_digest, QuestionState.OPEN, sealed, None,
            sale=self._sale(question.sale_key) if question.sale_key else "",
        )  # fmt: skip
        await self._commits(lambda tx: pos_questions.put_question(tx, row))
        self._open[key] = question

    async def all(self) -> Sequence[Question]:
        """Return what is open and can be read."""
        if self._open:
            await self._drop_what_was_put_aside()
        return tuple(self._open.values())

    async def find(self, institution: str, msgid: str) -> Question | None:
        """Return the question of this message, if it is open."""
        return self._open.get((institution, msgid))

    async def of_sale(self, institution: str, sale_key: str) -> Question | None:
        """Return an open question about the same sale."""
        same = (one for one in self._open.values() if one.institution == institution and one.sale_key == sale_key)
        return next(same, None)

    async def done_of_sale(self, institution: str, sale_key: str) -> str | None:
        """Return the number of a message that settled the same sale, as was found out unheard by the software."""
        return await self._commits(lambda tx: pos_questions.find_done(tx, institution, self._sale(sale_key)))

    async def known(self, institution: str, msgid: str) -> Known | None:
        """Return what was found out of this message since."""
        row = await self._commits(lambda tx: pos_questions.find_question(tx, institution, msgid))
        if row is None or row.state not in {QuestionState.ANSWERED, QuestionState.REVERSED}:
            return None
        if row.answer is None:
            return Known(row.request_digest, None) if row.state is QuestionState.REVERSED else None
        try:
            plain = self._sealer.open(row.answer, _answer_place(institution, msgid))
        except SealBrokenError:
            return None
        return Known(row.request_digest, msgspec.json.decode(plain, type=Reply))

    async def answered(self, institution: str, msgid: str, reply: Reply) -> None:
        """Keep the answer to an open question."""
        key = institution, msgid
        if key not in self._open:
            return
        sealed = self._sealer.seal(msgspec.json.encode(reply), _answer_place(*key))
        await self._commits(lambda tx: pos_questions.note_answer(tx, key, sealed))
        self._open[key] = replace(self._open[key], reply=reply)

    async def unread(self, institution: str, msgid: str) -> None:
        """Note that the software has an answer that cannot be read here."""
        key = institution, msgid
        if key not in self._open or self._open[key].is_unread:
            return
        # At once in memory: whatever the disk says, nothing takes back what the software may hold for done.
        self._open[key] = replace(self._open[key], is_unread=True)
        await self._commits(lambda tx: pos_questions.note_unread(tx, key))

    async def close(self, institution: str, msgid: str) -> None:
        """The answer went to whoever asked, or nothing ever left."""
        await self._commits(lambda tx: pos_questions.forget_question(tx, institution, msgid))
        self._open.pop((institution, msgid), None)

    async def found_out(self, institution: str, msgid: str, reply: Reply, setl_id: str) -> None:
        """Keep what came of an open question."""
        key, now, state = (institution, msgid), self._clock.now(), QuestionState.ANSWERED
        sealed = self._sealer.seal(msgspec.json.encode(reply), _answer_place(*key))
        await self._commits(lambda tx: pos_questions.close_question(tx, key, state, sealed, now, setl_id=setl_id))
        self._open.pop(key, None)

    async def taken_back(self, institution: str, msgid: str) -> None:
        """Keep that nothing stands of a message."""
        key, now = (institution, msgid), self._clock.now()

        def work(tx: Connection) -> None:
            if not pos_questions.close_question(tx, key, QuestionState.REVERSED, None, now):
                pos_questions.note_taken_back(tx, key)

        await self._commits(work)
        self._open.pop(key, None)

    async def cancelled(self, institution: str, setl_id: str) -> None:
        """Note that a settlement does not stand any more."""
        now = self._clock.now()
        await self._commits(lambda tx: pos_questions.note_cancelled(tx, institution, setl_id, now))

    async def told(self, institution: str, msgid: str) -> None:
        """Note that the software has heard."""
        now = self._clock.now()
        await self._commits(lambda tx: pos_questions.note_told(tx, institution, msgid, now))

    def _sale(self, sale_key: str) -> str:
        return self._sealer.digest(sale_key, "pos_question.sale")

    async def _drop_what_was_put_aside(self) -> None:
        """A person may have put a question aside from the command line."""
        rows = await self._commits(pos_questions.open_questions)
        still = {(row.institution, row.msgid) for row in rows}
        self._open = {key: one for key, one in self._open.items() if key in still}


class StoredLater:
    """Keeps codes that are to follow."""

    def __init__(self, commits: Commits, clock: Clock) -> None:
        self._commits = commits
        self._clock = clock

    async def note(self, sale: SaleRef, codes: Sequence[LineScans]) -> None:
        """Keep what is to be uploaded."""
        now = self._clock.now()
        rows = [
            OwedRow(
                code, sale.institution, sale.setl_id, one.line.item, one.line.serial, msgspec.json.encode(one.line),
                "waiting", "", now,
            )
            for one in codes
            for code in one.codes
        ]  # fmt: skip
        await self._commits(lambda tx: pos_codes.owe_codes(tx, rows))

    async def done(self, codes: Iterable[str], setl_id: str) -> None:
        """The POS has told these codes itself."""
        told = tuple(codes)
        if told:
            await self._commits(lambda tx: pos_codes.set_owed(tx, told, "done", of=setl_id))


class StoredHears:
    """Keeps what listening understands."""

    def __init__(self, commits: Commits, understanding: Understanding, sealer: Sealer) -> None:
        self._commits = commits
        self._understanding = understanding
        self._sealer = sealer

    async def hear(
        self, at: datetime, request: bytes, answer: Reply | None, scans: Sequence[ScannedPack] | None
    ) -> None:
        """Watch one exchange."""
        fact = self._understanding.fact_of(at, request, answer, scans)
        sealed = self._sealer.seal(msgspec.json.encode(fact), _HEARD)
        await self._commits(lambda tx: put_heard(tx, at, sealed))


def facts_kept(tx: Connection, sealer: Sealer) -> Iterable[tuple[datetime, Fact]]:
    """Yield what listening understood, in its order; what does not open is left out.

    Raises:
        SealBrokenError: Nothing of it opens: the key is another one.
    """
    broken: SealBrokenError | None = None
    is_any = False
    for at, sealed in heard_facts(tx):
        try:
            plain = sealer.open(sealed, _HEARD)
        except SealBrokenError as exc:
            broken = exc
            continue
        is_any = True
        yield at, msgspec.json.decode(plain, type=Fact)
    if broken is not None and not is_any:
        raise broken


def opened_question(row: QuestionRow, sealer: Sealer) -> Question:
    """Return an open question.

    Raises:
        SealBrokenError: It does not open with this terminal's key.
    """
    plain = sealer.open(row.asked or b"", _asked_place(row.institution, row.msgid))
    question = replace(msgspec.json.decode(plain, type=Question), is_doubtful=row.is_doubtful, is_unread=row.is_unread)
    if row.answer is None:
        return question
    answer = sealer.open(row.answer, _answer_place(row.institution, row.msgid))
    return replace(question, reply=msgspec.json.decode(answer, type=Reply))


def line_of(row: OwedRow) -> SaleLine:
    """Return the line of a code that is owed."""
    return msgspec.json.decode(row.line, type=SaleLine)


def _asked_place(institution: str, msgid: str) -> str:
    return f"pos_question.asked/{institution}/{msgid}"


def _answer_place(institution: str, msgid: str) -> str:
    return f"pos_question.answer/{institution}/{msgid}"
