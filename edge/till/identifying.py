"""Whose insurance pays: a credential is read or typed, and the insurance says who that is (1101)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from codes.words import Words
from drivers.holder import Holder
from drivers.voucher.port import Asking, Use
from edge.counter_devices import CARD, DeviceNotConfiguredError
from edge.credentials import Way, read_credential
from edge.fsi.interface import Interface
from edge.till.asked import CREDENTIAL_ID_CARD, Person
from edge.till.desk import Who, at_the_counter, who_is_there
from edge.till.errors import OfflineError, PersonUnknownError
from edge.till.messages import PERSON, person_nodes, person_of
from edge.till.parts import Parts
from edge.till.persons import Persons, person_by, show_person
from edge.till.views import PersonShown
from wire.rpc import NotSentError, OutcomeUnknownError

RESIDENT_CARD = "01"
"""`psn_cert_type` of an identity card."""


@dataclass(frozen=True, slots=True, repr=False)
class Typed:
    """What was typed of an ID card. Never printed."""

    number: str = ""
    name: str = ""


NOTHING_TYPED: Final = Typed()


class Identifying:
    """Reads credentials and asks whose they are."""

    def __init__(self, parts: Parts, persons: Persons) -> None:
        self._parts, self._persons = parts, persons

    async def identify(self, sale: str, way: Way, typed: Typed) -> PersonShown:
        """Identify whose insurance pays for the open sale.

        Raises:
            NotSignedInError, ListNotOpenError, SettlingError: Not now.
            NoInterfaceError, OfflineError: The insurance cannot be asked.
            DriverError: The device cannot be used, or the person did not show anything.
            PersonUnknownError: The insurance knows nobody by that.
        """
        parts = self._parts
        who = await parts.in_store(lambda: self._who(sale))
        interface = parts.asked_interface()
        shown, holder = await self._shown(way, who, typed)
        person = await self._found(interface, who, shown)
        self._persons.bind(sale, who.shift, person, holder if way in {Way.VOUCHER, Way.FACE} else None)
        # Nobody may ask again: what is remembered goes by itself.
        asyncio.get_running_loop().call_later(parts.habits.remembers_s + 1, self._persons.forget_old)
        return show_person(sale, person)

    async def look_up(self, way: Way, typed: Typed) -> Person:
        """Return who shows a credential now, for a sale that is closed: nobody is remembered.

        Raises:
            NotSignedInError: Nobody is signed in.
            NoInterfaceError, OfflineError, DriverError, PersonUnknownError: As `identify`.
        """
        who = await self._parts.in_store(self._whoever)
        interface = self._parts.asked_interface()
        shown, _ = await self._shown(way, who, typed)
        return await self._found(interface, who, shown)

    async def read(self, way: Way, who: Who) -> Holder:
        """Read a credential at its device.

        Raises:
            DriverError: The device cannot be used, or the person did not show anything.
        """
        devices = self._parts.devices
        return await read_credential(way, self._asking(who), devices.voucher, devices.card)

    async def check_pin(self) -> None:
        """Have the holder of the card that was read type its PIN.

        Raises:
            DriverError: It cannot be asked for, or is wrong.
        """
        reader = self._parts.devices.card
        if reader is None:
            raise DeviceNotConfiguredError(CARD)
        await reader.check_pin()

    async def _shown(self, way: Way, who: Who, typed: Typed) -> tuple[Person, Holder | None]:
        if way is Way.ID and typed.number:
            number = typed.number.strip().upper()
            return Person("", typed.name, CREDENTIAL_ID_CARD, number, (), "", RESIDENT_CARD, number), None
        holder = await self.read(way, who)
        if way is Way.CARD and self._parts.habits.checks_card_pin:
            await self.check_pin()
        return person_by(holder), holder

    async def _found(self, interface: Interface, who: Who, shown: Person) -> Person:
        try:
            answer = await interface.read(who.login, who.name, PERSON, person_nodes(shown))
        except (NotSentError, OutcomeUnknownError) as exc:
            raise OfflineError(exc.words) from exc
        if not answer.is_success:
            zh, _, en = answer.message.partition(" / ")
            raise PersonUnknownError(Words(zh, en or zh))
        try:
            person = person_of(answer, shown)
        except (KeyError, IndexError) as exc:
            raise PersonUnknownError(Words("医保未返回人员信息", "The insurance names nobody")) from exc
        if not person.insurances:
            raise PersonUnknownError(Words("该人员没有有效的参保", "This person has no insurance that is in force"))
        return person

    def _who(self, sale: str) -> Who:
        with self._parts.connection.begin():
            return at_the_counter(self._parts.connection, sale)

    def _whoever(self) -> Who:
        with self._parts.connection.begin():
            return who_is_there(self._parts.connection)

    def _asking(self, who: Who) -> Asking:
        devices = self._parts.devices
        return Asking(Use.PHARMACY_PURCHASE, who.login, who.name, devices.office, devices.office_name)
