"""What can go wrong, told by what the caller should do."""

from __future__ import annotations

from yima_client.values import Words


class ClientError(Exception):
    """Base of all errors of this package."""


class UnsafeAddressError(ClientError):
    """The token would go over a network in the clear: use https."""


class StrangerError(ClientError):
    """Whoever answers is not the terminal whose certificate or fingerprint was given. Nothing was sent to it."""


class UnreachableError(ClientError):
    """Nobody answers at the address; the request was not taken. Try again when the terminal runs."""


class UnansweredError(ClientError):
    """The request may have been taken, but no answer came, however often it was repeated.

    Repeat the same call with `key=error.key`: it happens once, whether or not it has happened already.
    """

    def __init__(self, text: str, key: str | None) -> None:
        super().__init__(text)
        self.key = key
        """The request's `Idempotency-Key`; None where the request had none."""


class RefusedError(ClientError):
    """The terminal says no, and why."""

    def __init__(
        self, status: int, code: str, words: Words, next_step: Words, *, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{words.zh} / {words.en} [{code}]")
        self.status = status
        """HTTP status."""
        self.code = code
        """Stable, dotted; go by it."""
        self.words = words
        """For the cashier."""
        self.next_step = next_step
        """What to do about it."""
        self.retry_after_s = retry_after_s
        """When it is worth another try, if the terminal says so."""
