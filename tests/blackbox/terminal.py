"""A terminal that nobody has seen before: it says who it is, is approved, and asks over MQTT."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.blackbox.lines import Protected, around
from tests.blackbox.stand import PASSWORD, Running, yima
from tests.blackbox.till import PHARMACY, Json
from tests.conftest import wait_until
from wire import presence
from wire.envelope import seal
from wire.keys import PublicKey, SigningKey
from wire.link import Link, LinkSettings, Retained, Session
from wire.link_loss import LinkLoss
from wire.presence import PRESENCE_VERSION, Presence, PresenceState
from wire.rpc import FsiCaller
from wire.topics import Channel, TerminalTopics

NAME, AREA, ANSWERED_WITHIN_S = "T-BLACK", "350200", 30.0


@dataclass(frozen=True)
class MqttLine:
    """Sends what a till says, and reads numbers exactly."""

    caller: FsiCaller
    protected: Protected | None = None
    """Signs and hides although the seal is enough."""
    passwords: Mapping[str, str] = field(default_factory=dict)
    """What the person types, by transactions that ask for it."""

    def __call__(self, institution: str, frame: str, business: bytes) -> Json:
        if self.protected is None:
            said = json.loads(frame)
            said |= {"cainfo": self.passwords[said["infno"]]} if said["infno"] in self.passwords else {}
            answer = self.caller.call(around(said, business), ANSWERED_WITHIN_S)
        else:
            _, body = self.protected.dress(institution, json.loads(frame), business)
            answer = self.caller.call(body, ANSWERED_WITHIN_S)
            answer = self.protected.undress(institution, answer)
        read: Json = json.loads(answer, parse_float=Decimal)
        return read


@contextmanager
def connected(centre: Running) -> Iterator[MqttLine]:
    """Put a terminal of the pharmacy on the line, and approve it at the centre."""
    key, topics = SigningKey(Ed25519PrivateKey.generate()), TerminalTopics(AREA, NAME)
    config = str(centre.seeded.config)
    shown = json.loads(yima("server", "key", "--json", "--config", config))
    caller = FsiCaller(
        LinkSettings(f"{NAME}-fsi", port=centre.broker_port),
        topics,
        key,
        PublicKey(bytes.fromhex(shown["public_key"])),
        rng=random.Random(1),
    )
    link = Link(
        LinkSettings(NAME, port=centre.broker_port),
        _Deaf(),
        lambda: Session((), greeting=_birth(key, topics)),
        rng=random.Random(2),
    )
    link.start()
    caller.start()
    try:
        wait_until(lambda: NAME in yima("server", "terminal", "list", "--json", "--config", config), timeout_s=30)
        yima("server", "terminal", "approve", NAME, "--fingerprint", key.public.fingerprint, "--config", config)
        wait_until(lambda: caller.is_up)
        yield MqttLine(caller, passwords=dict.fromkeys(centre.custom.needs_password, PASSWORD))
    finally:
        caller.stop()
        link.stop()


class _Deaf:
    """Listens to nothing: this connection only says that the terminal is there."""

    def link_up(self) -> None: ...

    def link_down(self, loss: LinkLoss) -> None: ...

    def message(self, topic: str, frame: bytes) -> None: ...


def _birth(key: SigningKey, topics: TerminalTopics) -> Retained:
    said = Presence(
        v=PRESENCE_VERSION,
        terminal=NAME,
        session="s1",
        state=PresenceState.ONLINE,
        at=datetime.now(UTC),
        epoch="e1",
        public_key=key.public.raw.hex(),
        institution=PHARMACY,
        label="一号柜台",
        version="0.1.0",
    )
    topic = topics.on(Channel.PRESENCE)
    return Retained(topic, seal(presence.encode(said), topic, key))
