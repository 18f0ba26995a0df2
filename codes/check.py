"""Check characters of the code systems, as plain arithmetic.

Each function answers one question about a string that is already known to have the right characters. None of them
decides what a code is; that is for the rules that call them.
"""

from __future__ import annotations

HIBC_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%"
"""The 43 characters of HIBC in the order of their values; the space is one of them."""

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHARACTERS = "10X98765432"

_GMN_CHARACTERS = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_GMN_CHECK_CHARACTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_GMN_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_GMN_MODULUS = 1021


def is_digits(text: str) -> bool:
    """Say whether `text` is one or more ASCII digits; `str.isdigit` alone takes digits of every script."""
    return text.isascii() and text.isdigit()


def has_mod10(digits: str) -> bool:
    """Say whether the last digit is the GS1 check digit of the others (GTIN, SSCC, GLN, 本位码)."""
    total = 3 * sum(map(int, digits[-2::-2])) + sum(map(int, digits[-1::-2]))
    return total % 10 == 0


def mod43_character(text: str) -> str:
    """Return the HIBC check character of `text`, which must hold only `HIBC_CHARACTERS`."""
    return HIBC_CHARACTERS[sum(map(HIBC_CHARACTERS.index, text)) % 43]


def mod11_2_character(digits: str) -> str:
    """Return the check character of the first 17 digits of an identity number (ISO 7064 mod 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, digits, strict=True))
    return _ID_CHARACTERS[total % 11]


def has_gmn_pair(text: str) -> bool:
    """Say whether the last two characters check the others (GS1 Global Model Number, AI 8013)."""
    body = text[:-2]
    primes = reversed(_GMN_PRIMES[: len(body)])
    total = sum(prime * _GMN_CHARACTERS.index(character) for prime, character in zip(primes, body, strict=True))
    high, low = divmod(total % _GMN_MODULUS, 32)
    return text[-2:] == _GMN_CHECK_CHARACTERS[high] + _GMN_CHECK_CHARACTERS[low]


def has_luhn(digits: str) -> bool:
    """Say whether the last digit is the Luhn check digit of the others."""
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (doubled + sum(map(int, digits[-1::-2]))) % 10 == 0
