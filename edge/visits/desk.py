"""The desk of visits: a person shows a credential, the step is judged and kept, and the hospital's system is told.

A step counts once it is committed, whether the hospital's system answers or not; of one that it does not answer it is
told later, in the order of the visit. One that it refuses is as if it had not been done. 医保码 itself is never here:
a voucher terminal gives a token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from codes.words import Words
from drivers.holder import CertType, Holder
from edge.clock import Clock, to_us
from edge.config_visits import Order
from edge.sealing import Sealer
from edge.store.lane import InStore, Reading
from edge.store.outbox import Outbox, RandomBytes
from edge.store.visit_steps import StepRow, Telling, close_step, put_off_step, put_step, steps_of
from edge.visits.errors import (
    HospitalRefusedError,
    NoItemError,
    OtherPersonError,
    StepDoneError,
    StepTooEarlyError,
)
from edge.visits.hospital import WITHIN_S, Answered, Hospital, Outcome, Told
from rules.visit_flow import (
    RULES,
    Done,
    StepVerdict,
    VisitStep,
    is_same_item,
    judge_step,
    lacks_item,
    missing_before,
)
from wire.events import VisitStepped
from wire.ids import uuid7

_RANDOM_BYTES = 10
_OWN_TURN = timedelta(seconds=WITHIN_S + 1.0)
"""So long whoever shows the step asks for its answer alone; then it is taken up with what was left."""
_BY = {CertType.VOUCHER: "voucher", CertType.INSURANCE_CARD: "card", CertType.ID_CARD: "id"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A step that somebody wants to do."""

    visit: str
    """The hospital's number of the visit."""
    step: VisitStep
    item: str
    """What for; empty if the step has nothing of its own."""

    def refuse_without_item(self) -> None:
        """Refuse what is not whole, before anybody shows a credential for it.

        Raises:
            NoItemError: It is not said what for.
        """
        if lacks_item(self.step, self.item):
            raise NoItemError


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step as the screen shows it."""

    id: str
    visit: str
    step: VisitStep
    words: Words
    item: str
    by: str
    at: datetime
    telling: Telling
    message: str = ""
    """What the hospital's system wants the person to know, such as the room. It is not kept."""


