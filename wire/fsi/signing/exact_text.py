"""The characters of a message as they were sent, member by member.

What was signed is a text, not a value: two texts of the same value have different signatures. So nothing here is read
and written again. A message in which a name stands twice is refused: its signer and its reader might take different
ones.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

import msgspec

from codes.words import Words
from wire.errors import UNDECODABLE
from wire.fsi.signing.errors import (
    DoubledFieldError,
    EncryptedTextError,
    MissingSignatureError,
    UnreadableTextError,
    WrongSignatureError,
)

Members = dict[str, msgspec.Raw]
_MEMBERS = msgspec.json.Decoder(Members)
_SHOWN_CHARACTERS = 50
_NO_OBJECT = Words("签名内容不是合法的 JSON", "What should be signed is no JSON, or no object")


class Number(str):
    """A JSON number as it was written: `1.50` stays `1.50`."""

    __slots__ = ()


def members_of(text: bytes) -> Members:
    """Return the members of a JSON object, each as it stands there.

    Raises:
        UnreadableTextError: It is no object.
        DoubledFieldError: A name stands twice in it, at whatever depth.
    """
    read_exactly(text)
    try:
        return _MEMBERS.decode(text)
    except (msgspec.ValidationError, *UNDECODABLE) as exc:
        raise UnreadableTextError(_NO_OBJECT) from exc


def read_exactly(text: bytes) -> object:
    """Return the value of a JSON text, its numbers as they were written.

    Raises:
        UnreadableTextError: It is no JSON.
        DoubledFieldError: A name stands twice in an object.
    """
    try:
        return json.loads(
            text.decode(),
            object_pairs_hook=_without_doubles,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as exc:
        raise UnreadableTextError(_NO_OBJECT) from exc


def write_members(members: Mapping[str, object]) -> bytes:
    """Return the object; a `msgspec.Raw` among its members is put in as it is."""
    return msgspec.json.encode(members)


def read_base64_signature(text: str) -> bytes:
    """Return the bytes of a signature in base64.

    Raises:
        SignatureError: There is none, or it is no base64.
    """
    if not text:
        raise MissingSignatureError(Words("缺少签名（cainfo）", "There is no signature (cainfo)"))
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise WrongSignatureError(Words("签名不是合法的 base64", "The signature is no base64")) from exc


def read_base64_cipher_text(text: str) -> bytes:
    """Return the bytes of a cipher text in base64.

    Raises:
        EncryptedTextError: It is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise EncryptedTextError(Words("密文不是合法的 base64", "The cipher text is no base64")) from exc


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            shown = name[:_SHOWN_CHARACTERS]
            raise DoubledFieldError(Words(f"字段 {shown} 重复出现", f"The field {shown} stands twice"))
        found[name] = value
    return found


def _no_constant(name: str) -> object:
    raise ValueError(name)
