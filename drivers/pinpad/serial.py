"""PIN pads on a serial line that send each key as it is pressed.

The pads of this family (9600 8N1) take one-byte commands and send ASCII: a digit for each key, a backspace for Clear,
a carriage return for Enter. Some set the highest bit of what they send. The pad is silent until it is asked, and is
closed again whatever comes of it, so that keys pressed in between go nowhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import serial

from drivers.aside import entered_aside
from drivers.errors import DeviceLostError
from drivers.opening import port_faults, translated
from drivers.pinpad.errors import PinLengthError, PinTimeoutError
from drivers.pinpad.port import Pin
from drivers.scanner.stream import readable

_ENTER, _BACKSPACE, _CLEAR = 0x0D, 0x08, 0x1B
_CHUNK = 256
_SEVEN_BITS = 0x7F


class Say(IntEnum):
    """What the pad shows or says, by the byte that makes it."""

    AGAIN = 0x81
    """Please try again."""
    ASK = 0x82
    """Please enter the password."""
    WELCOME = 0x83
    """Welcome; what is typed is sent no more."""


@dataclass(frozen=True, slots=True)
class SerialPinPadSettings:
    """One pad."""

    path: str
    """The device node; a link under /dev/serial/by-id follows it from socket to socket."""
    baud: int = 9600
    name: str = ""
    least: int = 6
    most: int = 8
    """Digits of a PIN."""
    person_s: float = 60.0
    """What a person gets to type it."""

    @property
    def device(self) -> str:
        return f"pinpad:{self.name or self.path}"


class SerialPinPad:
    """Satisfies `drivers.pinpad.port.PinPad`."""

    def __init__(self, settings: SerialPinPadSettings) -> None:
        self._settings = settings

    @property
    def device(self) -> str:
        return self._settings.device

    async def ask(self, *, again: bool = False) -> Pin:
        async with entered_aside(self._opened()) as line:
            self._say(line, Say.AGAIN if again else Say.ASK)
            try:
                async with asyncio.timeout(self._settings.person_s):
                    digits = await self._typed(line)
            except TimeoutError as exc:
                raise PinTimeoutError(self.device, self._settings.person_s) from exc
            finally:
                with contextlib.suppress(DeviceLostError):
                    self._say(line, Say.WELCOME)
        if not self._settings.least <= len(digits) <= self._settings.most:
            raise PinLengthError(self.device, self._settings.least, self._settings.most)
        return Pin(digits)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        with translated(self.device, self._settings.path), port_faults():
            port = serial.Serial(
                self._settings.path, self._settings.baud, exclusive=True, timeout=0, inter_byte_timeout=0
            )
        with port:
            with translated(self.device, self._settings.path), port_faults():
                port.reset_input_buffer()
            yield port.fileno()

    async def _typed(self, line: int) -> str:
        digits = ""
        while True:
            await readable(line, self._settings.person_s)
            for key in self._read(line):
                if key == _ENTER:
                    return digits
                if key in (_BACKSPACE, _CLEAR):
                    digits = digits[:-1] if key == _BACKSPACE else ""
                elif chr(key).isdecimal() and len(digits) <= self._settings.most:
                    # One more than there may be tells enough: a key that sticks repeats for ever.
                    digits += chr(key)

    def _read(self, line: int) -> list[int]:
        try:
            chunk = os.read(line, _CHUNK)
        except BlockingIOError:
            return []
        except OSError as exc:
            raise DeviceLostError(self.device, self._settings.path) from exc
        if not chunk:
            raise DeviceLostError(self.device, self._settings.path)
        return [byte & _SEVEN_BITS for byte in chunk]

    def _say(self, line: int, what: Say) -> None:
        try:
            os.write(line, bytes([what]))
        except OSError as exc:
            raise DeviceLostError(self.device, self._settings.path) from exc
