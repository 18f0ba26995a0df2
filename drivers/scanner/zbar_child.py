"""The process in which libzbar may crash: pictures in at standard input, answers out at standard output.

Started by `drivers.scanner.zbar.ZbarChild` as `python -m drivers.scanner.zbar_child`. Its first answer says whether
libzbar is there. It ends when its input ends, so it never outlives the process that asked.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from drivers.orphan import die_with_parent
from drivers.scanner.zbar_wire import HEADER, LENGTH

if TYPE_CHECKING:
    from types import ModuleType


def main() -> int:
    """Answer until the input ends."""
    die_with_parent()
    # The C library writes warnings to descriptor 1; they must not mix with answers.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    pictures = sys.stdin.buffer
    try:
        from pyzbar import pyzbar  # noqa: PLC0415 - loads libzbar, whose absence is an answer of its own
    except ImportError as exc:
        _answer(answers, {"ready": False, "why": str(exc)})
        return 0
    _answer(answers, {"ready": True})
    while header := _take(pictures, HEADER.size):
        width, height = HEADER.unpack(header)
        pixels = _take(pictures, width * height)
        if pixels is None:
            break
        _answer(answers, _read(pyzbar, pixels, width, height))
    return 0


def _read(pyzbar: ModuleType, pixels: bytes, width: int, height: int) -> list[dict[str, Any]]:
    kinds = [pyzbar.ZBarSymbol[name] for name in ("EAN13", "EAN8", "CODE128", "QRCODE")]
    return [
        {
            "kind": found.type,
            "raw_hex": found.data.hex(),
            "quality": found.quality,
            "outline": [[point.x, point.y] for point in found.polygon],
            "orientation": found.orientation or "UNKNOWN",
        }
        for found in pyzbar.decode((pixels, width, height), symbols=kinds)
    ]


def _take(pictures: BinaryIO, length: int) -> bytes | None:
    """Return exactly `length` bytes, or None if the input ended before."""
    taken = pictures.read(length)
    return taken if len(taken) == length else None


def _answer(answers: Any, answer: object) -> None:
    body = json.dumps(answer).encode()
    answers.write(LENGTH.pack(len(body)) + body)


if __name__ == "__main__":
    # Who asked may be gone before the answer is ready.
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
