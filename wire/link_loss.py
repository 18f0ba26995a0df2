"""Why a line is down: what kind of reason, so that a person can be told what to do, and the words of the machine."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from paho.mqtt.reasoncodes import ReasonCode


class Cause(StrEnum):
    """Kinds of reasons, each with a remedy of its own."""

    NAME = "name"
    """The broker's name leads nowhere."""
    REFUSED = "refused"
    """Nothing listens at the broker's address."""
    UNREACHABLE = "unreachable"
    """No way there, or no answer in time."""
    CLOSED = "closed"
    """The connection was taken, but no session came of it and no reason was given."""
    BROKER = "broker"
    """The broker gave a reason that is its own, such as being full."""
    TLS = "tls"
    """Certificates cannot be used or are not believed."""
    LOGIN = "login"
    """The broker does not let us in, or not to our topics."""
    TAKEN_OVER = "taken_over"
    """Another client came with our id."""
    UNSTEADY = "unsteady"
    """Sessions break off as soon as they are open, time and again: most likely another client has our id."""
    ENDED = "ended"
    """The session was open and broke off."""
    FAILED = "failed"
    """A fault of ours."""


@dataclass(frozen=True, slots=True)
class LinkLoss:
    """Why a session ended or could not be opened."""

    cause: Cause
    detail: str

    def __str__(self) -> str:
        """Return what stands in the log."""
        return self.detail


QUIET_S = 60.0
"""How long a session must last before a tussle about our id is believed to be over."""
_SHORT_S = 5.0
_MANY = 3
_LOGIN_CODES: Final = frozenset({0x85, 0x86, 0x87, 0x8A, 0x8C})
"""Reason codes of MQTT 5: client id, password, authorization, ban, method."""
_TAKEN_OVER_CODE: Final = 0x8E
_BY_ERROR: Final[tuple[tuple[type[Exception], Cause], ...]] = (
    (ssl.SSLError, Cause.TLS),
    (socket.gaierror, Cause.NAME),
    (ConnectionRefusedError, Cause.REFUSED),
    (ConnectionError, Cause.CLOSED),
    (OSError, Cause.UNREACHABLE),
)


class Tussle:
    """Notices that another client has our id, for most brokers end the older session without a word."""

    def __init__(self) -> None:
        self._short = 0

    def judged(self, loss: LinkLoss, lasted_s: float) -> LinkLoss:
        """Return why a session was lost that had lasted so long, in the light of those before."""
        if loss.cause is not Cause.ENDED:
            self._short = 0
            return loss
        # Once it is noticed we come back ever more slowly, so sessions get longer although nothing is settled.
        limit_s = QUIET_S if self._short >= _MANY else _SHORT_S
        self._short = self._short + 1 if lasted_s < limit_s else 0
        if self._short < _MANY:
            return loss
        return LinkLoss(Cause.UNSTEADY, f"{self._short} sessions in a row broke off early")


def loss_by_error(error: Exception) -> LinkLoss:
    """Return why a connection could not be opened."""
    cause = next((cause for kind, cause in _BY_ERROR if isinstance(error, kind)), Cause.FAILED)
    return LinkLoss(cause, detail_of(error))


def loss_by_reason(reason: ReasonCode) -> LinkLoss:
    """Return why the broker refused or ended a session."""
    if reason.value == _TAKEN_OVER_CODE:
        return LinkLoss(Cause.TAKEN_OVER, str(reason))
    return LinkLoss(Cause.LOGIN if reason.value in _LOGIN_CODES else Cause.BROKER, str(reason))


def detail_of(error: Exception) -> str:
    """Return an error as it stands in the log."""
    return f"{type(error).__name__}: {error}"
