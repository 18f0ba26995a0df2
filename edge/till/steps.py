"""One step after the other, each message written down with the step that it begins, each outcome with what follows.

A process that dies anywhere finds the step it was in: without a message it begins the step, with one it waits for the
journal to find the outcome out. So no message of an undertaking is sent twice under two numbers unless the first is
known to have done nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec
import structlog
from sqlalchemy import Connection

from codes.errors import YimaError
from codes.words import Words
from edge.clock import Clock
from edge.fsi.journal import Journal, Purpose, Told
from edge.fsi.outcome import Agreed, Unknown, news_of
from edge.sealing import Sealer
from edge.store import settlements
from edge.store import undertakings as kept
from edge.store.fsi_messages import is_tills
from edge.store.settlements import SettlementRow, asked_place
from edge.store.undertakings import Undertaking, plan_place
from edge.till.asked import AskedSettlement
from edge.till.messages import SETTLE, paid_of, settlement_nodes, told_in
from edge.till.outcomes import why_not
from edge.till.plans import Ending, Plan, Step
from edge.till.uploading import WhoSends
from rules.settling import Standing, after
from wire.fsi.areas import Area
from wire.fsi.asking import Answer, Nodes
from wire.fsi.repeats import names_another, says_found
from wire.ids import uuid7

KIND = "till.undertaking"
CANCEL, REVERSE = "2103", "2601"
_PASSWORD_NEEDED = Words(
    "须由参保人重新输入密码后结算", "The person has to type the password again before it is settled"
)
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Verb(Protocol):
    """What is undertaken: what follows from each outcome."""

    def agreed(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Let follow what follows from a yes."""
        ...

    def came_to_nothing(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Let follow what follows from a message that did nothing: refused, never sent, or taken back."""
        ...

    def was_before(self, tx: Connection, one: Undertaking, plan: Plan, told: Told) -> None:
        """Let follow what follows from a yes to what somebody else has done before: no money is moved for it here."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What undertakings are made of."""

    journal: Journal
    area: Area
    sealer: Sealer
    clock: Clock
    who: WhoSends
    random: Callable[[int], bytes]
    institution: str = ""
    """Whose messages are known by their numbers."""


@dataclass(frozen=True, slots=True)
class Taking:
    """In whose name something is undertaken."""

    operator: str
    shift: str | None


class GoneError(RuntimeError):
    """The step was taken meanwhile."""


class Steps:
    """Sends the messages of undertakings. Its methods but `hear` and `plan_of` belong to a thread that may wait."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._verbs: dict[kept.Kind, Verb] = {}
        parts.journal.register(KIND, self._hear)

    def serve(self, kind: kept.Kind, verb: Verb) -> None:
        """Name who knows what follows. Done before anything is resolved."""
        self._verbs[kind] = verb

    def begin(self, tx: Connection, taking: Taking, plan: Plan, *, kind: kept.Kind, sale: str, step: Step) -> str:
        """Keep an undertaking that begins with this step; return its number."""
        now = self._parts.clock.now()
        number = str(uuid7(int(now.timestamp() * 1_000), self._parts.random(10)))
        sealed = self.sealed(number, plan)
        kept.put_undertaking(
            tx,
            Undertaking(number, kind, sale, step, sealed, taking.operator, taking.shift, now, None, None, None, None),
        )
        return number

    def go_on(self, number: str, *, password: str | None = None) -> None:
        """Take an undertaking as far as it goes now: to its end, to a choice, or to a message that is not answered."""
        commits = self._parts.journal.commits
        one = commits(lambda tx: kept.find_undertaking(tx, number))
        while one is not None and one.ended_at is None and one.msgid is None and one.step != Step.CHOICE:
            before = one.step
            if before == Step.SETTLE and password is None and SETTLE in self._parts.area.checks_password:
                commits(lambda tx: self._stop(tx, number))
                return
            try:
                self._send(one, password)
            except GoneError:
                return
            one = commits(lambda tx: kept.find_undertaking(tx, number))
            if one is not None and one.step == before:
                # It never left: it goes out when the line is back.
                return

    def _stop(self, tx: Connection, number: str) -> None:
        """Stop where the person has to type a password: it was typed before, and nobody has kept it."""
        one = kept.find_undertaking(tx, number)
        if one is None or one.ended_at is not None or one.msgid is not None or one.step != Step.SETTLE:
            return
        if one.kind is kept.Kind.RETURN:
            kept.set_step(tx, number, Step.CHOICE, str(_PASSWORD_NEEDED))
        else:
            # Nothing was cancelled for it: it is simply asked for again.
            kept.end_undertaking(tx, number, self._parts.clock.now(), Ending.NOT_SENT, str(_PASSWORD_NEEDED))

    def look(self) -> int:
        """Take up whatever waits for no message; return how many undertakings are open."""
        found = self._parts.journal.commits(kept.open_undertakings)
        for one in found:
            try:
                self.go_on(one.id)
            except YimaError as exc:
                _logger.warning("undertaking.not_gone_on", id=one.id, step=one.step, code=exc.code)
        return len(found)

    def plan_of(self, one: Undertaking) -> Plan:
        """Return what is planned.

        Raises:
            SealBrokenError: It does not open with this terminal's key.
        """
        return msgspec.json.decode(self._parts.sealer.open(one.plan, plan_place(one.id)), type=Plan)

    def sealed(self, number: str, plan: Plan) -> bytes:
        """Return a plan as it is kept."""
        return self._parts.sealer.seal(msgspec.json.encode(plan), plan_place(number))

    def keep_plan(self, tx: Connection, number: str, plan: Plan) -> None:
        """Keep what is planned now."""
        kept.set_plan(tx, number, self.sealed(number, plan))

    # -- sending -------------------------------------------------------------------------------------------------------

    def _send(self, one: Undertaking, password: str | None) -> None:
        plan, parts = self.plan_of(one), self._parts
        infno, nodes = self._message(one, plan)
        who = parts.who(one.operator)

        def also(tx: Connection, msgid: str) -> None:
            now = kept.find_undertaking(tx, one.id)
            if now is None or now.ended_at is not None or now.msgid is not None or now.step != one.step:
                raise GoneError
            kept.set_message(tx, one.id, one.step, msgid)
            self._stand(tx, one, plan, msgid)

        wants = infno in parts.area.checks_password
        parts.journal.ask(
            who.sender, infno, nodes, Purpose(KIND, one.id), insured_district=plan.district, sign_no=who.sign_no,
            password=password if wants else None, also=also,
        )  # fmt: skip

    def _message(self, one: Undertaking, plan: Plan) -> tuple[str, Nodes]:
        match Step(one.step):
            case Step.CANCEL:
                data = {"setl_id": plan.setl_id, "mdtrt_id": plan.mdtrt_id, "psn_no": plan.person}
                return CANCEL, {"data": data}
            case Step.RESTORE:
                return REVERSE, {"data": {"psn_no": plan.person, "omsgid": plan.cancelled_by, "oinfno": CANCEL}}
            case _:
                assert plan.rest is not None  # noqa: S101 - nothing is settled where nothing stays
                return SETTLE, settlement_nodes(plan.rest, self._parts.area, number=one.sale)

    def _stand(self, tx: Connection, one: Undertaking, plan: Plan, msgid: str) -> None:
        """Say of the settlement what is being asked, in the transaction that writes the message down."""
        match Step(one.step):
            case Step.CANCEL if one.kind is kept.Kind.TELL:
                # It is cancelled in our book already.
                pass
            case Step.CANCEL if plan.nth is not None:
                settlements.set_undoing(tx, one.sale, plan.nth, msgid)
            case Step.SETTLE if one.kind is kept.Kind.TELL and plan.nth is not None:
                settlements.set_asked_again(tx, one.sale, plan.nth, msgid)
            case Step.SETTLE if plan.rest is not None:
                put_asked(tx, one, plan.rest, msgid, self._parts)
            case _:
                pass

    # -- hearing -------------------------------------------------------------------------------------------------------

    def _hear(self, tx: Connection, told: Told) -> None:
        one = kept.find_undertaking(tx, told.purpose.key)
        if one is None or one.ended_at is not None or one.msgid != told.msgid:
            _logger.error("undertaking.not_meant", msgid=told.msgid, key=told.purpose.key)
            return
        row, plan, verb = settlements.settlement_by_message(tx, told.msgid), self.plan_of(one), self._verbs[one.kind]
        is_anothers = isinstance(told.outcome, Agreed) and self._is_anothers(tx, told, told.outcome.answer, plan)
        if row is not None:
            self._move(tx, row, told, is_anothers=is_anothers)
        if isinstance(told.outcome, Unknown):
            return
        if is_anothers:
            _logger.warning("undertaking.was_before", id=one.id, step=one.step, msgid=told.msgid)
            verb.was_before(tx, one, plan, told)
        elif isinstance(told.outcome, Agreed):
            verb.agreed(tx, one, plan, told)
        else:
            verb.came_to_nothing(tx, one, plan, told)

    def _is_anothers(self, tx: Connection, told: Told, answer: Answer, plan: Plan) -> bool:
        """Say whether somebody else has done what the centre agrees to: then it is none of our books."""
        if told.infno == REVERSE:
            return False
        by = made_by(answer)
        if by == told.msgid or (by and is_tills(tx, by)):
            return False
        if says_found(answer.warning) or names_another(by, self._parts.institution, plan.made_by):
            return True
        # Of a platform that tells neither: a settlement that is in our book is not made a second time.
        setl_id = paid_of(answer, self._parts.clock.now(), self._parts.area).setl_id
        known = settlements.settlement_by_setl_id(tx, setl_id) if told.infno == SETTLE and setl_id else None
        return known is not None and known.ask_msgid != told.msgid

    def _move(self, tx: Connection, row: SettlementRow, told: Told, *, is_anothers: bool) -> None:
        """Move the settlement that the message asks for or undoes."""
        to, now = after(row.standing, news_of(told.outcome)), self._parts.clock.now()
        if isinstance(told.outcome, Agreed):
            warning = told.outcome.answer.warning or None
            if is_anothers and to is Standing.SETTLED:
                settlements.set_standing(tx, row.sale, row.nth, Standing.NONE, warning)
            elif is_anothers:
                settlements.set_overtaken(tx, row.sale, row.nth, warning)
            elif to is Standing.SETTLED:
                paid = paid_of(told.outcome.answer, now, self._parts.area)
                settlements.set_settled(tx, row.sale, row.nth, paid, warning)
            else:
                settlements.set_undone(tx, row.sale, row.nth, done_at(told, self._parts), warning)
            return
        settlements.set_standing(tx, row.sale, row.nth, to, str(why_not(told.outcome)))


def done_at(told: Told, parts: Parts) -> datetime:
    """Return when the centre did what it agreed to: near midnight the device's clock may be of another day."""
    now = parts.clock.now()
    return paid_of(told.outcome.answer, now, parts.area).at if isinstance(told.outcome, Agreed) else now


def warning_of(told: Told) -> str | None:
    """Return what the centre remarked with its yes; None if nothing."""
    return told.outcome.answer.warning or None if isinstance(told.outcome, Agreed) else None


def made_by(answer: Answer) -> str:
    """Return the message that an answered settlement or cancellation was made by (`medins_setl_id`)."""
    told = next(iter(told_in(answer, "setlinfo")), None)
    return "" if told is None else str(told.get("medins_setl_id") or "").strip()


def put_asked(tx: Connection, one: Undertaking, asked: AskedSettlement, msgid: str, parts: Parts) -> None:
    """Keep a settlement as asked for."""
    settlements.put_settlement(
        tx, sale=one.sale, operator=one.operator, shift=one.shift, begun_at=parts.clock.now(),
        asked=parts.sealer.seal(msgspec.json.encode(asked), asked_place(one.sale)), ask_msgid=msgid,
        insutype=asked.insurance.kind, fee=asked.fee,
    )  # fmt: skip
