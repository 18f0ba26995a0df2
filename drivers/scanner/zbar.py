"""A second opinion on bars, from libzbar in a process of its own.

libzbar aborts on some pictures, so it may only ever take its own process down: `ZbarChild` asks a child over two
pipes, with a deadline, starts it again after a crash, and gives it up for a while after too many. Without libzbar the
ladder works alone; that is said once.

zbar's word counts for less than zxing-cpp's, because it reads bars into noise and hides FNC1. `believable` holds the
rules for its answers, and the ladder holds two more: an EAN that zbar alone saw must be proved by drawing it again,
and zbar never overrules a code at the same place.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import structlog

from codes.words import Words
from drivers.scanner.steps import Witness
from drivers.scanner.symbols import Carrier, Code, Grey, Point, Quad, aim_of
from drivers.scanner.zbar_wire import HEADER, LENGTH

_CHUNK = 1 << 16
_CRASHES_ALLOWED = 3
_CRASH_WINDOW_S = 60.0
_START_TIMEOUT_S = 10.0
_CODE128_MIN_QUALITY = 3
_CODE128_MIN_LENGTH = 6
_GS = 0x1D

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ZbarSymbol:
    """One symbol as zbar tells it."""

    kind: str
    """zbar's name of the symbology: `EAN13`, `EAN8`, `CODE128` or `QRCODE`."""
    raw: bytes
    quality: int
    """How many of its scan lines agreed; for QR always 1."""
    outline: tuple[Point, ...]
    """The hull of where it was seen."""
    orientation: str
    """Which way its text runs: `UP`, `RIGHT`, `DOWN`, `LEFT` or `UNKNOWN`."""


class ZbarPort(Protocol):
    """Somebody who asks zbar."""

    @property
    def is_available(self) -> bool:
        """Asking makes sense: the library is there, as far as is known, and has not crashed too often."""
        ...

    def read(self, image: Grey) -> list[ZbarSymbol]:
        """Return what zbar sees; nothing if it is absent, crashed or too slow."""
        ...


@dataclass(frozen=True, slots=True)
class ZbarLook:
    """The last step of the ladder."""

    port: ZbarPort
    name: str = "zbar"
    witness: Witness = Witness.ZBAR

    def suits(self, image: Grey) -> bool:
        return self.port.is_available and bool(image.size)

    def find(self, image: Grey) -> list[Code]:
        return [_code(symbol, self.name) for symbol in self.port.read(image) if believable(symbol)]


_CARRIERS = {
    "EAN13": Carrier.EAN_13,
    "EAN8": Carrier.EAN_8,
    "CODE128": Carrier.CODE_128,
    "QRCODE": Carrier.QR_CODE,
}


def believable(symbol: ZbarSymbol) -> bool:
    """Tell whether zbar's answer may stand at all.

    - Code 128: at least three scan lines, at least six characters, all printable or group separators: what zbar
      reads into noise is short and seen once.
    - QR: ASCII only. zbar rewrites all other bytes in a guessed character set, and bytes are the truth.
    - EAN: the ladder decides.
    """
    carrier = _CARRIERS.get(symbol.kind)
    if carrier is None or len(symbol.outline) < 3:  # noqa: PLR2004 - fewer points span no place
        return False
    if carrier is Carrier.CODE_128:
        is_clean = all(0x20 <= byte < 0x7F or byte == _GS for byte in symbol.raw)  # noqa: PLR2004 - printable ASCII
        return is_clean and symbol.quality >= _CODE128_MIN_QUALITY and len(symbol.raw) >= _CODE128_MIN_LENGTH
    if carrier is Carrier.QR_CODE:
        return symbol.raw.isascii()
    return symbol.raw.isdigit()


def _code(symbol: ZbarSymbol, step: str) -> Code:
    carrier = _CARRIERS[symbol.kind]
    return Code(
        raw=symbol.raw,
        carrier=carrier,
        aim=aim_of(carrier, is_gs1=False) if carrier.is_ean else None,
        is_gs1=False,
        position=_quad(symbol.outline, symbol.orientation),
        step=step,
    )


_RUNS = {"UP": (1.0, 0.0), "RIGHT": (0.0, 1.0), "DOWN": (-1.0, 0.0), "LEFT": (0.0, -1.0)}


def _quad(outline: Sequence[Point], orientation: str) -> Quad:
    """Return the smallest rectangle round the outline, its corners in reading order."""
    corners = cv2.boxPoints(cv2.minAreaRect(np.array(outline, dtype=np.float32)))
    points = [(float(x), float(y)) for x, y in corners]
    run = np.array(_RUNS.get(orientation, _RUNS["UP"]))

    def along(start: int) -> float:
        side = corners[(start + 1) % 4] - corners[start]
        return float(side @ run / (np.linalg.norm(side) + 1e-6))

    first = max(range(4), key=along)
    top_left, top_right, bottom_right, bottom_left = points[first:] + points[:first]
    return Quad(top_left, top_right, bottom_right, bottom_left)


