"""Whether a message was signed by who sent it, told by the headers and fields in which signatures travel.

A token or a password says who asks, not what: whoever adds codes to such a message belies nobody.
"""

from __future__ import annotations

from collections.abc import Iterable

from edge.pos.reading import Said
from wire.fsi.signing.gateway import ACCOUNT, NONCE, SIGNATURE

_HEADERS = {name.encode() for name in (ACCOUNT, NONCE, SIGNATURE)}
_AUTHORIZATION = b"authorization"
_CREDENTIALS = frozenset({b"bearer", b"basic"})
_PROOF = "cainfo"
_FIELDS = ("signData", "encData")


def is_signed(headers: Iterable[tuple[bytes, bytes]], said: Said, *, is_proof_password: bool = False) -> bool:
    """Tell whether changing the message would belie somebody, or whether it is hidden from us.

    Args:
        headers: As they came.
        said: What the message says.
        is_proof_password: Whether this area writes a person's password where others write a signature.
    """
    return (
        said.is_form
        or said.is_hidden
        or any(said.members.get(name) for name in _FIELDS)
        or bool(said.members.get(_PROOF) and not is_proof_password)
        or any(_signs(name.lower(), value.strip()) for name, value in headers)
    )


def _signs(name: bytes, value: bytes) -> bool:
    if name == _AUTHORIZATION:
        scheme = value.split(maxsplit=1)[:1]
        return bool(scheme) and scheme[0].lower() not in _CREDENTIALS
    return name in _HEADERS and bool(value)