class VisitDesk:
    """Keeps the steps of visits at one terminal.

    Args:
        connection: The writer's; used in the writing lane only.
        outbox: Where facts go.
        sealer: Seals whose credential it was until the hospital's system is told, and tells two people apart.
        hospital: Whom to tell; None if nobody.
        in_store: Runs work in the writing lane.
        read: Runs work that only reads.
        clock: The device's clock.
        random: For the numbers of steps.
        on_recorded: Called after facts were put into the outbox.
        order: Who knows which steps were done before one.
    """

    def __init__(
        self, connection: Connection, outbox: Outbox, *, sealer: Sealer, hospital: Hospital | None,
        in_store: InStore, read: Reading, clock: Clock, random: RandomBytes, on_recorded: Callable[[], None],
        order: Order = Order.TERMINAL,
    ) -> None:  # fmt: skip
        self._connection, self._outbox = connection, outbox
        self._sealer, self._hospital = sealer, hospital
        self._in_store, self._read = in_store, read
        self._clock, self._random, self._on_recorded = clock, random, on_recorded
        self._order = order

    async def do(self, wanted: Wanted, holder: Holder, operator: str) -> StepShown:
        """Do a step for whoever showed the credential.

        Raises:
            NoItemError, StepDoneError, StepTooEarlyError, OtherPersonError: It cannot be done.
            HospitalRefusedError: The hospital's system said no.
        """
        row, is_next = await self._in_store(lambda: self._keep(wanted, holder, operator))
        if not is_next:
            self._on_recorded()
            return _shown(row)
        answered = await self.tell(row, holder)
        if answered.outcome is Outcome.REFUSED:
            raise HospitalRefusedError(
                Words(f"医院系统未受理：{answered.message}", f"The hospital's system refused: {answered.message}")
            )
        telling = Telling.TOLD if answered.outcome is Outcome.TAKEN else Telling.DUE
        return _shown(replace(row, telling=telling), answered.message)

    async def steps(self, visit: str) -> Sequence[StepShown]:
        """Return the steps of a visit."""
        return [_shown(row) for row in await self._read(lambda tx: steps_of(tx, visit))]

    async def tell(self, row: StepRow, holder: Holder | None = None) -> Answered:
        """Tell the hospital's system of a step, and keep what it says.

        Args:
            row: The step.
            holder: Whose; opened from the row if it is not given.
        """
        if self._hospital is None:
            raise RuntimeError("nobody is to be told")
        said = holder or self.holder_of(row)
        answered = await asyncio.shield(self._hospital.tell(Told(row, said)))
        await self._in_store(lambda: self._note(row, answered))
        self._on_recorded()
        return answered

    def holder_of(self, row: StepRow) -> Holder:
        """Return whose step it is.

        Raises:
            SealBrokenError: It does not open with this terminal's key.
        """
        return msgspec.json.decode(self._sealer.open(row.holder or b"", _place(row.id)), type=Holder)

    def _keep(self, wanted: Wanted, holder: Holder, operator: str) -> tuple[StepRow, bool]:
        """Keep a step; tell whether the hospital's system is to hear of it now, and not of another one before it."""
        now, person = self._clock.now(), self._person(holder)
        number = str(uuid7(to_us(now) // 1_000, self._random(_RANDOM_BYTES)))
        by = "face" if holder.proof else _BY[holder.cert_type]
        is_told = self._hospital is not None
        sealed = self._sealer.seal(msgspec.json.encode(holder), _place(number)) if is_told else None
        with self._connection.begin():
            before = [one for one in steps_of(self._connection, wanted.visit) if one.telling is not Telling.REFUSED]
            self._refuse(wanted, before, person)
            row = StepRow(
                number, wanted.visit, wanted.step, _item_of(wanted, before), by, person, now, operator,
                Telling.DUE if is_told else Telling.NONE, sealed,
            )  # fmt: skip
            put_step(self._connection, row, due_at=now + _OWN_TURN)
            if not is_told:
                self._record(row, is_done=True)
        return row, is_told and all(one.telling is not Telling.DUE for one in before)

    def _refuse(self, wanted: Wanted, before: Sequence[StepRow], person: str) -> None:
        done = [one.done for one in before]
        name = RULES[wanted.step].words
        match judge_step(wanted.step, wanted.item, done, is_same_person=all(one.person == person for one in before)):
            case StepVerdict.NO_ITEM:
                raise NoItemError
            case StepVerdict.DONE:
                raise StepDoneError(Words(f"{name.zh}已办理", f"The {name.en} was done before"))
            case StepVerdict.OTHER_PERSON:
                raise OtherPersonError(Words("不是挂号本人的凭证", "Somebody else registered this visit"))
            case StepVerdict.TOO_EARLY if self._order is Order.TERMINAL:
                raise StepTooEarlyError(_too_early(wanted, done))
            case StepVerdict.GOES | StepVerdict.TOO_EARLY:
                pass

    def _note(self, row: StepRow, answered: Answered) -> None:
        with self._connection.begin():
            if answered.outcome is Outcome.LATER:
                put_off_step(self._connection, row.id, answered.again_at, answered.code)
                return
            is_done = answered.outcome is Outcome.TAKEN
            telling = Telling.TOLD if is_done else Telling.REFUSED
            if close_step(self._connection, row.id, telling, answered.code):
                self._record(row, is_done=is_done)

    def _record(self, row: StepRow, *, is_done: bool) -> None:
        fact = VisitStepped(
            row.visit,
            row.step.value,
            row.by,  # type: ignore[arg-type] # one of four
            is_done,
            row.at,
            row.item,
        )
        self._outbox.append(self._connection, fact, operator=row.operator, now=self._clock.now())

    def _person(self, holder: Holder) -> str:
        return self._sealer.digest(f"{holder.id_kind}/{holder.id_number}", "visit_step.person")


def _item_of(wanted: Wanted, before: Sequence[StepRow]) -> str:
    """Return what a step is done for, spelt as it was at the first step for it: to the hospital it is one thing."""
    if not RULES[wanted.step].is_itemised:
        return ""
    return next((one.item for one in before if is_same_item(one.item, wanted.item)), wanted.item.strip())


def _too_early(wanted: Wanted, done: Sequence[Done]) -> Words:
    rule, missing = RULES[wanted.step], missing_before(wanted.step, wanted.item, done)
    name, item = rule.words, wanted.item.strip()
    zh = [f"{RULES[one].words.zh}（{item}）" if one in rule.needs_for_it else RULES[one].words.zh for one in missing]
    en = [f"{RULES[one].words.en} of {item}" if one in rule.needs_for_it else RULES[one].words.en for one in missing]
    return Words(f"{name.zh}之前还须：{'、'.join(zh)}", f"Before the {name.en}: {', '.join(en)}")


def _shown(row: StepRow, message: str = "") -> StepShown:
    words = RULES[row.step].words
    return StepShown(row.id, row.visit, row.step, words, row.item, row.by, row.at, row.telling, message)


def _place(step: str) -> str:
    return f"visit_step.holder/{step}"
