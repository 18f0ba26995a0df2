"""Each way to lose a line is told by the kind of its remedy."""

from __future__ import annotations

import socket
import ssl

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from wire.link_loss import QUIET_S, Cause, LinkLoss, Tussle, loss_by_error, loss_by_reason

ENDED = LinkLoss(Cause.ENDED, "session ended")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (socket.gaierror(-2, "Name or service not known"), Cause.NAME),
        (ConnectionRefusedError(111, "refused"), Cause.REFUSED),
        (TimeoutError("timed out"), Cause.UNREACHABLE),
        (OSError(113, "No route to host"), Cause.UNREACHABLE),
        (ConnectionResetError(104, "reset"), Cause.CLOSED),
        (ssl.SSLCertVerificationError("expired"), Cause.TLS),
        (ValueError("Invalid host."), Cause.FAILED),
    ],
)
def test_errors_of_the_machine(error: Exception, cause: Cause) -> None:
    loss = loss_by_error(error)
    assert loss.cause is cause
    assert type(error).__name__ in str(loss)


@pytest.mark.parametrize(
    ("packet", "code", "cause"),
    [
        (PacketTypes.CONNACK, 134, Cause.LOGIN),
        (PacketTypes.CONNACK, 135, Cause.LOGIN),
        (PacketTypes.CONNACK, 137, Cause.BROKER),
        (PacketTypes.DISCONNECT, 142, Cause.TAKEN_OVER),
        (PacketTypes.DISCONNECT, 139, Cause.BROKER),
    ],
)
def test_reasons_of_the_broker(packet: int, code: int, cause: Cause) -> None:
    assert loss_by_reason(ReasonCode(packet, identifier=code)).cause is cause


def test_three_short_sessions_are_a_tussle_until_one_lasts() -> None:
    tussle = Tussle()
    lasted = (1.0, 1.0, 1.0, QUIET_S - 1, QUIET_S + 1, 1.0)
    causes = [tussle.judged(ENDED, seconds).cause for seconds in lasted]
    assert causes == [Cause.ENDED, Cause.ENDED, Cause.UNSTEADY, Cause.UNSTEADY, Cause.ENDED, Cause.ENDED]


def test_a_long_session_or_another_cause_between_is_no_tussle() -> None:
    tussle = Tussle()
    refused = LinkLoss(Cause.REFUSED, "")
    for loss, lasted_s in ((ENDED, 1.0), (ENDED, 1.0), (ENDED, 30.0), (ENDED, 1.0), (ENDED, 1.0), (refused, 0.0)):
        assert tussle.judged(loss, lasted_s) is loss
    assert tussle.judged(ENDED, 1.0) is ENDED
