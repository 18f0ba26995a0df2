"""The example configuration of mosquitto, as it stands: no certificate, no entry; each keeps to its own topics."""

from __future__ import annotations

import ipaddress
import os
import random
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conftest import BrokerProcess, free_port, wait_until
from wire.envelope import MAX_BODY_BYTES
from wire.link import Link, LinkSettings, Session
from wire.link_loss import LinkLoss
from wire.topics import Channel, TerminalTopics, every_terminal

pytestmark = pytest.mark.contract

CONFIG = Path(__file__).parents[2] / "config"
EXAMPLE = (CONFIG / "mosquitto.example.conf").read_text(encoding="utf-8")
LEFT, RIGHT = TerminalTopics("350200", "counter-1"), TerminalTopics("350200", "counter-2")


class Authority:
    """Signs certificates, and keeps everything in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ca")])
        self.file = self._write("ca", self._signed(self._name, self._key, is_ca=True), self._key)[0]

    def issue(self, name: str) -> tuple[Path, Path]:
        """Return certificate and key of `name`."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._write(name, self._signed(_called(name), key, is_ca=False), key)

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_ca: bool) -> x509.Certificate:
        now, here = datetime.now(UTC), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([here]), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _write(self, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
        chain, secret = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        chain.write_bytes(certificate.public_bytes(pem))
        secret.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        secret.chmod(0o600)
        return chain, secret


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


class Ear:
    def __init__(self) -> None:
        self.up = threading.Event()
        self.lost = threading.Event()
        self.heard: list[tuple[str, bytes]] = []

    def link_up(self) -> None:
        self.up.set()

    def link_down(self, _loss: LinkLoss) -> None:
        self.lost.set()

    def message(self, topic: str, frame: bytes) -> None:
        self.heard.append((topic, frame))


@dataclass
class Place:
    """The broker of the example, on a port of its own."""

    port: int
    authority: Authority
    undo: ExitStack

    def enter(self, name: str, *subscriptions: str, authority: Authority | None = None) -> tuple[Link, Ear]:
        chain, key = (authority or self.authority).issue(name)
        settings = LinkSettings(
            name, port=self.port, ca_file=str(self.authority.file), certificate_file=str(chain), key_file=str(key)
        )
        ear = Ear()
        link = Link(settings, ear, lambda: Session(subscriptions), rng=random.Random(1))
        link.start()
        self.undo.callback(link.stop)
        return link, ear


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    port, authority, folder = free_port(), Authority(tmp_path), str(tmp_path)
    authority.issue("broker")
    shutil.copy(CONFIG / "mosquitto.example.acl", tmp_path / "acl")
    changed = EXAMPLE.replace("/etc/mosquitto/yima", folder).replace("listener 8883", f"listener {port} 127.0.0.1")
    # Started by root it would become another user, who may not read here.
    changed += "user root\n" if os.geteuid() == 0 else ""
    configuration = tmp_path / "mosquitto.conf"
    configuration.write_text(changed, encoding="utf-8")
    broker = BrokerProcess("mosquitto", [program, "-c", str(configuration)], port)
    broker.start()
    with ExitStack() as undo:
        undo.callback(broker.kill)
        yield Place(port, authority, undo)


@pytest.mark.req("T-41")
def test_each_terminal_has_its_own_topics_and_the_centre_hears_them_all(place: Place) -> None:
    centre, centre_ear = place.enter("yima-centre", every_terminal(Channel.EVENTS, group="ingest"))
    left, left_ear = place.enter(LEFT.terminal, LEFT.on(Channel.RECEIPT), LEFT.on(Channel.ASK))
    _, spy_ear = place.enter(RIGHT.terminal, LEFT.on(Channel.RECEIPT), RIGHT.on(Channel.RECEIPT))
    for ear in (centre_ear, left_ear, spy_ear):
        assert ear.up.wait(10)
    assert left.publish(RIGHT.on(Channel.EVENTS), b"in another's name")
    # This mosquitto ends the connection of whoever tries; the link comes back by itself.
    wait_until(lambda: left.publish(LEFT.on(Channel.EVENTS), b"one's own") and bool(centre_ear.heard))
    assert {topic for topic, _ in centre_ear.heard} == {LEFT.on(Channel.EVENTS)}
    told = (LEFT.on(Channel.RECEIPT), b"receipt")
    wait_until(lambda: centre.publish(*told) and told in left_ear.heard)
    own = (RIGHT.on(Channel.RECEIPT), b"its own")
    wait_until(lambda: centre.publish(*own) and own in spy_ear.heard)
    assert {topic for topic, _ in spy_ear.heard} == {RIGHT.on(Channel.RECEIPT)}


def test_a_certificate_of_another_authority_stays_out(place: Place, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    _, ear = place.enter("yima-centre", authority=Authority(elsewhere))
    assert ear.lost.wait(10)
    assert not ear.up.is_set()


def test_its_limits_let_every_message_of_ours_pass() -> None:
    limits = dict(line.split() for line in EXAMPLE.splitlines() if line.startswith("max_"))
    assert int(limits["max_packet_size"]) > MAX_BODY_BYTES + 64 * 1024
    assert int(limits["max_queued_messages"]) == 0, "any other number drops messages when all terminals return"
