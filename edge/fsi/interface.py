"""The national interface as the till uses it: who asks is signed in, and what is asked waits in a thread of its own.

The till holds one `Interface`, or None where the configuration has none. Nothing here blocks the event loop; an answer
that nobody waits for any more (a browser that went away) is written down all the same, and told to whoever registered
for its kind (`edge.fsi.journal`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from drivers.aside import aside
from edge.fsi.journal import Also, Journal, Purpose, Then, Told, nothing
from edge.fsi.sign_ins import Operator, SignIns
from edge.sealing import Sealer
from wire.fsi.areas import Area
from wire.fsi.asking import Answer, Nodes, Sender

AT_ONCE = 8
"""So many questions are under way at once; more wait for their turn. A desk has one or two."""
_T = TypeVar("_T")


class LineState(Protocol):
    """How the way to the interface is."""

    def is_up(self) -> bool:
        """Whether a message sent now is likely to be answered."""
        ...


@dataclass(frozen=True, slots=True)
class Times:
    """How long answers are waited for, and when a day of business begins."""

    read_s: float = 15.0
    """What may be asked again at once, such as a person (1101) or a trial (2101)."""
    ask_s: float = 30.0
    """What changes something."""
    day_begins_h: int = 0
    """The hour, by the clock on the wall, at which the business day turns; sales before it belong to the day before."""


class Interface:
    """All that the till needs of the national interface.

    Args:
        journal: Where messages are written down before they leave.
        area: How this place speaks the interface.
        sign_ins: Who is signed in to it.
        state: How the line is.
        sealer: Seals what names a person.
        times: How long is waited.
    """

    def __init__(
        self, journal: Journal, area: Area, sign_ins: SignIns, state: LineState, *, sealer: Sealer,
        times: Times = Times(),
    ) -> None:  # fmt: skip
        self.journal = journal
        """For what needs more than this, in a thread that may wait: never on the event loop, never in the store's."""
        self.area = area
        """Says which fields are required and where trace codes travel (`trace_channels`)."""
        self.sealer = sealer
        """Seals what the till keeps of a person; bound to its place (`edge.sealing`)."""
        self.times = times
        self._sign_ins, self._state = sign_ins, state
        self._room = asyncio.Semaphore(AT_ONCE)

    def register(self, kind: str, then: Then) -> None:
        """Name who is told of the outcomes of a kind of purpose.

        To be done while the terminal is put together: once it runs, what was left open by the run before is taken up.
        """
        self.journal.register(kind, then)

    def is_up(self) -> bool:
        """Say whether an insured settlement may be tried now. Costs nothing; ask it as often as you like.

        False does not mean that a message would not get through, and True does not mean that it will.
        """
        return self._state.is_up()

    def sender(self, login: str, name: str) -> Sender:
        """Return who sends: the institution of the configuration, and the person at the counter."""
        return self._sign_ins.sender(Operator(login, name))

    def sign_no(self, login: str) -> str:
        """Return the sign-in (9001) that an operator has now; empty if none. `read` and `ask` see to it themselves."""
        return self._sign_ins.current(login)

    async def sign_in(self, login: str, name: str) -> str:
        """Sign an operator in unless he is, and return the `sign_no`: when a shift opens.

        Raises:
            NotSentError, OutcomeUnknownError: No answer; the first message that is sent tries again.
            SignInRefusedError: The interface lets this operator not sign in.
        """
        operator = Operator(login, name)
        return await self._aside(lambda: self._sign_ins.sign_in(operator))

    async def sign_out(self, login: str) -> None:
        """End an operator's sign-in, if that can be; at the end of a shift. Never raises what the line says."""
        await self._aside(lambda: self._sign_ins.sign_out(login))

    async def read(
        self, login: str, name: str, infno: str, nodes: Nodes, *, insured_district: str = "",
        password: str | None = None, within_s: float | None = None,
    ) -> Answer:  # fmt: skip
        """Ask something that only tells: a person (1101), a trial (2101), a query. Nothing of it is kept.

        A refusal is an `Answer` too (`is_success` False, with `code` and `message`).

        Args:
            login: The operator, as of the terminal.
            name: The operator's name.
            infno: Which transaction.
            nodes: Its input by base names.
            insured_district: Where the person is insured (`insuplc_admdvs`), as 1101 tells it.
            password: The person's, where the area asks for it here (`area.checks_password`); it is not kept.
            within_s: How long the answer is waited for; as configured if None.

        Raises:
            NotSentError, OutcomeUnknownError: No answer; ask again.
            SignInRefusedError: The area demands a sign-in and the interface refuses it. Nothing was asked.
            UnaskableError: The input does not fit its table.
        """
        operator, wait_s = Operator(login, name), self.times.read_s if within_s is None else within_s
        return await self._aside(
            lambda: self.journal.read(
                self._sign_ins.sender(operator), infno, nodes, insured_district=insured_district,
                sign_no=self._sign_ins.needed(operator), password=password, within_s=wait_s,
            )
        )  # fmt: skip

    async def ask(
        self, login: str, name: str, infno: str, nodes: Nodes, purpose: Purpose, *, insured_district: str = "",
        password: str | None = None, within_s: float | None = None, also: Also = nothing,
    ) -> Told:  # fmt: skip
        """Send a message that changes something, once, and return what became of it.

        `Agreed` and `Refused` carry the answer; `NotSent`: nothing left; `Unknown`: it is being found out, and whoever
        registered for the kind is told. That one is told of every outcome, also of those returned here, inside the
        transaction that writes it down; so let what follows be done there, and use what is returned for the screen.

        Args:
            login: The operator, as of the terminal.
            name: The operator's name.
            infno: Which transaction.
            nodes: Its input by base names.
            purpose: What it is for; its kind is registered.
            insured_district: Where the person is insured.
            password: The person's, where the area asks for it; it is not kept.
            within_s: How long the answer is waited for; as configured if None.
            also: Changes what belongs to the message, named by its msgid, in the transaction that writes it down, in
                the store's thread, before its first byte leaves.

        Raises:
            SignInRefusedError: The area demands a sign-in and the interface refuses it. Nothing was written down.
            UnaskableError: The input does not fit its table. Nothing was written down.
            EdgeError: The store refused. Before the message left, nothing was done; after it, the outcome comes later.
        """
        operator, wait_s = Operator(login, name), self.times.ask_s if within_s is None else within_s
        return await self._aside(
            lambda: self.journal.ask(
                self._sign_ins.sender(operator), infno, nodes, purpose, insured_district=insured_district,
                sign_no=self._sign_ins.needed(operator), password=password, within_s=wait_s, also=also,
            )
        )  # fmt: skip

    async def answer_to(self, msgid: str) -> Answer | None:
        """Return the answer that a message of `ask` had, yes or no; None if it has none (yet).

        Raises:
            SealBrokenError: It does not open with this terminal's key.
        """
        return await self._aside(lambda: self.journal.commits(lambda tx: self.journal.answer_to(tx, msgid)))

    async def _aside(self, work: Callable[[], _T]) -> _T:
        """Run what waits in a thread that may be left to itself when the terminal stops."""
        async with self._room:
            return await aside(work)
