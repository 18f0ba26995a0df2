"""A simulated voucher terminal: the national library's one function, with people played before it.

It takes and gives the JSON that integrations in the field show: answers carry their data as the text of an object, a
token is another one each time unless the person comes with one, a face is authenticated and then checked by its serial.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex

import msgspec

from drivers.vendor.child import Addresses, serve
from drivers.vendor.twin import Desk, Fault, addresses_of, suffer, write_room
from drivers.voucher import messages

_PATIENCE_S = 300.0
"""What the twin waits for a person; who asks gives up earlier."""
_SUCCESS = b"0000"
_FAILURE = b"9999"
_PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p)
_SHOWN = "shown.jsonl"


class Person(msgspec.Struct, frozen=True):
    """Who stands before the terminal."""

    id_number: str
    name: str
    district: str
    sex: str = "男"
    birthday: str = "1970.01.01"
    token: str = ""
    """What the decoding service hands out for them; empty: another one each time."""


class Before(msgspec.Struct, frozen=True):
    """What is held up to the terminal."""

    person: Person
    shows_face: bool = False
    fault: Fault | None = None


class SimulatedVoucherTerminal:
    """Plays the people, and looks at what they are shown."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._desk = Desk(folder, Before)

    @property
    def command(self) -> tuple[str, ...]:
        """The process that serves the twin in place of a library."""
        return twin_command(self._folder)

    def hold_code(self, person: Person, *, fault: Fault | None = None) -> None:
        """Hold a phone with a fresh code up."""
        self._desk.put(Before(person, fault=fault))

    def look_in(self, person: Person, *, fault: Fault | None = None) -> None:
        """Look into the camera."""
        self._desk.put(Before(person, shows_face=True, fault=fault))

    def walk_away(self) -> None:
        """Leave."""
        self._desk.clear()

    @property
    def shown(self) -> list[dict[str, str]]:
        """What the terminal was told to show, in order."""
        try:
            lines = (self._folder / _SHOWN).read_text("utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]


def twin_command(folder: Path) -> tuple[str, ...]:
    """Return the command of the process that serves the twin which is played in `folder`."""
    return (sys.executable, "-m", "drivers.voucher.simulated", str(folder))


class _Twin:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._desk = Desk(folder, Before)
        self._authenticated: dict[str, tuple[str, Person]] = {}
        """Serial of the authentication: serial of the request, and who it was."""

    def transact(self, _url: bytes, given: bytes, room: int) -> bytes:
        """Be `NationEcTrans`."""
        envelope = json.loads(given)
        data = envelope["data"]
        handlers: dict[str, Callable[[dict[str, str]], dict[str, str] | None]] = {
            messages.DECODE_HERE: self._decode,
            messages.DECODE_THERE: self._decode,
            messages.AUTHENTICATE: self._authenticate,
            messages.CHECK: self._check,
            messages.NOTIFY: self._show,
        }
        answer = handlers[envelope["transType"]](data)
        if answer is None:
            write_room(room, _written(envelope["orgId"], 1001, "二维码已失效", None))
            return _FAILURE
        whole = _written(envelope["orgId"], 0, "成功", answer)
        desk = self._desk.look()
        write_room(room, whole[: len(whole) // 2] if desk is not None and desk.fault is Fault.GARBAGE else whole)
        return _SUCCESS

    def _decode(self, data: dict[str, str]) -> dict[str, str] | None:
        person = self._before(shows_face=False)
        return None if person is None else self._told(person, data)

    def _authenticate(self, data: dict[str, str]) -> dict[str, str] | None:
        person = self._before(shows_face=True)
        if person is None:
            return None
        proof = f"ano{token_hex(12)}"
        self._authenticated[proof] = (data["outBizNo"], person)
        return {"authNo": proof, "outBizNo": data["outBizNo"]}

    def _check(self, data: dict[str, str]) -> dict[str, str] | None:
        request, person = self._authenticated.pop(data.get("authNo", ""), ("", None))
        if person is None or request != data["outBizNo"]:
            return None
        return {**self._told(person, data), "authNo": data["authNo"]}

    def _show(self, data: dict[str, str]) -> dict[str, str]:
        with (self._folder / _SHOWN).open("a", encoding="utf-8") as file:
            file.write(json.dumps(data, ensure_ascii=False) + "\n")
        return {}

    def _before(self, *, shows_face: bool) -> Person | None:
        before = self._desk.wait(lambda one: one.shows_face == shows_face, _PATIENCE_S)
        if before is None or before.fault is Fault.REFUSE:
            return None
        suffer(before.fault)
        return before.person

    def _told(self, person: Person, data: dict[str, str]) -> dict[str, str]:
        return {
            "idNo": person.id_number,
            "idType": "01",
            "userName": person.name,
            "ecToken": person.token or f"{person.district}ec{token_hex(15)}"[:38],
            "insuOrg": person.district,
            "gender": person.sex,
            "birthday": person.birthday,
            "nationality": "null",
            "email": "",
            "extData": json.dumps({"businessType": data["businessType"]}),
        }


def _written(institution: str, code: int, words: str, data: dict[str, str] | None) -> bytes:
    told = None if data is None else json.dumps(data, ensure_ascii=False)
    return json.dumps({"code": code, "message": words, "data": told, "orgId": institution}, ensure_ascii=False).encode()


def _load(folder: Path) -> Addresses:
    twin = _Twin(folder)
    return addresses_of({"NationEcTrans": _PROTOTYPE(twin.transact)})


if __name__ == "__main__":
    sys.exit(serve(lambda: _load(Path(sys.argv[1]))))
