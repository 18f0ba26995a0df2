"""What the signers of the simple forms share: an answer is not signed."""

from __future__ import annotations

from datetime import datetime

from wire.fsi.signing.keyring import Secrets
from wire.fsi.signing.ports import Received, Sending, Signed, Verified


class UnsignedAnswers:
    """The half of a signer that has nothing to do where only requests prove who sent them."""

    covers_input = False

    def sign_answer(self, output_text: bytes, secrets: Secrets, institution: str) -> Signed:
        """Add nothing."""
        del output_text, secrets, institution
        return Signed()

    def verify_answer(self, output_text: bytes, signature: str, secrets: Secrets, institution: str) -> None:
        """Accept any answer: TLS is what proves it."""


class NoSigner(UnsignedAnswers):
    """`none`: nothing is signed. Who may send is decided at the door: by network, TLS or terminal."""

    name = "none"
    centre_needs: tuple[str, ...] = ()

    def verify(self, received: Received, secrets: Secrets, now: datetime) -> Verified:
        """Accept the message, and prove nothing."""
        del received, secrets, now
        return Verified()

    def sign(self, sending: Sending, secrets: Secrets, now: datetime) -> Signed:
        """Add nothing."""
        del sending, secrets, now
        return Signed()
