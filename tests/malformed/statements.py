"""Malformed statements: what a 3202 compares is a file, and no field of the message says what may stand in it.

Each file is good but for one cell, and the answer has to name its line and its column.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from typing import Final

from server.settlement.statement_file import UP
from tests.malformed.messages import Frame, Json, Malformed, text_of

Post = Callable[[bytes], bytes]
"""From a message to its answer."""
_STRANGE_IDS: Final = ("\x00", "S\x001", "x" * 31, "x" * 200_000, "a b", "\u202e1", "1\ufeff1", "1\ue000")
_STRANGE_AMOUNTS: Final = (
    *(
        "92233720368547758.08",
        "1E+20",
        "1e2",
        "1_0",
        "１０",
        "+1",
        ".5",
        "1.",
        "1.005",
        "NaN",
        "-",
        "--1",
        "\x00",
        "0x1",
    ),
    *("999999999999999", "1,000.00", "∞", "9" * 5_000),
)
_STRANGE: Final = {
    **dict.fromkeys(UP[:3], _STRANGE_IDS),
    **dict.fromkeys(UP[3:6], _STRANGE_AMOUNTS),
    "refd_setl_flag": ("2", "Y", "\x00", "01", "x" * 5_000),
}
_GOOD: Final = ("S1", "M1", "P1", "100.00", "60.00", "null", "0")


def statement_faults(frame: Frame, post: Post, chance: random.Random) -> Iterator[Malformed]:
    """Upload a file with one wrong cell, for each of them, and yield the 3202 that names it."""
    for column, values in _STRANGE.items():
        for value in values:
            lines = [list(_GOOD) for _ in range(chance.randint(1, 5))]
            at = chance.randrange(len(lines))
            lines[at][UP.index(column)] = value
            content = "".join("\t".join(line) + "\n" for line in lines).encode()
            yield Malformed("in a file", "3202", column, f"第 {at + 1} 行", asked(frame, post, content))


def statement_noise(frame: Frame, post: Post, chance: random.Random, times: int) -> Iterator[bytes]:
    """Upload a file with some bytes changed, as often as that, and yield the 3202 that names it; it may be taken."""
    good = "\n".join("\t".join(_GOOD) for _ in range(3)).encode()
    for _ in range(times):
        changed = bytearray(good)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        yield asked(frame, post, bytes(changed))


def asked(frame: Frame, post: Post, content: bytes) -> bytes:
    """Upload a statement and return the message that has it compared."""
    said = frame("9101")
    file = {
        "in": base64.b64encode(content).decode(),
        "filename": "statement.txt",
        "fixmedins_code": said["fixmedins_code"],
    }
    answer: Json = json.loads(post(text_of(said, {"fsUploadIn": file}).encode()))
    data = {
        "setl_optins": "350200",
        "file_qury_no": answer["output"]["file_qury_no"],
        "stmt_begndate": "2026-03-01",
        "stmt_enddate": "2026-03-31",
        "medfee_sumamt": "100.00",
        "fund_pay_sumamt": "60.00",
        "cash_payamt": "40.00",
        "fixmedins_setl_cnt": "1",
    }
    return text_of(frame("3202"), {"data": data}).encode()
