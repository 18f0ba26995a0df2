"""From a message to its answer, whatever came: the promise of the national interface at the centre.

* Whatever arrives gets an answer in the interface's form. What it cannot be is an answer that was not kept: message,
  business and answer of what changes anything are committed together, so that a crash leaves all of it or nothing, and
  the same message gets the same bytes.
* The same `msgid` with another content is refused. A message that was refused may be sent again and is tried anew.
* What is slow (passwords, long reading) or can fail by its sender (signatures, fields) is done before the transaction.
* A transaction that another worker was in the way of is begun again, a bounded number of times.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from codes.errors import CorruptStoreError, RejectedError, TransientError, YimaError
from codes.words import Words
from server.errors import DamagedStoreError, StoreContentionError, StoreRefusedError, StoreUnavailableError
from server.fsi.admission import admit, check_voice
from server.fsi.answer_paper import AnswerPaper, code_of
from server.fsi.cancelled_since import as_it_stands
from server.fsi.case import Case, Proved, digest_of
from server.fsi.desk import Deed, Deeds, Desk, Output, Preparation
from server.fsi.dispatch import deed_of
from server.fsi.figures import Figures, Outcome
from server.fsi.institution_kinds import check_kind
from server.fsi.lookups import LookupBook
from server.fsi.messages import MessageLog, person_in, person_named_in
from server.fsi.parts import Parts
from server.fsi.person_passwords import PersonPasswords
from server.fsi.place import asks_for_place, check_place
from server.fsi.post import Post, Reply
from server.fsi.proving import Gate
from server.fsi.recent_answers import RecentAnswers
from server.fsi.refusals import BusyError, FaultError, InvalidInputError, MsgidReusedError, ReplayedError, UnprovedError
from server.store.database import Connection, Store
from wire.fsi.areas import Area
from wire.fsi.checking import check
from wire.fsi.envelope import EnvelopeError, Request
from wire.fsi.signing import Opened, Protection, Secrets, SigningError
from wire.fsi.tables import transaction

TRIES = 8
"""How often a transaction is begun."""
_FIRST_PAUSE_S = 0.004
_OF_THE_STORE = (StoreUnavailableError, StoreContentionError, StoreRefusedError, DamagedStoreError)
_STORE_WORDS = Words("数据库未能保存或读出数据", "The database could not keep or find it")
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Progress:
    """How far one message has come, for the answer that says why it came no further."""

    protection: Protection | None = None
    opened: Opened | None = None
    request: Request | None = None
    case: Case | None = None
    is_claimed: bool = False
    """The institution may have it done, and its `msgid` is not another message's: its refusal is kept."""
    infno: str = ""


