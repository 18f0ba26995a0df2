"""`plain`: the body is the envelope, as the national interface has it. The portal's form is in `portal.py`."""

from __future__ import annotations

from datetime import datetime

from wire.fsi.signing.keyring import Secrets
from wire.fsi.signing.ports import Opened

PATH = "/fsi/api/callFsiService/callService"
"""Where the interface answers; a host may put a prefix of its own before it (`/mbs/fmi` was seen)."""


class PlainTransport:
    """Carries an envelope as it is."""

    name = "plain"
    path = PATH

    def open(self, body: bytes, secrets: Secrets) -> Opened:
        """Return the body."""
        del secrets
        return Opened(body)

    def wrap(self, envelope: bytes, secrets: Secrets, institution: str, now: datetime) -> bytes:
        """Return the envelope."""
        del secrets, institution, now
        return envelope

    def wrap_answer(self, answer: bytes, secrets: Secrets, institution: str, now: datetime) -> bytes:
        """Return the answer."""
        del secrets, institution, now
        return answer

    def open_answer(self, body: bytes, secrets: Secrets, institution: str, now: datetime) -> bytes:
        """Return the body."""
        del secrets, institution, now
        return body
