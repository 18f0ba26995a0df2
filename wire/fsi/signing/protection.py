"""How an area protects its messages: signer, encryptor and transport together, on either side.

The centre: `open` the body, read the envelope, `verify` it, and `seal` the answer. A client: `send`, `read_answer`.
The order is fixed: what is signed is the clear text, what is hidden is what was signed, and the transport goes around
all. An answer is hidden if its request was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from codes.words import Words
from wire.fsi.signing.errors import EncryptedTextError, UnreadableTextError
from wire.fsi.signing.exact_text import Members, members_of, read_exactly, write_members
from wire.fsi.signing.keyring import Secrets
from wire.fsi.signing.ports import (
    Encryptor,
    EnvelopeFields,
    Opened,
    Received,
    Sending,
    Signer,
    Transport,
    Verified,
)

_INPUT, _OUTPUT = "input", "output"
_NULL = b"null"
_SUCCESS = "0"
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request, ready to be posted."""

    headers: Mapping[str, str]
    body: bytes
    signed_text: bytes


@dataclass(frozen=True, slots=True)
class Protection:
    """The three plug-ins of an area."""

    transport: Transport
    encryptor: Encryptor
    signer: Signer

    def open(self, body: bytes, secrets: Secrets) -> Opened:
        """Take the envelope out of a body, so that it can be read.

        Raises:
            SignatureError: Its form is broken, or nobody knows the sender.
            EncryptedTextError: It does not open.
            SecretsError: This side lacks a key.
        """
        return self.transport.open(body, secrets)

    def verify(
        self, headers: Mapping[str, str], opened: Opened, request: EnvelopeFields, secrets: Secrets, now: datetime
    ) -> Verified:
        """Decrypt the input and verify who sent the message.

        Where `input_text` comes back, the caller reads the input from it: it is what was signed.

        Raises:
            SignatureError: The message does not prove who sent it, or not now.
            EncryptedTextError: The input does not open, or is in clear where this area hides it.
            SecretsError: This side lacks a key.
        """
        text, is_hidden = self._input_text(opened, request, secrets)
        verified = self.signer.verify(Received(headers, opened, request, text), secrets, now)
        return replace(verified, input_text=text) if is_hidden else verified

    def seal(
        self, answer: bytes, opened: Opened | None, request: EnvelopeFields | None, secrets: Secrets, now: datetime
    ) -> bytes:
        """Sign, hide and wrap an answer.

        Where the message could not be read so far that an institution is known, the answer goes as it is: nobody
        knows for whom to hide it.

        Raises:
            SecretsError: This side lacks a key.
        """
        code = (opened.institution if opened else "") or (request.institution if request else "")
        if code not in secrets.institutions:
            return answer
        answer = self._protect_output(answer, code, secrets)
        return self.transport.wrap_answer(answer, secrets, code, now)

    def send(self, fields: Mapping[str, object], sending: Sending, secrets: Secrets, now: datetime) -> Outgoing:
        """Return the request that carries `fields` around the input.

        `fields` are those of the envelope without `input`, which is taken from `sending`, character by character.

        Raises:
            SecretsError: The institution lacks a key.
            PasswordMissingError: This transaction wants the person's password.
        """
        signed = self.signer.sign(sending, secrets, now)
        envelope: dict[str, object] = {**fields, **signed.fields}
        envelope[_INPUT] = msgspec.Raw(sending.input_text)
        if self.encryptor.enc_type:
            party = secrets.institution(sending.institution)
            envelope |= {
                "enc_type": self.encryptor.enc_type,
                _INPUT: self.encryptor.encrypt(sending.input_text, party),
            }
        body = self.transport.wrap(write_members(envelope), secrets, sending.institution, now)
        return Outgoing({**_JSON, **signed.headers}, body, signed.signed_text)

    def read_answer(self, body: bytes, secrets: Secrets, institution: str, now: datetime) -> bytes:
        """Return the answer in clear, verified.

        A failure may come without a signature: a platform that could not read the request cannot sign for it.

        Raises:
            SignatureError: The platform did not sign this.
            EncryptedTextError: It does not open.
            SecretsError: This side lacks a key.
        """
        answer = self.transport.open_answer(body, secrets, institution, now)
        members = members_of(answer)
        hidden = _string(members, _OUTPUT)
        if hidden and self.encryptor.enc_type:
            plain = self.encryptor.decrypt(hidden, secrets.institution(institution))
            members[_OUTPUT] = msgspec.Raw(_whole_json(plain))
            answer = write_members(members)
        signature = _string(members, "cainfo")
        if signature or _string(members, "infcode") == _SUCCESS:
            self.signer.verify_answer(bytes(members.get(_OUTPUT, b"")), signature, secrets, institution)
        return answer

    def lacking(self, secrets: Secrets) -> tuple[tuple[str, str], ...]:
        """Return institution and name of every secret that the centre needs and has not got: for its start."""
        needs = dict.fromkeys((*self.signer.centre_needs, *self.encryptor.centre_needs))
        return tuple(
            (code, name) for code, party in secrets.institutions.items() for name in needs if not party.has(name)
        )

    def _input_text(self, opened: Opened, request: EnvelopeFields, secrets: Secrets) -> tuple[bytes, bool]:
        hidden = request.input if isinstance(request.input, str) else ""
        kind = self.encryptor.enc_type
        if kind and not hidden:
            raise EncryptedTextError(Words(f"input 须用 {kind} 加密", f"The input must be encrypted with {kind}"))
        if kind:
            plain = self.encryptor.decrypt(hidden, secrets.institution(request.institution))
            return _whole_json(plain), True
        # Clients were seen that name an encryption and use none; those that use one are told.
        if hidden and request.encryption:
            raise EncryptedTextError(Words("本区域的 input 不加密", "This area takes no encrypted input"))
        if not self.signer.covers_input:
            return b"", False
        return _signed_text(bytes(members_of(opened.envelope).get(_INPUT, b""))), False

    def _protect_output(self, answer: bytes, institution: str, secrets: Secrets) -> bytes:
        if not (self.signer.covers_input or self.encryptor.enc_type):
            return answer
        members = members_of(answer)
        if _OUTPUT not in members:
            return answer
        output = bytes(members[_OUTPUT])
        written: dict[str, object] = {**members}
        written |= self.signer.sign_answer(output, secrets, institution).fields
        if self.encryptor.enc_type and output != _NULL:
            written[_OUTPUT] = self.encryptor.encrypt(output, secrets.institution(institution))
        return write_members(written)


def _signed_text(text: bytes) -> bytes:
    """Some write the input as a text within the text: what they signed is what is inside."""
    return str(read_exactly(text)).encode() if text.startswith(b'"') else text


def _string(members: Members, name: str) -> str:
    value = read_exactly(bytes(members[name])) if name in members else ""
    return value if isinstance(value, str) else ""


def _whole_json(plain: bytes) -> bytes:
    """Return what was decrypted, if it is JSON: a wrong key leaves noise more often than wrong padding."""
    try:
        read_exactly(plain)
    except UnreadableTextError as exc:
        raise EncryptedTextError(
            Words("解密后的内容不是 JSON，请核对密钥", "What was decrypted is no JSON: compare the keys"),
        ) from exc
    return plain
