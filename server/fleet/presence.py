"""What a presence or a health report changes in the registry. Pure, but for checking signatures.

Sessions: a birth always begins the session it names. A stop or a death counts only if it belongs to the present
session and was not registered before that session's last connect, so that the late death of a connection which has
long been replaced marks nothing dead. A health report is a sign of life, whatever was said before.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from codes.words import Words
from server.store.terminals import TerminalRow
from server.store.times import micros
from wire.envelope import open_introduction, open_sealed
from wire.errors import CorruptMessageError
from wire.keys import PublicKey
from wire.presence import Health, Presence, PresenceState, decode_health, decode_presence, encode
from wire.receipts import Trust
from wire.topics import Channel, TerminalTopics, parse_topic

_LARGEST_PRESENCE = 64 * 1024
_LARGEST_REPORT = 64 * 1024
_MOST_DEVICES = 64

Change = dict[str, object]
"""Columns of the registry and their new values."""


def open_presence(topic: str, frame: bytes) -> tuple[TerminalTopics, Presence, PublicKey]:
    """Return a presence that is signed by the key it names.

    Raises:
        CorruptMessageError: It is no presence, or not that terminal's.
        WireError: The signature does not hold, or the frame is of a newer format.
    """
    topics = _address(topic, Channel.PRESENCE)
    opened = open_introduction(frame, topic, _key_in, most_bytes=_LARGEST_PRESENCE)
    said = decode_presence(opened.body)
    _check_speaker(said.terminal, topics)
    return topics, said, opened.signer


def open_health(topic: str, frame: bytes, key: PublicKey) -> Health:
    """Return a health report that is signed by `key`.

    Raises:
        CorruptMessageError: It is no health report, or not that terminal's.
        WireError: The signature does not hold, or the frame is of a newer format.
    """
    topics = _address(topic, Channel.HEALTH)
    opened = open_sealed(frame, topic, lambda key_id: key if key_id == key.key_id else None, most_bytes=_LARGEST_REPORT)
    said = decode_health(opened.body)
    _check_speaker(said.terminal, topics)
    return said


def registration(topics: TerminalTopics, said: Presence, key: PublicKey, now: datetime) -> TerminalRow:
    """Return the registry row of a terminal that announces itself."""
    return TerminalRow(
        id=said.terminal,
        area=topics.area,
        public_key=key.raw,
        trust=Trust.PENDING.value,
        institution=said.institution,
        label=said.label,
        first_seen_us=micros(now),
        decided_by=None,
        decided_us=None,
        version=said.version,
        epoch=said.epoch,
        session=said.session,
        session_us=micros(said.at),
        presence=said.state.value,
        presence_us=micros(now),
        last_seen_us=micros(now),
        health_us=None,
        pending=None,
        dead_letters=None,
        oldest_pending_us=None,
        devices=None,
    )


def after_presence(row: TerminalRow, area: str, said: Presence, now: datetime) -> Change:
    """Return what a presence of a known terminal changes; nothing if it is out of date."""
    now_us, at_us = micros(now), micros(said.at)
    if said.state is PresenceState.ONLINE:
        change: Change = {
            "area": area,
            "label": said.label,
            "version": said.version,
            "epoch": said.epoch,
            "session": said.session,
            "session_us": at_us,
            "presence": said.state.value,
            "presence_us": now_us,
        }
        # The broker repeats the retained birth whenever the centre connects: that is no new sign of life.
        if (row.session, row.session_us, row.presence) != (said.session, at_us, said.state.value):
            change["last_seen_us"] = now_us
        # Until somebody has decided, the terminal may correct what it calls itself.
        if row.trust == Trust.PENDING:
            change["institution"] = said.institution
        return change
    if said.session != row.session or at_us < row.session_us or row.presence == said.state.value:
        return {}
    return {"presence": said.state.value, "presence_us": now_us}


def after_health(row: TerminalRow, said: Health, now: datetime) -> Change:
    """Return what a health report changes; nothing if it belongs to a session that has been replaced."""
    now_us, at_us = micros(now), micros(said.at)
    if said.session != row.session and at_us < row.session_us:
        return {}
    change: Change = {
        "last_seen_us": now_us,
        "health_us": now_us,
        "pending": said.pending,
        "dead_letters": said.dead_letters,
        "oldest_pending_us": None if said.oldest_pending_at is None else micros(said.oldest_pending_at),
        "devices": msgspec.json.encode(said.devices[:_MOST_DEVICES]).decode(),
        # What nobody has approved may report, but does not fill the store.
        "health": encode(said).decode() if row.trust == Trust.APPROVED else None,
    }
    if said.session != row.session:
        change |= {"session": said.session, "session_us": at_us}
    if row.presence != PresenceState.ONLINE:
        change |= {"presence": PresenceState.ONLINE.value, "presence_us": now_us}
    return change


def _address(topic: str, channel: Channel) -> TerminalTopics:
    topics, found = parse_topic(topic)
    if found is not channel:
        raise CorruptMessageError(Words(f"{topic!r} 不是 {channel} 主题", f"{topic!r} is no topic for {channel}"))
    return topics


def _check_speaker(terminal: str, topics: TerminalTopics) -> None:
    if terminal != topics.terminal:
        raise CorruptMessageError(
            Words(f"{topics.terminal} 代报 {terminal!r}", f"{topics.terminal} speaks for {terminal!r}")
        )


def _key_in(body: bytes) -> PublicKey:
    return PublicKey.from_hex(decode_presence(body).public_key)
