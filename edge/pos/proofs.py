"""Whether a message was signed by who sent it, told by the headers and fields in which signatures travel."""

from __future__ import annotations

from collections.abc import Iterable

from edge.pos.reading import Said
from wire.fsi.signing.gateway import ACCOUNT, NONCE, SIGNATURE

_HEADERS = {name.encode() for name in (ACCOUNT, NONCE, SIGNATURE, "authorization")}
_FIELDS = ("cainfo", "signData", "encData")


def is_signed(headers: Iterable[tuple[bytes, bytes]], said: Said) -> bool:
    """Tell whether changing the message would belie somebody, or whether it is hidden from us."""
    return (
        said.is_form
        or said.is_hidden
        or any(said.members.get(name) for name in _FIELDS)
        or any(name.lower() in _HEADERS and value.strip() for name, value in headers)
    )
