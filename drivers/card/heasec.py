"""Card readers behind the library of the medical-insurance interface (HeaSecReadInfo): Init, then a verb.

Sources: the library's functions as the provincial baseline of the institution interface lists them (§ 1.14), and the
calls of integrations in the field. What is read is one line of fields with a bar after each.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from codes.credential import has_id_form, is_id_number
from codes.words import Words
from drivers.card.errors import CardContentError, CardReaderNotReadyError, CardRefusedError
from drivers.holder import CertType, Holder, Sex, birth_date_of, sex_of
from drivers.vendor.calls import Answers, Call, Given, Returned, Room
from drivers.vendor.library import VendorLibrary
from drivers.vendor.text import read_text

_WORDS_BYTES = 8_192
_CARD_BYTES = 8_192
_CARD_FIELDS = 11
_PERSON_FIELDS = 9
_RESIDENT, _OTHER_DOCUMENT = "01", "99"
"""`psn_cert_type`: foreigners have insurance cards too."""
_NOBODY = Words("没有姓名", "there is no name")


@dataclass(frozen=True, slots=True)
class HeaSecSettings:
    """What the library is told at its start."""

    start: Mapping[str, str | int] = field(repr=False)
    """The keys of its `Init`, as the province's manual names them: IP, PORT, TIMEOUT, LOG_PATH, and more."""
    read_s: float = 15.0
    """What reading a card may take."""
    pin_s: float = 60.0
    """What a person gets to type a PIN."""


class HeaSecCardReader:
    """Satisfies `drivers.card.port.CardReader`."""

    def __init__(self, settings: HeaSecSettings, library: VendorLibrary) -> None:
        self._settings = settings
        self._library = library

    @property
    def device(self) -> str:
        return self._library.device

    def look(self) -> None:
        self._library.look()

    async def read_insurance_card(self) -> Holder:
        call = Call("ReadCardBas", [Room(_CARD_BYTES), Room(_WORDS_BYTES)], Answers.NUMBER)
        returned = await self._done(call, self._settings.read_s)
        fields = self._fields(returned, _CARD_FIELDS)
        district, id_number, number, serial, name = fields[:5]
        if not (id_number and number and name):
            raise CardContentError(self.device, Words("缺少号码或姓名", "a number or the name is missing"))
        return Holder(
            cert_type=CertType.INSURANCE_CARD,
            cert_number=number,
            id_number=id_number.upper(),
            id_kind=_RESIDENT if has_id_form(id_number) else _OTHER_DOCUMENT,
            name=name,
            district=district[:6],
            sex=_sex_in(id_number),
            born=_birth_date_in(id_number),
            card_serial=serial,
        )

    async def read_id_card(self) -> Holder:
        # No path: the portrait on the chip is not asked for here.
        call = Call("ReadSFZ", [Given(None), Room(_CARD_BYTES), Room(_WORDS_BYTES)], Answers.NUMBER)
        returned = await self._done(call, self._settings.read_s)
        name, sex, _nation, born, _address, number, *_ = self._fields(returned, _PERSON_FIELDS)
        if not name:
            raise CardContentError(self.device, _NOBODY)
        if not is_id_number(number):
            raise CardContentError(
                self.device, Words("证件号码的校验位不符", "the identity number fails its check character")
            )
        return Holder(
            cert_type=CertType.ID_CARD,
            cert_number=number.upper(),
            id_number=number.upper(),
            id_kind=_RESIDENT,
            name=name,
            sex=sex_of(sex),
            born=birth_date_of(born),
        )

    async def check_pin(self) -> None:
        await self._done(Call("VerifyPIN", [Room(_WORDS_BYTES)], Answers.NUMBER), self._settings.pin_s)

    async def close(self) -> None:
        await self._library.close()

    async def _done(self, call: Call, within_s: float) -> Returned:
        async with self._library.session() as library:
            if library.is_fresh:
                await self._start(library)
            returned = await library.call(call, within_s=within_s)
            if returned.number != 0:
                # The reader or its service may have been gone meanwhile, and no number says so in every library.
                library.unset()
        if returned.number != 0:
            # The last room is for words; what came before may be part of a card.
            raise CardRefusedError(self.device, returned.number or -1, _words(returned.rooms[-1]))
        return returned

    async def _start(self, library: VendorLibrary) -> None:
        told = json.dumps(dict(self._settings.start)).encode("ascii")
        call = Call("Init", [Given(told), Room(_WORDS_BYTES)], Answers.NUMBER)
        returned = await library.call(call, within_s=self._settings.read_s)
        if returned.number != 0:
            # What half a start leaves behind goes with the process.
            await library.close()
            raise CardReaderNotReadyError(self.device, returned.number or -1, _words(returned.rooms[0]))
        library.set_up()

    def _fields(self, returned: Returned, count: int) -> list[str]:
        fields = [field.strip() for field in self._text(returned.rooms[0]).split("|")]
        if len(fields) < count:
            raise CardContentError(
                self.device,
                Words(f"应有 {count} 项，实有 {len(fields)} 项", f"{len(fields)} fields where {count} should be"),
            )
        return fields[:count]

    def _text(self, room: bytes) -> str:
        try:
            return read_text(room)
        except UnicodeDecodeError:
            # Without its cause: that would carry what was read.
            fault = Words("文字编码无法识别", "its text is neither UTF-8 nor GB 18030")
            raise CardContentError(self.device, fault) from None


def _words(room: bytes) -> str:
    try:
        return read_text(room)
    except UnicodeDecodeError:
        # A refusal stands without its words.
        return ""


def _sex_in(id_number: str) -> Sex:
    """Read the sex from a resident identity number (GB 11643: the 17th digit is odd for men)."""
    if not has_id_form(id_number):
        return Sex.UNKNOWN
    return Sex.MALE if int(id_number[16]) % 2 else Sex.FEMALE


def _birth_date_in(id_number: str) -> date | None:
    return birth_date_of(id_number[6:14]) if has_id_form(id_number) else None
