"""Who is there: birth, clean stop, death, and how the terminal feels.

Presence is retained and carries the session, so that the late death of an old session cannot mark a new one dead.
The birth names the terminal's public key and is signed with it: that proves possession; an administrator's approval
proves whose it is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from codes.words import Words
from wire.errors import UNDECODABLE, CorruptMessageError
from wire.events import Hash, Name, OffsetMs, Seq, Tally, Utc, refuse_nameless
from wire.receipts import refuse_newer

PRESENCE_VERSION = 1
MOST_EPOCHS = 32
"""Lives that a report names at most. Where there are more, the reports name them in turn."""
MOST_TROUBLES = 32
"""Troubles that a report names at most: alarms come first."""

LONGEST_SENTENCE = 600
Sentence = Annotated[str, Meta(max_length=LONGEST_SENTENCE)]
MOST_BYTES = 2**53
Bytes = Annotated[int, Meta(ge=0, le=MOST_BYTES)]
"""A size, as far as every reader of JSON can tell it exactly."""


class PresenceState(StrEnum):
    """What a terminal, or the broker on its behalf, says of it."""

    ONLINE = "online"
    STOPPED = "stopped"
    """A clean stop: somebody wanted it."""
    LOST = "lost"
    """The broker's last will: the connection broke."""


class Presence(Struct, frozen=True):
    """One retained message per terminal."""

    v: int
    terminal: Name
    session: Name
    """One life of the process; older sessions' deaths are ignored."""
    state: PresenceState
    at: Utc
    """When the session connected (for the last will: when it was registered)."""
    epoch: Name
    public_key: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    institution: Name
    """Code of the institution as set at the terminal; the centre's registry decides."""
    label: Annotated[str, Meta(max_length=64)]
    """What people call it, for example “一号柜台”."""
    version: Name
    """Program version."""


class DeviceHealth(Struct, frozen=True):
    """One device of a terminal."""

    device: Annotated[str, Meta(max_length=200)]
    state: Name
    """`ready`, `opening`, `silent`, `lost`, `failed`. Only the last two are faults."""
    scans: Tally
    restarts: Tally
    problem: str | None = None
    """Stable error code of the last failure."""
    gs_ok: bool | None = None
    """The scanner set-up has shown that group separators arrive, or that they do not; None if nobody has looked."""


class KeptEpoch(Struct, frozen=True, omit_defaults=True):
    """What a store still has of one of its lives, delivered or not."""

    epoch: Name
    first: Seq
    last: Seq
    """The last number that was given out; the centre asks for what it lacks up to here."""
    last_hash: Hash | None = None
    """SM3 of the event with that number, by which the centre can tell that it holds another branch; None if the event
    is not here any more, or is not what was written."""


class LampReport(Struct, frozen=True):
    """One of the two ways out of the shop: `sync` or `settlement`."""

    state: Name
    """`ok`, `notice`, `down`, `off`."""
    code: Name
    zh: Sentence
    en: Sentence


class TroubleReport(Struct, frozen=True):
    """Something that a person should know."""

    code: Name
    zh: Sentence
    en: Sentence
    next_zh: Sentence = ""
    next_en: Sentence = ""
    is_alarm: bool = True


class MachineReport(Struct, frozen=True, omit_defaults=True):
    """The box; None where it does not say."""

    disk_free_bytes: Bytes | None = None
    disk_total_bytes: Bytes | None = None
    pss_bytes: Bytes | None = None
    """Memory of the terminal and its children."""
    memory_available_bytes: Bytes | None = None
    temperature_c: float | None = None
    load: float | None = None
    cores: Tally | None = None


class CertificateReport(Struct, frozen=True):
    """A certificate of the terminal's configuration."""

    use: Name
    """The option that names it."""
    expires_at: Utc | None


class Health(Struct, frozen=True):
    """How the terminal feels, every 30 s and on change."""

    v: int
    terminal: Name
    session: Name
    at: Utc
    pending: Tally
    """Outbox rows not yet delivered."""
    dead_letters: Tally
    oldest_pending_at: Utc | None
    devices: list[DeviceHealth]
    kept: Annotated[list[KeptEpoch], Meta(max_length=MOST_EPOCHS)] = msgspec.field(default_factory=list)
    """Lives of the store that are still here, the present one last; all of them unless there are too many."""
    held: Tally = 0
    """Of the pending rows, those that the centre put off."""
    sync: LampReport | None = None
    settlement: LampReport | None = None
    troubles: Annotated[list[TroubleReport], Meta(max_length=MOST_TROUBLES)] = msgspec.field(default_factory=list)
    """Alarms first."""
    clock_offset_ms: OffsetMs | None = None
    """Centre clock minus device clock, as last measured."""
    machine: MachineReport | None = None
    certificates: Annotated[list[CertificateReport], Meta(max_length=16)] = msgspec.field(default_factory=list)
    config_applied: str | None = None
    """Digest of the configuration in use."""
    config_wanted: str | None = None
    """Digest of the configuration file now; another one takes effect at the next start."""
    models: dict[str, str] = msgspec.field(default_factory=dict)
    """SHA-256 by name of each learned model in use."""
    started_at: Utc | None = None
    quota_state: Name | None = None
    """How full the store is: `ok`, `notice`, `low`, `alarm`, `full`."""
    quota_percent: Tally | None = None

    def __post_init__(self) -> None:
        refuse_nameless(self.oldest_pending_at)


_encoder = msgspec.json.Encoder()
_presence_decoder = msgspec.json.Decoder(Presence)
_health_decoder = msgspec.json.Decoder(Health)

_T = TypeVar("_T")


def encode(message: Presence | Health) -> bytes:
    """Return the body that is sealed."""
    return _encoder.encode(message)


def decode_presence(body: bytes) -> Presence:
    """Return the presence in `body`, or raise `CorruptMessageError` or `NewerMessageError`."""
    presence = _decode(_presence_decoder, body, Words("不是有效的在线状态", "Not a presence message"))
    refuse_newer(presence.v, PRESENCE_VERSION)
    return presence


def decode_health(body: bytes) -> Health:
    """Return the health report in `body`, or raise `CorruptMessageError` or `NewerMessageError`."""
    health = _decode(_health_decoder, body, Words("不是有效的健康报告", "Not a health report"))
    refuse_newer(health.v, PRESENCE_VERSION)
    return health


def _decode(decoder: msgspec.json.Decoder[_T], body: bytes, words: Words) -> _T:
    try:
        return decoder.decode(body)
    except UNDECODABLE as exc:
        raise CorruptMessageError(Words(f"{words.zh}：{exc}", f"{words.en}: {exc}")) from exc