class Answering:
    """Answers messages of one area. Any number of threads may ask at once."""

    def __init__(
        self,
        *,
        store: Store,
        area: Area,
        secrets: Secrets,
        district: str,
        parts: Parts,
        deeds: Deeds,
        figures: Figures,
        now: Callable[[], datetime],
        is_test_area: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._store, self._area, self._parts, self._deeds = store, area, parts, deeds
        self._gate = Gate(area, secrets, store, is_test_area=is_test_area)
        self._paper = AnswerPaper(area, secrets, district, now)
        self._log = MessageLog(parts.sealer)
        self._recent = RecentAnswers(monotonic)
        self._passwords = PersonPasswords(store, parts.sealer, monotonic) if area.checks_password else None
        self._monotonic, self._sleep = monotonic, sleep
        self._rng = random.Random()  # noqa: S311 - back-off
        self.figures = figures
        self.lookups = LookupBook(store)

    @property
    def path(self) -> str:
        """Where clients of this area post to."""
        return self._gate.whole.transport.path

    def answer(self, post: Post) -> Reply:
        """Return the answer, whatever came."""
        began_s = self._monotonic()
        progress = _Progress()
        try:
            reply = self._answered(post, progress)
        except YimaError as exc:
            reply = self._not_done(exc, post, progress)
        except Exception as exc:
            # The rim: whatever fails, the sender is told, and the next one is served.
            _logger.error("fsi.fault", infno=progress.infno, exc_info=exc)
            reply = self._refused(FaultError(), post, progress, Outcome.FAILED)
        self._note(reply, progress, self._monotonic() - began_s)
        return reply

    def refuse(self, error: YimaError, arrived_at: datetime, outcome: Outcome = Outcome.REFUSED) -> Reply:
        """Return the answer to a message that was not even read."""
        reply = self._refused(error, Post(b"", {}, None, arrived_at), _Progress(), outcome)
        self._note(reply, _Progress(), 0.0)
        return reply

    # -- before the store ------------------------------------------------------------------------------------------

    def _answered(self, post: Post, progress: _Progress) -> Reply:
        opened, progress.protection = self._gate.open(post)
        progress.opened = opened
        request = progress.request = self._gate.read(opened)
        progress.infno = request.infno
        proved = self._gate.prove(post, opened, progress.protection, request)
        progress.request, progress.protection = proved.request, proved.protection
        deed = deed_of(request.infno, self._deeds)
        case = progress.case = self._checked(proved)
        password = proved.verified.password if self._passwords is not None else None
        if password is not None or proved.is_copy or deed.prepare is not None:
            answered = self._find_answer(case)
            if answered is not None:
                return Reply(answered, Outcome.REPEATED)
        if proved.is_copy:
            raise ReplayedError(Words("签名随机数已使用过", "The nonce of the signature was used before"))
        if password is not None and self._passwords is not None:
            self._passwords.check(case, password)
        if deed.prepare is not None:
            deed = self._prepared(case, deed, deed.prepare)
        return self._written(case, deed, progress) if deed.is_writing else self._read(case, deed)

    def _checked(self, proved: Proved) -> Case:
        table = transaction(proved.request.infno, self._area)
        checked = check(proved.request.input, table)
        if checked.message is None:
            raise InvalidInputError(checked.faults)
        return Case(proved, table, checked.message, checked.warnings, digest_of(proved.request))

    # -- at the store ----------------------------------------------------------------------------------------------

    def _find_answer(self, case: Case) -> bytes | None:
        """Return the answer that the very message has had, to whoever may ask for it."""
        with self._store.reading() as connection:
            check_voice(connection, case.proved)
            answered = self._log.find_answer(connection, case)
            if answered is not None:
                return as_it_stands(connection, case, self._area, answered)
        recent = self._recent.find((case.request.institution, case.request.msgid))
        if recent is not None and recent.digest == case.digest:
            return recent.body
        return None

    def _prepared(self, case: Case, deed: Deed, prepare: Preparation) -> Deed:
        """Return the deed with its reading done: what is left of it is for the transaction."""
        with self._store.reading_steadily() as connection:
            check_voice(connection, case.proved)
            return replace(deed, handler=prepare(self._desk(connection, case, deed), case.request, case.message))

    def _read(self, case: Case, deed: Deed) -> Reply:
        request = case.request
        key = (request.institution, request.msgid)
        with self._store.reading() as connection:
            check_voice(connection, case.proved)
            self._log.find_answer(connection, case)
            kept = self._recent.find(key)
            if kept is None:
                desk = self._desk(connection, case, deed)
                answer = self._paper.success(case, self._asked(desk, case, deed), desk.warnings)
                kept = self._recent.keep(key, case.digest, answer.body)
                outcome = Outcome.ANSWERED
            else:
                outcome = Outcome.REPEATED
        if kept.digest != case.digest:
            raise _reused(request)
        return Reply(kept.body, outcome)

    def _asked(self, desk: Desk, case: Case, deed: Deed) -> Output:
        """Ask the handler of a deed that only reads; where it tells of a person, it is taken down who asked."""
        if not deed.is_look_up:
            return deed.handler(desk, case.request, case.message)
        try:
            output = deed.handler(desk, case.request, case.message)
        except RejectedError as exc:
            self.lookups.note(case, person_in(case), code_of(exc))
            raise
        self.lookups.note(case, person_in(case) or person_named_in(output))
        return output

    def _written(self, case: Case, deed: Deed, progress: _Progress) -> Reply:
        kept = self._recent.find((case.request.institution, case.request.msgid))
        for tried in range(TRIES):
            progress.is_claimed = False
            try:
                with self._store.writing() as connection:
                    return self._done(connection, case, deed, progress, is_reused=kept is not None)
            except StoreContentionError:
                self.figures.note_retry()
                self._sleep(self._rng.uniform(0.5, 1) * _FIRST_PAUSE_S * 2**tried)
        raise BusyError(Words("同一记录正被其他业务占用", "Others hold the same records"))

    def _done(self, connection: Connection, case: Case, deed: Deed, progress: _Progress, *, is_reused: bool) -> Reply:
        """Do it and keep it, or find that it was done; inside the transaction."""
        check_voice(connection, case.proved)
        answered = self._log.claim(connection, case)
        if answered is not None:
            return Reply(as_it_stands(connection, case, self._area, answered), Outcome.REPEATED)
        if is_reused:
            raise _reused(case.request)
        desk = self._desk(connection, case, deed)
        # Not before: who forgot to sign in does so and sends the message again, under its own msgid.
        progress.is_claimed = True
        output = deed.handler(desk, case.request, case.message)
        answer = self._paper.success(case, output, desk.warnings)
        self._log.close(connection, case, answer, output)
        return Reply(answer.body, Outcome.ANSWERED)

    def _desk(self, connection: Connection, case: Case, deed: Deed) -> Desk:
        now = case.proved.post.arrived_at
        institution = admit(connection, case, deed, self._parts, now)
        check_kind(institution, case.request.infno, deed, self._area)
        desk = Desk(connection, self._area, now, self._parts, institution, case.proved.caller)
        if asks_for_place(case.request.infno, deed):
            remark = check_place(institution.district, case.request.district)
            desk.warnings.extend([remark] if remark else [])
        return desk

    # -- what was not done -----------------------------------------------------------------------------------------

    def _not_done(self, error: YimaError, post: Post, progress: _Progress) -> Reply:
        if not isinstance(error, RejectedError):
            # The database, rules or a key that are missing, a record that does not open: somebody here has to act.
            _logger.error("fsi.failed", infno=progress.infno, code=error.code, reason=error.words.en)
        if isinstance(error, TransientError):
            return self._refused(_for_strangers(error), post, progress, Outcome.BUSY)
        if isinstance(error, CorruptStoreError):
            return self._refused(_for_strangers(error), post, progress, Outcome.FAILED)
        if isinstance(error, StoreRefusedError):
            return self._kept(self._refused(_for_strangers(error), post, progress, Outcome.REFUSED), progress)
        if isinstance(error, EnvelopeError):
            return self._refused(error, post, progress, Outcome.UNREADABLE)
        if isinstance(error, UnprovedError) or (isinstance(error, SigningError) and post.voice is None):
            return self._refused(error, post, progress, Outcome.UNPROVED)
        return self._kept(self._refused(error, post, progress, Outcome.REFUSED), progress)

    def _refused(self, error: YimaError, post: Post, progress: _Progress, outcome: Outcome) -> Reply:
        try:
            answer = self._paper.refusal(
                error, post, protection=progress.protection, opened=progress.opened, request=progress.request
            )
        except YimaError as exc:
            # There is no key to sign or hide the refusal with: then it goes in clear, and names nobody.
            _logger.error("fsi.answer_unprotected", code=exc.code, reason=exc.words.en)
            answer = self._paper.refusal(error, post)
        return Reply(answer.body, outcome, code_of(error), answer)

    def _kept(self, reply: Reply, progress: _Progress) -> Reply:
        """Keep that the message was refused; answer with what its twin has got meanwhile, if it has."""
        case = progress.case
        if case is None or not progress.is_claimed or reply.answer is None:
            return reply
        try:
            with self._store.writing() as connection:
                answered = self._log.keep_refusal(connection, case, reply.answer)
        except (TransientError, RejectedError) as exc:
            # A refusal is not final, so nothing is lost; the sender is told either way.
            _logger.warning("fsi.refusal_not_kept", infno=progress.infno, code=exc.code, reason=exc.words.en)
            return reply
        return reply if answered is None else Reply(answered, Outcome.REPEATED)

    def _note(self, reply: Reply, progress: _Progress, took_s: float) -> None:
        self.figures.note(progress.infno, reply.outcome, took_s)
        _logger.info(
            "fsi.answered",
            infno=progress.infno,
            institution=progress.request.institution if progress.request else "",
            outcome=reply.outcome.value,
            code=reply.code,
            ms=round(took_s * 1000, 1),
        )


def _for_strangers(error: YimaError) -> YimaError:
    """Return the error without what the database said, which is nobody's business outside."""
    return type(error)(_STORE_WORDS) if isinstance(error, _OF_THE_STORE) else error


def _reused(request: Request) -> MsgidReusedError:
    return MsgidReusedError(
        Words(
            f"msgid（发送方报文ID）{request.msgid} 已用于另一报文",
            f"The msgid {request.msgid} was used for another message",
        )
    )
