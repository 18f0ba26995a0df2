"""What a signer, an encryptor and a transport are, and the values that pass between them and their callers.

Each has both sides: what a client does to a message, and what the centre does when it takes it in. Time and randomness
are passed in; memory of what was seen before is the caller's: `Verified.nonce` is to be refused if it was used within
`WINDOW` before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from wire.fsi.signing.keyring import Party, Secrets


class EnvelopeFields(Protocol):
    """What the plug-ins look at in an envelope that was read."""

    @property
    def infno(self) -> str: ...
    @property
    def institution(self) -> str: ...
    @property
    def district(self) -> str: ...
    @property
    def insured_district(self) -> str: ...
    @property
    def sign_type(self) -> str: ...
    @property
    def encryption(self) -> str: ...
    @property
    def signature(self) -> str: ...
    @property
    def input(self) -> object: ...


@dataclass(frozen=True, slots=True)
class Form:
    """The public portal's form: what stands around the envelope there."""

    members: Mapping[str, object]
    """All but the data, numbers as they were written."""
    data: bytes
    """The national envelope in clear, exactly as it was signed."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A body taken out of its transport."""

    envelope: bytes
    """The national envelope; where the transport is plain, the body itself."""
    form: Form | None = None
    institution: str = ""
    """Whose form it is; empty where only the envelope says so."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message whose sender is to be verified."""

    headers: Mapping[str, str]
    """As they came; `header` finds them whatever their case."""
    opened: Opened
    request: EnvelopeFields
    input_text: bytes = b""
    """The input in clear, character by character as it was sent."""

    def header(self, name: str) -> str:
        """Return a header, or nothing. One that was sent twice under two spellings counts as not sent."""
        found = [value for key, value in self.headers.items() if key.lower() == name]
        return found[0].strip() if len(found) == 1 else ""


@dataclass(frozen=True, slots=True)
class Password:
    """A person's password, as it was typed. Not to be stored, logged or shown."""

    text: str | None = field(repr=False)
    """Nothing if it does not decrypt; to the sender that must look the same as a wrong one."""
    is_mock: bool = False
    """The test area's way of saying that nobody typed one: do not compare."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a signer found out; for keeping beside the message."""

    signed_text: bytes = b""
    """Exactly what was signed, with `{secret}` where a shared secret stood."""
    signature: str = ""
    """As it was sent."""
    key_id: str = ""
    """Names the account or key that was used."""
    nonce: str | None = None
    """To be refused if it was seen before; nothing where the form has none."""
    at: datetime | None = None
    """When it was signed, where the form says so; within `WINDOW` of now."""
    password: Password | None = None
    """What is to be compared with the person's password; nothing where none is wanted, or none was sent for a person
    who is said to be insured in another province."""
    input_text: bytes | None = None
    """The input in clear, if it came encrypted: the caller reads this instead."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A message that a client is about to send."""

    infno: str
    institution: str
    input_text: bytes
    nonce: str
    """32 characters that were never used before."""
    password: str | None = field(default=None, repr=False)
    is_mock: bool = False
    """Whether `signtype` says MOCK: a test area, and nobody typed a password."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature adds to a message."""

    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    """Of the envelope."""
    signed_text: bytes = b""
    """As in `Verified`."""


class Signer(Protocol):
    """One way of proving who sent a message."""

    @property
    def name(self) -> str: ...

    @property
    def covers_input(self) -> bool:
        """Whether the exact text of the input is what is signed; only then is that of the output as well."""
        ...

    @property
    def centre_needs(self) -> tuple[str, ...]:
        """What the centre must hold of each institution, by the names of a configuration."""
        ...

    def verify(self, received: Received, secrets: Secrets, now: datetime) -> Verified:
        """Return what was proven.

        Raises:
            SignatureError: The message proves nothing, or something else.
        """
        ...

    def sign(self, sending: Sending, secrets: Secrets, now: datetime) -> Signed:
        """Return what the client has to add.

        Raises:
            SecretsError: It has not got the key.
        """
        ...

    def sign_answer(self, output_text: bytes, secrets: Secrets, institution: str) -> Signed:
        """Return what the centre adds to its answer; nothing where answers are not signed."""
        ...

    def verify_answer(self, output_text: bytes, signature: str, secrets: Secrets, institution: str) -> None:
        """Check the answer at the client, if it was given the platform's key.

        Raises:
            SignatureError: The platform did not sign this.
        """
        ...


class Encryptor(Protocol):
    """One way of hiding the input and the output."""

    @property
    def name(self) -> str: ...

    @property
    def enc_type(self) -> str:
        """What `enc_type` of the envelope says; empty if nothing is hidden."""
        ...

    @property
    def centre_needs(self) -> tuple[str, ...]:
        """As of a signer."""
        ...

    def encrypt(self, plain: bytes, party: Party) -> str:
        """Return the cipher text as the envelope carries it.

        Raises:
            SecretsError: There is no key for this institution.
        """
        ...

    def decrypt(self, text: str, party: Party) -> bytes:
        """Return what was hidden.

        Raises:
            EncryptedTextError: It does not open.
            SecretsError: There is no key for this institution.
        """
        ...


class Transport(Protocol):
    """One way in which a body carries the envelope."""

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> str:
        """Where clients of the national platform post to; another host may give it another prefix."""
        ...

    def open(self, body: bytes, secrets: Secrets) -> Opened:
        """Take the envelope out of a body, or an answer out of that of an answer.

        Raises:
            SignatureError: Nobody knows the sender, or the form is broken.
            EncryptedTextError: It does not open.
        """
        ...

    def wrap(self, envelope: bytes, secrets: Secrets, institution: str, now: datetime) -> bytes:
        """Return the body that carries `envelope`, signed by the institution if the form is signed."""
        ...

    def wrap_answer(self, answer: bytes, secrets: Secrets, institution: str, now: datetime) -> bytes:
        """Return the body that carries `answer`, signed by the platform if the form is signed."""
        ...

    def open_answer(self, body: bytes, secrets: Secrets, institution: str, now: datetime) -> bytes:
        """Take the answer out at the client; check the platform's signature if its key is known and forms are signed.

        Raises:
            SignatureError: The platform did not sign this, or not now.
            EncryptedTextError: It does not open.
        """
        ...
