"""The registry of terminals.

A terminal announces itself with a birth that is signed by the key it names. That proves possession; it is *pending*
until a person has compared the fingerprint and approves it. A known name with another key never replaces anything: it
is an alarm, and only after a revocation may it apply anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from codes.errors import YimaError
from codes.words import Words
from server.errors import ConflictError, StoreContentionError, StoreRefusedError
from server.fleet.roll import Roll
from server.fleet.terminal import SILENT_AFTER, Life, Terminal, terminal_of
from server.people.roles import Person
from server.store import audit, events, terminals
from server.store.database import Connection, Store
from server.store.terminal_lists import EVERY, FleetFigures, Show, TerminalFilter, count_listed, load_listed
from server.store.terminals import TerminalRow
from server.store.times import micros
from web.errors import InvalidRequestError, NotFoundError
from wire.errors import WireError
from wire.keys import PublicKey
from wire.presence import Health
from wire.receipts import Trust
from wire.topics import Channel, named_in


class OtherKeyError(ConflictError):
    """Between comparing and approving the terminal got another key: what was compared is not what would be approved."""

    code = "terminal.other_key"
    next_step = Words(
        "请重新打开终端页面，与终端上的指纹再次逐位核对。",
        "Open the terminal's page anew and compare the fingerprint with the terminal once more.",
    )


_MOST_GAPS = 20
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Noted:
    """What came of one message."""

    said: Health | None = None
    """A health report of a terminal whose facts are taken."""
    refusal: YimaError | None = None
    """Why it was not taken."""


class Fleet:
    """Keeps the registry. `changed` is told a terminal's id after each commit; it must not block and not raise."""

    def __init__(self, store: Store, changed: Callable[[str], None] = lambda _terminal: None) -> None:
        self._store = store
        self._changed = changed
        self._heard: dict[str, bytes] = {}
        """Digest of the last presence of each terminal that this process has noted."""

    def note_many(self, messages: Sequence[tuple[str, bytes, datetime]]) -> list[Noted]:
        """Take births, stops, deaths and health reports (topic, frame, when it came), all in one transaction.

        One that proves nothing or says nothing is refused by itself, and so is one that the store cannot keep.

        Raises:
            StoreUnavailableError: The database does not answer; nothing was noted.
        """
        try:
            return self._note_together(messages)
        except (StoreContentionError, StoreRefusedError) as exc:
            if len(messages) == 1:
                return [Noted(refusal=exc)]
            return [one for message in messages for one in self.note_many([message])]

    def note_presence(self, topic: str, frame: bytes, now: datetime) -> None:
        """Take a birth, a clean stop or a death.

        Raises:
            WireError: It proves nothing or says nothing.
        """
        with self._store.writing() as connection:
            roll = Roll.call(connection, [topic], self._heard)
            roll.note_presence(topic, frame, now)
            roll.write()
        self._heard.update(roll.presences)
        self._changed(named_in(topic))

    def note_health(self, topic: str, frame: bytes, now: datetime) -> Health | None:
        """Take a health report; return it if the terminal's facts are taken.

        Raises:
            WireError: It proves nothing or says nothing, or the terminal is not registered.
        """
        with self._store.writing() as connection:
            roll = Roll.call(connection, [topic], self._heard)
            said = roll.note_health(topic, frame, now)
            roll.write()
        self._changed(named_in(topic))
        return said

    def _note_together(self, messages: Sequence[tuple[str, bytes, datetime]]) -> list[Noted]:
        with self._store.writing() as connection:
            roll = Roll.call(connection, (topic for topic, _, _ in messages), self._heard)
            noted = [_noted(roll, topic, frame, at) for topic, frame, at in messages]
            roll.write()
        self._heard.update(roll.presences)
        taken = (named_in(topic) for (topic, _, _), one in zip(messages, noted, strict=True) if one.refusal is None)
        for terminal in dict.fromkeys(taken):
            self._changed(terminal)
        return noted

    def approve(
        self,
        terminal_id: str,
        *,
        by: Person,
        now: datetime,
        institution: str | None = None,
        label: str | None = None,
        fingerprint: str | None = None,
    ) -> None:
        """Take this terminal's facts from now on.

        Args:
            terminal_id: Whose fingerprint was compared.
            by: Who compared it.
            now: Centre clock.
            institution: Whose facts they are, if not what the terminal says.
            label: What to call it, if not what it calls itself.
            fingerprint: What was compared, if the caller can say so.

        Raises:
            NotFoundError: There is no such terminal.
            InvalidRequestError: A name does not do.
            OtherKeyError: The terminal has another key by now than the one that was compared.
        """
        given = {"institution": institution, "label": label}
        change: dict[str, object] = {column: _checked(text) for column, text in given.items() if text is not None}
        self._decide(terminal_id, Trust.APPROVED, change, by=by, now=now, compared=fingerprint)

    def revoke(self, terminal_id: str, *, by: Person, now: datetime) -> None:
        """Take nothing more from this terminal; what it sends is held, not lost.

        Raises:
            NotFoundError: There is no such terminal.
        """
        self._decide(terminal_id, Trust.REVOKED, {}, by=by, now=now)

    def list(
        self, now: datetime, wanted: TerminalFilter = EVERY, *, after: str = "", limit: int = 200
    ) -> Sequence[Terminal]:
        """Return terminals in the order of their names."""
        with self._store.reading() as connection:
            rows = load_listed(connection, wanted, _silent_us(now), after=after, limit=limit)
        return [terminal_of(row, now) for row in rows]

    def page(self, now: datetime, wanted: TerminalFilter, *, skip: int, limit: int) -> Sequence[Terminal]:
        """Return a part of a list as a person reads it: where attention is needed, the most urgent come first."""
        is_urgent_first = wanted.show is Show.ATTENTION
        with self._store.reading() as connection:
            rows = load_listed(
                connection, wanted, _silent_us(now), skip=skip, limit=limit, is_urgent_first=is_urgent_first
            )
        return [terminal_of(row, now) for row in rows]

    def figures(self, now: datetime, wanted: TerminalFilter = EVERY) -> FleetFigures:
        """Count the terminals of an institution with some words, for every way of showing them."""
        with self._store.reading() as connection:
            return count_listed(connection, wanted, _silent_us(now))

    def find(self, terminal_id: str, now: datetime) -> tuple[Terminal, Sequence[Life]]:
        """Return one terminal and what the centre has of each life of its store.

        Raises:
            NotFoundError: There is no such terminal.
        """
        with self._store.reading() as connection:
            row = _existing(terminals.find_terminal(connection, terminal_id), terminal_id)
            streams = events.load_streams(connection, terminal_id)
            lives = [
                Life(one.epoch, one.tip_seq, one.contiguous_to, events.load_gaps(connection, one, _MOST_GAPS))
                for one in streams
            ]
        return terminal_of(row, now), lives

    def _decide(
        self,
        terminal_id: str,
        trust: Trust,
        change: dict[str, object],
        *,
        by: Person,
        now: datetime,
        compared: str | None = None,
    ) -> None:
        with self._store.writing() as connection:
            row = _existing(terminals.load_terminal(connection, terminal_id), terminal_id)
            fingerprint = PublicKey(row.public_key).fingerprint
            if compared is not None and compared != fingerprint:
                raise OtherKeyError(
                    Words(
                        f"终端 {terminal_id} 的指纹现在是 {fingerprint}，不是核对过的 {compared}",
                        f"The fingerprint of {terminal_id} is {fingerprint} now, not {compared}, which was compared",
                    )
                )
            decided = {"trust": trust.value, "decided_by": by.name, "decided_us": micros(now)}
            _change(connection, terminal_id, change | decided)
            audit.record(
                connection,
                at_us=micros(now),
                who=by.name,
                action="terminal.approve" if trust is Trust.APPROVED else "terminal.revoke",
                subject=terminal_id,
                detail={"fingerprint": fingerprint, **change},
            )
        self._changed(terminal_id)


def _noted(roll: Roll, topic: str, frame: bytes, now: datetime) -> Noted:
    try:
        if topic.endswith(f"/{Channel.HEALTH}"):
            return Noted(roll.note_health(topic, frame, now))
        roll.note_presence(topic, frame, now)
    except WireError as exc:
        return Noted(refusal=exc)
    return Noted()


def _change(connection: Connection, terminal_id: str, change: dict[str, object]) -> None:
    if change:
        terminals.change_terminal(connection, terminal_id, **change)


def _silent_us(now: datetime) -> int:
    return micros(now - SILENT_AFTER)


def _existing(row: TerminalRow | None, terminal_id: str) -> TerminalRow:
    if row is None:
        raise NotFoundError(Words(f"没有终端 {terminal_id}", f"There is no terminal {terminal_id}"))
    return row


def _checked(name: str) -> str:
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise InvalidRequestError(
            Words(f"名称须为 1–{_LONGEST_NAME} 个可见字符", f"A name has 1 to {_LONGEST_NAME} printable characters")
        )
    return name
