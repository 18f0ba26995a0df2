"""As much of ASN.1 DER as a key file needs: elements one after another, each whole, nothing left over."""

from __future__ import annotations

from collections.abc import Iterator

SEQUENCE, INTEGER, BIT_STRING, OCTET_STRING, OBJECT_ID = 0x30, 0x02, 0x03, 0x04, 0x06
CURVE_TAG, PUBLIC_TAG = 0xA0, 0xA1
"""The optional parts of an EC private key (RFC 5915): [0] curve, [1] public key."""
_LONG_FORM = 0x80
_MOST_LENGTH_BYTES = 2
"""A key is a few hundred bytes; a length of more than 65,535 is no key."""

Element = tuple[int, bytes]


def read_elements(der: bytes) -> Iterator[Element]:
    """Yield tag and content of each element in `der`.

    Raises:
        ValueError: An element is cut off, or longer than any key.
    """
    at = 0
    while at < len(der):
        tag, at = der[at], at + 1
        length, at = _length(der, at)
        content, at = der[at : at + length], at + length
        if len(content) != length:
            raise ValueError("an element is cut off")
        yield tag, content


def read_sequence(der: bytes) -> list[Element]:
    """Return the elements of the one sequence that `der` is.

    Raises:
        ValueError: It is something else.
    """
    elements = list(read_elements(der))
    if [tag for tag, _ in elements] != [SEQUENCE]:
        raise ValueError("no sequence")
    return list(read_elements(elements[0][1]))


def _length(der: bytes, at: int) -> tuple[int, int]:
    if at >= len(der):
        raise ValueError("an element is cut off")
    first, at = der[at], at + 1
    if first < _LONG_FORM:
        return first, at
    count = first - _LONG_FORM
    if not 1 <= count <= _MOST_LENGTH_BYTES or at + count > len(der):
        raise ValueError("no length of a key")
    return int.from_bytes(der[at : at + count]), at + count
