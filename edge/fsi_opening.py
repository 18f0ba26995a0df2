"""The national interface of a terminal put together: line, journal, resolver and sign-ins, from the configuration."""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from codes.words import Words
from edge.carrier import link_settings
from edge.clock import Clock
from edge.config import EdgeConfig
from edge.config_fsi import FsiSection, Way
from edge.core import Core
from edge.fsi.commits import LaneCommits
from edge.fsi.headers_file import read_headers
from edge.fsi.here import find_here
from edge.fsi.interface import Interface, Times
from edge.fsi.journal import Journal
from edge.fsi.keeping import Keeper
from edge.fsi.line import FsiLine, HttpLine, MqttLine
from edge.fsi.mqtt_way import NAME, HeldCaller, MqttWay
from edge.fsi.numbering import Numbering
from edge.fsi.resolving import Resolver
from edge.fsi.running import Resolving
from edge.fsi.sign_ins import Place, SignIns
from edge.fsi.watched_line import WatchedLine
from edge.health import InterfaceStatus, Trouble
from edge.sealing import KEY_FILE, load_or_create_sealer
from edge.store.fsi_messages import OpenCount
from edge.supervisor import Beside
from web.faults import words_of_file
from web.secret_file import load_secret, refuse_open_file
from web.tls import try_broker_files
from wire.fsi.areas import Area, AreaError, load_area, shipped_area
from wire.fsi.asking import Asker
from wire.fsi.signing import Secrets, protection_of
from wire.fsi.signing.folder import read_keys
from wire.keys import PublicKey, SigningKey
from wire.link import Link
from wire.rpc import FsiCaller
from wire.topics import TerminalTopics

_REACH_S = 3.0
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class OpenedInterface:
    """The interface and what runs for it."""

    interface: Interface
    """For the till."""
    way: Way
    line: WatchedLine
    sign_ins: SignIns
    resolving: Resolving
    keeper: Keeper
    mqtt: MqttWay | None

    def work(self) -> Beside:
        """Return what runs beside the counter. Every kind of purpose is registered by then."""
        work: Beside = {
            "interface": self.resolving.run,
            "interface sign-ins": lambda: self.keeper.run(asyncio.sleep),
        }
        return work if self.mqtt is None else {"interface line": self.mqtt.run, **work}

    def status(self, found: OpenCount) -> InterfaceStatus:
        """Return how the interface is, with what the store says of it (`count_open`)."""
        operator, line = self.keeper.operator, self.line
        refusal = None if operator is None else self.sign_ins.refusals.get(operator.number)
        is_signed_in = operator is not None and bool(self.sign_ins.current(operator.login))
        return InterfaceStatus(
            way=self.way,
            line=line.health(),
            is_up=line.is_up(),
            last_answer_at=line.last_answer_at,
            open=found.count,
            oldest_open_at=found.oldest,
            stuck=self.resolving.stuck,
            signed_in=is_signed_in,
            problem=None if refusal is None else Trouble(refusal.code, refusal.words, refusal.next_step),
            answered=line.answered,
            unanswered=line.unanswered,
            not_sent=line.not_sent,
        )


def open_interface(core: Core, key: SigningKey, clock: Clock) -> OpenedInterface | None:
    """Return the interface; None if the configuration has none. Nothing runs yet.

    Args:
        core: The store and the configuration.
        key: The terminal's key.
        clock: The device's clock.

    Raises:
        ConfigError: Area, keys, certificates or secrets cannot be used.
    """
    config, section = core.config, core.config.fsi
    if not section.is_enabled:
        return None
    area = area_of(section)
    asker = Asker(area, protection_of(area, is_test_area=section.is_test_area), keys_of(section))
    sealer = load_or_create_sealer(config.store.folder / KEY_FILE)
    resolving = Resolving(lambda: Resolver(journal, asker, clock, sign_no=sign_ins.current))
    mqtt = MqttWay(_new_caller(config, key, resolving.wake)) if section.way is Way.MQTT else None
    line = WatchedLine(
        http_line(section, asker, clock) if mqtt is None else MqttLine(mqtt, area, keys_of(section), clock),
        clock,
        is_connected=None if mqtt is None else lambda: mqtt.is_up,
    )
    journal = Journal(
        asker,
        line,
        LaneCommits(core.writer, core.connection),
        sealer=sealer,
        numbering=Numbering(section.desk or 0),
        clock=clock,
    )
    demanded = section.is_sign_in_demanded
    sign_ins = SignIns(
        journal,
        place_of(config),
        sealer,
        clock,
        is_demanded=area.demands_sign_in if demanded is None else demanded,
        on_signed_in=resolving.wake,
    )
    journal.renew_by(sign_ins.renewed)
    times = Times(section.read_s, section.ask_s, section.day_begins_h)
    interface = Interface(journal, area, sign_ins, line, sealer=sealer, times=times)
    reach = partial(is_reachable, section.url) if mqtt is None else None
    keeper = Keeper(sign_ins, line, core.read, on_line=resolving.wake, reach=reach)
    return OpenedInterface(interface, section.way, line, sign_ins, resolving, keeper, mqtt)


