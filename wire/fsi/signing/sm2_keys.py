"""Reads SM2 keys as bureaus and vendors hand them out: PEM, hexadecimal digits, or base64.

Private: PKCS#8 or SEC1 in PEM or base64, or the bare number (32 bytes, a leading zero allowed). Public: PEM, or the
bare point with or without its leading 04, or compressed. What is read is checked: the curve, the range, the point, and
that the two halves of a pair belong together.
"""

from __future__ import annotations

import base64
import binascii
import re

from codes.words import Words
from wire.fsi.signing.curve import SM2
from wire.fsi.signing.der import (
    BIT_STRING,
    CURVE_TAG,
    INTEGER,
    OBJECT_ID,
    OCTET_STRING,
    PUBLIC_TAG,
    SEQUENCE,
    Element,
    read_elements,
    read_sequence,
)
from wire.fsi.signing.errors import SecretsError
from wire.fsi.signing.sm2 import HALF_BYTES, Sm2PrivateKey, Sm2PublicKey

_SM2_OID = bytes.fromhex("2a811ccf5501822d")
"""1.2.156.10197.1.301, the recommended curve."""
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_PRIVATE_LABELS = ("PRIVATE KEY", "EC PRIVATE KEY", "SM2 PRIVATE KEY")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
_POINT_BYTES = 2 * HALF_BYTES
_UNCOMPRESSED = 4
_COMPRESSED = (2, 3)
_NO_PRIVATE_KEY = Words("不是 SM2 私钥", "This is no SM2 private key")
_NO_PUBLIC_KEY = Words("不是 SM2 公钥", "This is no SM2 public key")


def read_private_key(text: str) -> Sm2PrivateKey:
    """Return the private key written in `text`.

    Raises:
        SecretsError: It is none, it is encrypted, or it is of another curve.
    """
    blocks = _pem_blocks(text)
    if "ENCRYPTED PRIVATE KEY" in blocks or "Proc-Type: 4,ENCRYPTED" in text:
        raise SecretsError(Words("SM2 私钥已加密，请先解密", "The SM2 private key is encrypted; decrypt it first"))
    try:
        return _private(next((blocks[label] for label in _PRIVATE_LABELS if label in blocks), None) or _bytes(text))
    except ValueError as exc:
        raise SecretsError(_NO_PRIVATE_KEY) from exc


def read_public_key(text: str) -> Sm2PublicKey:
    """Return the public key written in `text`.

    Raises:
        SecretsError: It is none, it is of another curve, or not a point on it.
    """
    try:
        raw = _pem_blocks(text).get("PUBLIC KEY") or _bytes(text)
        is_bare = len(raw) in (HALF_BYTES + 1, _POINT_BYTES, _POINT_BYTES + 1)
        return _point(raw if is_bare else _point_of_file(raw))
    except ValueError as exc:
        raise SecretsError(_NO_PUBLIC_KEY) from exc


def _pem_blocks(text: str) -> dict[str, bytes]:
    found = {}
    for label, body in _PEM.findall(text):
        try:
            found[label] = base64.b64decode("".join(body.split()), validate=True)
        except binascii.Error:
            continue
    return found


def _bytes(text: str) -> bytes:
    joined = "".join(text.split())
    if _HEX.fullmatch(joined):
        return bytes.fromhex(joined)
    return base64.b64decode(joined, validate=True)


def _private(raw: bytes) -> Sm2PrivateKey:
    is_bare = len(raw) == HALF_BYTES or (len(raw) == HALF_BYTES + 1 and raw[0] == 0)
    number, public = (raw, None) if is_bare else _parts_of_file(raw)
    value = int.from_bytes(number)
    if not 1 <= value <= SM2.n - 2:
        raise ValueError("out of range")
    key = Sm2PrivateKey(value.to_bytes(HALF_BYTES))
    if public is not None and _point(public) != key.public:
        raise ValueError("the halves are of two pairs")
    return key


def _parts_of_file(der: bytes) -> tuple[bytes, bytes | None]:
    """Return the number, and the public key if it stands beside it, of a PKCS#8 or SEC1 key."""
    elements = read_sequence(der)
    if [tag for tag, _ in elements[:3]] == [INTEGER, SEQUENCE, OCTET_STRING]:
        _require_sm2(list(read_elements(elements[1][1])))
        return _parts_of_sec1(read_sequence(elements[2][1]))
    _require_sm2([element for tag, content in elements if tag == CURVE_TAG for element in read_elements(content)])
    return _parts_of_sec1(elements)


def _parts_of_sec1(elements: list[Element]) -> tuple[bytes, bytes | None]:
    numbers = [content for tag, content in elements if tag == OCTET_STRING]
    publics = [content for tag, content in elements if tag == PUBLIC_TAG]
    if len(numbers) != 1:
        raise ValueError("no private number")
    return numbers[0], _bits(list(read_elements(publics[0]))) if publics else None


def _point_of_file(der: bytes) -> bytes:
    elements = read_sequence(der)
    if [tag for tag, _ in elements] != [SEQUENCE, BIT_STRING]:
        raise ValueError("no public key")
    _require_sm2(list(read_elements(elements[0][1])))
    return _bits(elements)


def _require_sm2(elements: list[Element]) -> None:
    if (OBJECT_ID, _SM2_OID) not in elements:
        raise ValueError("another curve")


def _bits(elements: list[Element]) -> bytes:
    strings = [content for tag, content in elements if tag == BIT_STRING]
    # The first byte says how many bits of the last one are unused: none, in a key.
    if len(strings) != 1 or strings[0][:1] != b"\0":
        raise ValueError("no bit string of whole bytes")
    return strings[0][1:]


def _point(raw: bytes) -> Sm2PublicKey:
    if len(raw) == HALF_BYTES + 1 and raw[0] in _COMPRESSED:
        point = SM2.lift(int.from_bytes(raw[1:]), is_odd=raw[0] % 2 == 1)
    else:
        if len(raw) == _POINT_BYTES + 1 and raw[0] == _UNCOMPRESSED:
            raw = raw[1:]
        if len(raw) != _POINT_BYTES:
            raise ValueError("no point")
        point = (int.from_bytes(raw[:HALF_BYTES]), int.from_bytes(raw[HALF_BYTES:]))
    if point is None or not SM2.holds(point):
        raise ValueError("not on the curve")
    return Sm2PublicKey(point[0].to_bytes(HALF_BYTES) + point[1].to_bytes(HALF_BYTES))