class ZbarChild:
    """Asks zbar in a child process. Satisfies `ZbarPort`; not for several threads at once."""

    def __init__(
        self,
        *,
        timeout_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
        command: Sequence[str] = (sys.executable, "-P", "-m", "drivers.scanner.zbar_child"),
    ) -> None:
        self._timeout_s = timeout_s
        self._clock = clock
        self._command = tuple(command)
        self._child: subprocess.Popen[bytes] | None = None
        self._crashes: deque[float] = deque(maxlen=_CRASHES_ALLOWED)
        self._absent: Words | None = None

    @property
    def is_available(self) -> bool:
        return self._absent is None and not self._is_given_up()

    @property
    def absent(self) -> Words | None:
        """Why zbar cannot be used on this machine; None while nothing is known against it."""
        return self._absent

    @property
    def pid(self) -> int | None:
        """The child's process id, if it runs."""
        return self._child.pid if self._child is not None else None

    def read(self, image: Grey) -> list[ZbarSymbol]:
        if not self.is_available or not self._start():
            return []
        height, width = image.shape
        request = HEADER.pack(width, height) + np.ascontiguousarray(image).tobytes()
        try:
            answer = self._exchange(request, self._timeout_s)
        except (OSError, EOFError, TimeoutError) as exc:
            self._crashed(exc)
            return []
        return [_symbol(entry) for entry in json.loads(answer)]

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                # A pipe to a dead child may still hold bytes of a picture that it will never take.
                with suppress(BrokenPipeError):
                    pipe.close()

    def _start(self) -> bool:
        """Have a child that said hello, and tell whether there is one."""
        if self._child is not None:
            return True
        self._child = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, start_new_session=True
        )
        for pipe in (self._child.stdin, self._child.stdout):
            os.set_blocking(pipe.fileno(), False)  # type: ignore[union-attr] # both were asked for above
        try:
            hello = json.loads(self._exchange(b"", _START_TIMEOUT_S))
        except (OSError, EOFError, TimeoutError) as exc:
            self._crashed(exc)
            return False
        if not hello["ready"]:
            self._is_absent(hello["why"])
        return self._child is not None

    def _is_absent(self, why: str) -> None:
        self._absent = Words(
            f"未安装 zbar，条码补读功能停用，其余识别不受影响（{why}）。",
            f"zbar is not installed: hard EAN codes get no second opinion, all else works ({why}).",
        )
        _logger.warning("zbar.absent", reason=why)
        self.close()

    def _crashed(self, cause: BaseException) -> None:
        self._crashes.append(self._clock())
        self.close()
        _logger.warning("zbar.crashed", cause=repr(cause), given_up=self._is_given_up())

    def _is_given_up(self) -> bool:
        is_full = len(self._crashes) == _CRASHES_ALLOWED
        return is_full and self._clock() - self._crashes[0] < _CRASH_WINDOW_S

    def _exchange(self, request: bytes, timeout_s: float) -> bytes:
        """Write the request, then read one answer, all within `timeout_s`.

        Raises:
            TimeoutError: The child took too long.
            EOFError: It ended.
            OSError: It ended while we wrote.
        """
        child, until = self._child, self._clock() + timeout_s
        if child is None or child.stdin is None or child.stdout is None:
            raise EOFError
        written = memoryview(request)
        while written:
            self._wait(child.stdin.fileno(), select.POLLOUT, until)
            written = written[os.write(child.stdin.fileno(), written[:_CHUNK]) :]
        length = LENGTH.unpack(self._take(child.stdout.fileno(), LENGTH.size, until))[0]
        return self._take(child.stdout.fileno(), length, until)

    def _take(self, descriptor: int, length: int, until: float) -> bytes:
        taken = bytearray()
        while len(taken) < length:
            self._wait(descriptor, select.POLLIN, until)
            piece = os.read(descriptor, length - len(taken))
            if not piece:
                raise EOFError
            taken += piece
        return bytes(taken)

    def _wait(self, descriptor: int, event: int, until: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        left_ms = max(0.0, until - self._clock()) * 1000
        if not poll.poll(left_ms):
            raise TimeoutError


def why_absent() -> Words | None:
    """Tell why zbar cannot be used on this machine, or None if it can: for self-tests."""
    child = ZbarChild(timeout_s=_START_TIMEOUT_S)
    try:
        child.read(np.zeros((8, 8), np.uint8))
        return child.absent
    finally:
        child.close()


def _symbol(entry: dict[str, object]) -> ZbarSymbol:
    outline = entry["outline"]
    if not isinstance(outline, list):
        raise TypeError("outline")
    return ZbarSymbol(
        kind=str(entry["kind"]),
        raw=bytes.fromhex(str(entry["raw_hex"])),
        quality=int(str(entry["quality"])),
        outline=tuple((float(x), float(y)) for x, y in outline),
        orientation=str(entry["orientation"]),
    )
