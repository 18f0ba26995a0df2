"""Asking and answering by MQTT 5: what a message says beside its frame, as paho has it and as we have it.

A question names the topic of its answer and a correlation that the answer repeats. Both travel at QoS 0: whoever
misses an answer asks again, and the question is made so that asking twice does no harm (`wire.rpc`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties


@dataclass(frozen=True, slots=True)
class Exchange:
    """What stands beside a frame that asks for an answer, or is one."""

    correlation: bytes
    """Chosen by who asks and repeated in the answer, so that it can be told which question it belongs to."""
    answer_to: str = ""
    """The topic on which the answer is awaited; empty in an answer."""
    expires_s: int | None = None
    """How much longer somebody waits for the answer; None if nobody says."""


HearExchange = Callable[[str, bytes, Exchange], None]
"""Told topic, frame and exchange of each message, on the link's thread."""


def properties_of(exchange: Exchange) -> Properties:
    """Return an exchange as MQTT 5 carries it."""
    made = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call] # paho has not typed it
    made.CorrelationData = exchange.correlation
    if exchange.answer_to:
        made.ResponseTopic = exchange.answer_to
    if exchange.expires_s is not None:
        made.MessageExpiryInterval = exchange.expires_s
    return made


def exchange_of(properties: Properties | None) -> Exchange:
    """Return what a message says beside its frame; an empty correlation if it says nothing."""
    # paho sets attributes only for what the packet carries.
    return Exchange(
        correlation=getattr(properties, "CorrelationData", b""),
        answer_to=getattr(properties, "ResponseTopic", ""),
        expires_s=getattr(properties, "MessageExpiryInterval", None),
    )