def area_of(section: FsiSection) -> Area:
    """Return how this place speaks the interface.

    Raises:
        AreaError: The file of one's own cannot be used.
    """
    if section.area_file is None:
        return shipped_area(section.area)
    try:
        return load_area(section.area_file.read_text(encoding="utf-8"))
    except OSError as exc:
        why = words_of_file(exc)
        raise AreaError(
            Words(f"无法读取 {section.area_file}：{why.zh}", f"Cannot read {section.area_file}: {why.en}")
        ) from exc
    except UnicodeDecodeError as exc:
        raise AreaError(Words(f"{section.area_file} 不是 UTF-8 文字", f"{section.area_file} is no UTF-8 text")) from exc


def keys_of(section: FsiSection) -> Secrets:
    """Return the keys of both sides.

    Raises:
        KeysFolderError: The folder or a file in it cannot be used.
        SecretFileError: A secret is open to others.
    """
    return read_keys(section.keys_folder, refuse_open_file)


def place_of(config: EdgeConfig) -> Place:
    """Return from where is asked."""
    section, institution = config.fsi, config.institution
    towards = urlsplit(section.url).hostname or "" if section.way is Way.HTTP else config.link.host
    here = find_here(towards)
    return Place(
        institution=institution.code,
        name=institution.name,
        district=institution.district or config.terminal.area,
        mac=section.mac or here.mac,
        ip=section.ip or here.ip,
        device=section.device,
    )


def http_line(section: FsiSection, asker: Asker, clock: Clock) -> FsiLine:
    """Return the line to an address.

    Raises:
        CertificateError: Authority, certificate or key cannot be used.
        SecretFileError: A secret cannot be read, or others may read it.
    """
    try_broker_files(section)
    tls = None
    if section.url.startswith("https:"):
        tls = ssl.create_default_context(cafile=section.ca_file)
        if section.certificate_file is not None:
            tls.load_cert_chain(section.certificate_file, section.key_file)
    return HttpLine(
        section.url, asker, clock, keeps_answers=section.keeps_answers, headers=headers_of(section), tls=tls
    )


def headers_of(section: FsiSection) -> Mapping[str, str]:
    """Return what goes along with each message over HTTP.

    Raises:
        SecretFileError: A file cannot be read, or others may read it.
        HeadersFileError: A line is no header.
    """
    headers = {} if section.headers_file is None else read_headers(section.headers_file)
    if section.token_file is not None:
        headers["Authorization"] = f"Bearer {load_secret(section.token_file)}"
    return headers


def is_reachable(url: str) -> bool:
    """Say whether somebody listens at an address; nothing is said to him."""
    place = urlsplit(url)
    try:
        with socket.create_connection((place.hostname or "", place.port or _PORTS[place.scheme]), timeout=_REACH_S):
            return True
    except OSError:
        return False


def _new_caller(
    config: EdgeConfig, key: SigningKey, on_up: Callable[[], None]
) -> Callable[[Callable[[], None]], HeldCaller]:
    settings = link_settings(config.terminal.id, config.link)
    topics = TerminalTopics(config.terminal.area, config.terminal.id)
    centre = PublicKey.from_hex(config.centre.public_key or "")

    def new_caller(on_fatal: Callable[[], None]) -> HeldCaller:
        return FsiCaller(
            replace(settings, client_id=f"{settings.client_id}{NAME}"),
            topics,
            key,
            centre,
            rng=random.SystemRandom(),
            new_link=partial(Link, on_fatal=on_fatal),
            on_up=on_up,
        )

    return new_caller
