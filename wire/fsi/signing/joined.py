"""Several signers as one, as `token+sm` in an area profile: a message must satisfy all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import reduce

from wire.fsi.signing.keyring import Secrets
from wire.fsi.signing.ports import Received, Sending, Signed, Signer, Verified

SEPARATOR = "+"


class JoinedSigners:
    """Asks each in turn; the first refusal counts."""

    def __init__(self, signers: Sequence[Signer]) -> None:
        self._signers = tuple(signers)
        self.name = SEPARATOR.join(signer.name for signer in signers)
        self.covers_input = any(signer.covers_input for signer in signers)
        self.centre_needs = tuple(dict.fromkeys(name for signer in signers for name in signer.centre_needs))

    def verify(self, received: Received, secrets: Secrets, now: datetime) -> Verified:
        """Return what all of them found out, joined."""
        return reduce(_joined, [signer.verify(received, secrets, now) for signer in self._signers])

    def sign(self, sending: Sending, secrets: Secrets, now: datetime) -> Signed:
        """Return what all of them add."""
        return reduce(_added, [signer.sign(sending, secrets, now) for signer in self._signers])

    def sign_answer(self, output_text: bytes, secrets: Secrets, institution: str) -> Signed:
        """Return what all of them add to the answer."""
        return reduce(_added, [signer.sign_answer(output_text, secrets, institution) for signer in self._signers])

    def verify_answer(self, output_text: bytes, signature: str, secrets: Secrets, institution: str) -> None:
        """Let each check the answer."""
        for signer in self._signers:
            signer.verify_answer(output_text, signature, secrets, institution)


def _joined(left: Verified, right: Verified) -> Verified:
    """Keep the text and the signature of the later one: an area names the one that covers the content last."""
    text = right if right.signed_text else left
    return replace(
        left,
        signed_text=text.signed_text,
        signature=text.signature,
        key_id=SEPARATOR.join(filter(None, (left.key_id, right.key_id))),
        nonce=left.nonce or right.nonce,
        at=left.at or right.at,
        password=left.password or right.password,
    )


def _added(left: Signed, right: Signed) -> Signed:
    return Signed(
        {**left.headers, **right.headers},
        {**left.fields, **right.fields},
        right.signed_text or left.signed_text,
    )
