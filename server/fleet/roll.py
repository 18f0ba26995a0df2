"""The registry rows that one transaction has in hand, and what presence and health reports make of them.

Whatever is wrong with a message is found before anything of it is written, so that one which proves nothing or says
nothing leaves the transaction as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

import structlog

from codes.words import Words
from server.fleet.presence import Change, after_health, after_presence, open_health, open_presence, registration
from server.store import alarms, terminals
from server.store.alarms import Alarm, AlarmKey
from server.store.database import Connection
from server.store.terminals import TerminalRow
from server.store.times import micros
from wire.errors import UnknownKeyError
from wire.keys import PublicKey
from wire.presence import Health
from wire.receipts import Trust
from wire.topics import named_in

MOST_PENDING = 1_000
"""Terminals that may wait for approval; beyond that somebody is making them up."""
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Roll:
    """Rows by terminal; what is noted is seen by the next note, and written in the end, each row once."""

    connection: Connection
    rows: dict[str, TerminalRow]
    changed: set[str] = field(default_factory=set)
    """Terminals whose rows are not written yet."""
    heard: Mapping[str, bytes] = field(default_factory=dict)
    """Digest of what was last heard and committed of a terminal's presence. A broker repeats it for each of them
    whenever the centre connects."""
    presences: dict[str, bytes] = field(default_factory=dict)
    """What came in this transaction."""

    @classmethod
    def call(cls, connection: Connection, topics: Iterable[str], heard: Mapping[str, bytes]) -> Roll:
        """Take the terminals that `topics` name in hand, kept from other writers until the transaction ends."""
        rows = terminals.load_terminals(connection, {named_in(topic) for topic in topics})
        return cls(connection, rows, heard=heard)

    def write(self) -> None:
        """Write what has changed."""
        terminals.replace_terminals(self.connection, [self.rows[terminal] for terminal in sorted(self.changed)])
        self.changed.clear()

    def note_presence(self, topic: str, frame: bytes, now: datetime) -> None:
        """Take a birth, a clean stop or a death.

        Raises:
            WireError: It proves nothing or says nothing.
        """
        known = self.rows.get(named_in(topic))
        if known is not None and self._is_repeated(known, topic, frame):
            return
        topics, said, key = open_presence(topic, frame)
        if known is None:
            self._register(registration(topics, said, key, now), now)
        elif known.public_key == key.raw:
            self._change(known, after_presence(known, topics.area, said, now))
            self.presences[known.id] = _digest(known, topic, frame)
        else:
            self._meet_other_key(known, registration(topics, said, key, now), now)

    def note_health(self, topic: str, frame: bytes, now: datetime) -> Health | None:
        """Take a health report; return it if the terminal's facts are taken.

        Raises:
            WireError: It proves nothing or says nothing, or the terminal is not registered.
        """
        known = self.rows.get(named_in(topic))
        if known is None:
            name = named_in(topic)
            raise UnknownKeyError(Words(f"终端 {name!r} 未登记", f"Terminal {name!r} is not registered"))
        said = open_health(topic, frame, PublicKey(known.public_key))
        self._change(known, after_health(known, said, now))
        return said if known.trust == Trust.APPROVED else None

    def _is_repeated(self, known: TerminalRow, topic: str, frame: bytes) -> bool:
        """Tell whether this very presence, by the key that is registered, was the last that counted."""
        last = self.presences.get(known.id) or self.heard.get(known.id)
        return last is not None and last == _digest(known, topic, frame)

    def _register(self, row: TerminalRow, now: datetime) -> None:
        if terminals.count_terminals(self.connection).get(Trust.PENDING, 0) >= MOST_PENDING:
            words = Words(
                f"待批准的终端已达 {MOST_PENDING} 台，新的登记被忽略",
                f"{MOST_PENDING} terminals wait for approval; new ones are ignored",
            )
            self._alarm(AlarmKey("", "fleet.too_many_pending", ""), words, now)
            return
        terminals.add_terminal(self.connection, row)
        self.rows[row.id] = row
        _logger.info("fleet.terminal_pending", terminal=row.id, fingerprint=PublicKey(row.public_key).fingerprint)

    def _meet_other_key(self, known: TerminalRow, fresh: TerminalRow, now: datetime) -> None:
        """Let a revoked terminal apply anew with the key of its new life; for any other it is an alarm."""
        if known.trust == Trust.REVOKED:
            change = fresh._asdict()
            del change["id"], change["first_seen_us"]
            self._change(known, change)
            return
        offered = PublicKey(fresh.public_key).fingerprint
        # One alarm, whatever the number of keys: who may publish in that terminal's name can make them without end.
        self._alarm(AlarmKey(known.id, "terminal.key_changed", ""), _other_key_words(known.id, offered), now)

    def _change(self, known: TerminalRow, change: Change) -> None:
        if change:
            self.changed.add(known.id)
            self.rows[known.id] = TerminalRow(**{**known._asdict(), **change})

    def _alarm(self, key: AlarmKey, words: Words, now: datetime) -> None:
        alarms.raise_alarms(self.connection, [Alarm(key, words)], micros(now))


def _digest(known: TerminalRow, topic: str, frame: bytes) -> bytes:
    return sha256(b"\0".join((known.public_key, topic.encode(), frame))).digest()


def _other_key_words(terminal: str, offered: str) -> Words:
    return Words(
        f"终端 {terminal} 换用了密钥 {offered}；若确为重装，请先吊销再批准",
        f"Terminal {terminal} came with another key, {offered}; if it was rebuilt, revoke it first, then approve it",
    )
