"""The second factor of a large amount (T-38): the person's face or card PIN, or a second operator's password."""

from __future__ import annotations

from dataclasses import dataclass

from edge.credentials import Way
from edge.till.asked import Person
from edge.till.desk import Who, at_the_counter, who_is_there
from edge.till.errors import NotThisPersonError, PersonMissingError, SecondOperatorError, TrialMissingError
from edge.till.identifying import Identifying
from edge.till.parts import Parts
from edge.till.persons import Bound, Persons, is_same_person


@dataclass(frozen=True, slots=True, repr=False)
class Proof:
    """What is shown. Never printed."""

    way: Way | None = None
    """`face` or `card`; None: a second operator."""
    operator: str = ""
    password: str = ""


class Confirming:
    """Asks for second factors. What was confirmed holds for the trial that asked for it, and no other."""

    def __init__(self, parts: Parts, persons: Persons, identifying: Identifying) -> None:
        self._parts, self._persons, self._identifying = parts, persons, identifying

    async def confirm(self, sale: str, proof: Proof) -> None:
        """Confirm what was tried.

        Raises:
            NotSignedInError, ListNotOpenError, SettlingError: Not now.
            PersonMissingError, TrialMissingError: Nothing was tried.
            NotThisPersonError: Somebody else's face or card.
            SecondOperatorError, SignInRefusedError, SignInLockedError, OperatorDisabledError: No second operator.
            DriverError: The device cannot be used.
        """
        who = await self._parts.in_store(lambda: self._who(sale))
        bound = self._bound(sale, who)
        tried = bound.tried
        if tried is None:
            raise TrialMissingError
        factor = await self._factor(who, bound.person, proof)
        if bound.tried is tried:
            bound.factor = factor

    async def vouch(self, person: Person, proof: Proof) -> str:
        """Return what confirms somebody for a sale that is closed: good for one request.

        Raises:
            NotSignedInError: Nobody is signed in.
            NotThisPersonError, SecondOperatorError, DriverError: As `confirm`.
        """
        return await self._factor(await self._parts.in_store(self._whoever), person, proof)

    async def _factor(self, who: Who, person: Person, proof: Proof) -> str:
        return await (self._operator(who, proof) if proof.way is None else self._person(who, person, proof.way))

    async def _operator(self, who: Who, proof: Proof) -> str:
        if proof.operator == who.login or self._parts.sign_in is None:
            raise SecondOperatorError
        await self._parts.sign_in.vouch(proof.operator, proof.password)
        return f"operator {proof.operator}"

    async def _person(self, who: Who, person: Person, way: Way) -> str:
        holder = await self._identifying.read(way, who)
        if not is_same_person(person, holder):
            raise NotThisPersonError
        if way is not Way.FACE:
            await self._identifying.check_pin()
        return way.value

    def _who(self, sale: str) -> Who:
        with self._parts.connection.begin():
            return at_the_counter(self._parts.connection, sale)

    def _whoever(self) -> Who:
        with self._parts.connection.begin():
            return who_is_there(self._parts.connection)

    def _bound(self, sale: str, who: Who) -> Bound:
        bound = self._persons.of(sale, who.shift)
        if bound is None:
            raise PersonMissingError
        return bound
