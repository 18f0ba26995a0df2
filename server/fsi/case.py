"""One message on its way to an answer, after all that can be known of it without the store."""

from __future__ import annotations

from dataclasses import dataclass

from server.fsi.post import Post
from wire.fsi.envelope import Request
from wire.fsi.faults import Fault
from wire.fsi.fields import Transaction
from wire.fsi.json_text import encode_json
from wire.fsi.record import Message
from wire.fsi.signing import Opened, Protection, Verified
from wire.fsi.signing.sm2 import sm3

KEY_VOICE = "key"
"""How a caller is named that nothing but its signature proves."""


@dataclass(frozen=True, slots=True)
class Proved:
    """A message whose envelope was read and whose signature, where one is wanted, holds."""

    post: Post
    opened: Opened
    request: Request
    """Its input is in clear."""
    verified: Verified
    protection: Protection
    """How the message came, and how its answer goes."""
    is_copy: bool = False
    """Byte for byte what came before under the same signature. It may be somebody else's copy, so it gets the answer
    that was given, if one was, and nothing else."""

    @property
    def caller(self) -> str:
        """Who calls, for the record."""
        return f"{KEY_VOICE}:{self.verified.key_id}" if self.post.voice is None else str(self.post.voice)


@dataclass(frozen=True, slots=True)
class Case:
    """A message whose input fits its table."""

    proved: Proved
    table: Transaction
    message: Message
    warnings: tuple[Fault, ...]
    digest: bytes
    """Of what the message says."""

    @property
    def request(self) -> Request:
        """The envelope."""
        return self.proved.request


def digest_of(request: Request) -> bytes:
    """Return the SM3 of what a message says.

    A signature made anew, with other random numbers, does not make it another message, and neither does a cipher text
    in another form, or the number of a new sign-in of the same operator: so none of them is part of it. Neither is what
    a till fills in anew when it sends once more (`inf_time`, the device, the names of operator and institution), nor
    what is added to the envelope and known to nobody.
    """
    said = (
        request.infno,
        request.msgid,
        request.institution,
        request.district,
        request.insured_district,
        request.receiver,
        request.operator_kind,
        request.operator,
        request.version,
        request.input,
    )
    return sm3(encode_json(said))
