"""Code 128 and EAN drawn by ourselves, from the tables of ISO/IEC 15417 and ISO/IEC 15420 and no more.

Two parts need it. The ladder draws a linear code again to prove that it was read right (`proof`), and the simulated
camera has it as its second encoder: the first comes from the same library as the decoder, so an error shared by both
would pass unseen. It promises a symbol that says exactly the bytes it was given (a group separator in a GS1 symbol
is FNC1); it does not seek the shortest one.
"""

from __future__ import annotations

import re
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Modules = NDArray[np.uint8]
"""One pixel a module, 0 for ink and 255 for paper, quiet zone included; a linear symbol is one row high."""

# Widths of bar, space, bar … for the values 0 to 106 of Code 128; 106 is the stop pattern.
_CODE128 = """
    212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231
    113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211
    212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131
    113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111
    314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211
    241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141
    214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214
    211232 2331112
""".split()  # noqa: SIM905 - a table of 107 reads better in rows
_FNC1 = 102
_STOP = 106
_START = {"A": 103, "B": 104, "C": 105}
_SWITCH = {"A": 101, "B": 100, "C": 99}


class DigitPairs(Enum):
    """Where an encoder packs digits two by two (code set C), from four digits on. Printers differ."""

    FROM_FIRST = re.compile(rb"(?:\d\d){2,}|(?<=\d{4}\x1d)(?:\d\d)+|.", re.DOTALL)
    """An odd digit is left at the end. FNC1 interrupts no run of pairs, because every code set has it."""
    TO_LAST = re.compile(rb"\d(?=(?:\d\d){2,}(?!\d))|(?:\d\d){2,}|.", re.DOTALL)
    """An odd digit is left at the beginning."""
    NEVER = re.compile(rb".", re.DOTALL)


# The seven modules of each digit in set L, and the sets of the left half that say the thirteenth digit.
_EAN_DIGIT = [f"{bits:07b}" for bits in (0x0D, 0x19, 0x13, 0x3D, 0x23, 0x31, 0x2F, 0x3B, 0x37, 0x0B)]
_EAN_PARITY = [
    *("LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG"),
    *("LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL"),
]
_QUIET_CODE128 = 10
_QUIET_EAN = 11
_EAN_8 = 8


def draw_code128(raw: bytes, *, gs1: bool = False, pairs: DigitPairs = DigitPairs.FROM_FIRST) -> Modules:
    """Return the Code 128 symbol of `raw`, as GS1-128 if `gs1` is set.

    Raises:
        ValueError: A byte is outside ASCII, which this encoder leaves out.
    """
    tokens = _code128_tokens(raw, gs1=gs1, pairs=pairs)
    code_set = next((wanted for wanted, _ in tokens if wanted), "B")
    values = [_START[code_set]]
    for wanted, value in tokens:
        if wanted and wanted != code_set:
            code_set = wanted
            values.append(_SWITCH[wanted])
        values.append(value)
    check = (values[0] + sum(place * value for place, value in enumerate(values))) % 103
    widths = "".join(_CODE128[value] for value in (*values, check, _STOP))
    return _row("".join("10"[place % 2] * int(width) for place, width in enumerate(widths)), _QUIET_CODE128)


def draw_ean(digits: str) -> Modules:
    """Return the EAN-13 or EAN-8 symbol of `digits`, check digit included.

    Raises:
        ValueError: There are neither 8 nor 13 digits, or the check digit is wrong.
    """
    if len(digits) not in {_EAN_8, 13} or not digits.isascii() or not digits.isdigit():
        raise ValueError("an EAN has 8 or 13 digits")
    if sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits))) % 10:
        raise ValueError("the check digit is wrong")
    parity, body = ("LLLL", digits) if len(digits) == _EAN_8 else (_EAN_PARITY[int(digits[0])], digits[1:])
    half = len(body) // 2
    left = "".join(map(_ean_digit, body[:half], parity))
    right = "".join(_ean_digit(digit, "R") for digit in body[half:])
    return _row(f"101{left}01010{right}101", _QUIET_EAN)


def _code128_tokens(raw: bytes, *, gs1: bool, pairs: DigitPairs) -> list[tuple[str, int]]:
    """Cut `raw` into symbol values, each with the code set it needs ("" where any will do)."""
    tokens: list[tuple[str, int]] = [("", _FNC1)] if gs1 else []
    for match in pairs.value.finditer(raw):
        token = match.group()
        if len(token) > 1:
            tokens += [("C", int(token[place : place + 2])) for place in range(0, len(token), 2)]
        elif gs1 and token == b"\x1d":
            tokens.append(("", _FNC1))
        elif not token.isascii():
            raise ValueError("this encoder draws ASCII only")
        elif token < b" ":
            tokens.append(("A", token[0] + 64))
        else:
            tokens.append(("B", token[0] - 32))
    return tokens


def _ean_digit(digit: str, side: str) -> str:
    """Return the seven modules of one digit: set L as tabled, R its complement, G that complement mirrored."""
    left = _EAN_DIGIT[int(digit)]
    complement = left.translate(str.maketrans("01", "10"))
    return {"L": left, "R": complement, "G": complement[::-1]}[side]


def _row(bits: str, quiet: int) -> Modules:
    padded = "0" * quiet + bits + "0" * quiet
    return np.array([[0 if bit == "1" else 255 for bit in padded]], dtype=np.uint8)
