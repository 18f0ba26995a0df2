"""The text that the public portal's form signs, and the form in which it hides its data.

`k=v` in the order of the names, joined by `&`, the shared secret at the end; without `signData`, `encData`, `extra` and
without what is empty. `data` is written as JSON without spaces, its names in order, its numbers and truth values as
texts. Clients differ in how deep they go: those of the payment platform go all the way, the portal's own script stays
on the first level and sorts the records of lists. Both are known here; a signature may fit either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from codes.words import Words
from wire.fsi.signing.errors import SecretsError
from wire.fsi.signing.exact_text import Number
from wire.fsi.signing.sm4 import KEY_BYTES, decrypt_ecb, encrypt_ecb

LEFT_OUT = ("signData", "encData", "extra")
_ASCII_END = 128


def deep_text(members: Mapping[str, object], secret: str) -> str:
    """Return the text of a client that puts everything in order, however deep."""
    return _text({name: _ordered(value) for name, value in members.items()}, secret)


def shallow_text(members: Mapping[str, object], secret: str) -> str:
    """Return the text of a client that looks at the first level of the data, and at the records of lists in it."""
    return _text({**members, "data": _ordered_above(members.get("data"))}, secret)


def derived_key(app_id: str, secret: str) -> bytes:
    """Return the SM4 key: the first 16 hexadecimal digits, upper case, of the secret under 16 characters of the id.

    Raises:
        SecretsError: The id is shorter.
    """
    half = app_id.encode()[:KEY_BYTES]
    if len(half) < KEY_BYTES:
        raise SecretsError(
            Words(
                f"client_id 用于门户加密时至少 {KEY_BYTES} 个字符",
                f"A client_id from which the portal's key is made has at least {KEY_BYTES} characters",
            )
        )
    hidden = encrypt_ecb(half, secret.encode())
    return hidden.hex().upper()[:KEY_BYTES].encode()


def hide(key: bytes, text: str) -> str:
    """Return the upper-case hexadecimal cipher text; what is not ASCII is written as backslash-u before."""
    return encrypt_ecb(key, escaped(text).encode()).hex().upper()


def reveal(key: bytes, digits: str) -> bytes:
    """Return what was hidden.

    Raises:
        ValueError: These are no hexadecimal digits.
        EncryptedTextError: It does not open.
    """
    return decrypt_ecb(key, bytes.fromhex(digits))


def escaped(text: str) -> str:
    """Return JSON text in ASCII: each UTF-16 unit beyond it as backslash, u and four digits."""
    return "".join(char if ord(char) < _ASCII_END else json.dumps(char)[1:-1] for char in text)


def _text(members: Mapping[str, object], secret: str) -> str:
    pairs = [
        f"{name}={_written(value)}"
        for name, value in sorted(members.items())
        if name not in LEFT_OUT and not _is_empty(value)
    ]
    return "&".join([*pairs, f"key={secret}"])


def _written(value: object) -> str:
    return value if isinstance(value, str) else _json(value)


def _is_empty(value: object) -> bool:
    return value is None or value in ("", [])


def _ordered(value: object) -> object:
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value) if not _is_empty(value[name])}
    if isinstance(value, list):
        return [_ordered(one) for one in value if not _is_empty(one)]
    return _as_text(value)


def _ordered_above(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {name: _record_order(_as_text(value[name])) for name in sorted(value) if not _is_empty(value[name])}


def _record_order(value: object) -> object:
    if not isinstance(value, list):
        return value
    return [dict(sorted(one.items())) if isinstance(one, dict) else one for one in value]


def _as_text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, Number) else value


def _json(value: object) -> str:
    """Write JSON as browsers do: no spaces, only what must be is escaped, numbers as they were read."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_json(name)}:{_json(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
