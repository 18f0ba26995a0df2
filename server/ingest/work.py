"""What one transaction of the ingest writes: planned in memory, event by event, then written set by set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter
from typing import get_args

from codes.words import Words
from server.ingest.affairs import OF_ITSELF, alarm_of_loss, alarms_of, lost_in
from server.ingest.chain import Faults, NewLink, advance_tip, find_faults, is_next, predecessor
from server.ingest.clocks import alarm_of_lead
from server.ingest.opening import Arrival, Delivery, Refusal, hold_all
from server.store import events
from server.store.alarms import Alarm, AlarmKey
from server.store.database import Connection
from server.store.events import EventRow, RejectedRow, Stored, StreamRow
from server.store.ledger import EvidenceRow, SightingRow
from server.store.times import moment
from server.store.visit_steps import VisitStepRow
from server.trace.testimony import Witness, evidence, sighting
from server.visits.stepping import step_of
from wire.errors import NewerMessageError
from wire.events import Event, Fact, Span

TOO_MANY_LIVES = "terminal.too_many_lives"
"""Code with which events of one life too many are held."""
HOLD_CROWDED = timedelta(minutes=10)
"""How long a terminal waits with them: until somebody has looked at it."""
StreamKey = tuple[str, str]
"""Terminal and epoch."""

_KIND_OF: dict[type[Fact], str] = {kind: str(kind.__struct_config__.tag) for kind in get_args(Fact)}


@dataclass(slots=True)
class Work:
    """Everything that deliveries add to what is known."""

    streams: dict[StreamKey, StreamRow]
    known: dict[StreamKey, set[Stored]]
    """The accepted events under the numbers that come; new ones join."""
    now_us: int
    fresh: list[Event] = field(default_factory=list)
    rows: list[EventRow] = field(default_factory=list)
    rejected: list[RejectedRow] = field(default_factory=list)
    facts: list[EvidenceRow] = field(default_factory=list)
    scans: list[SightingRow] = field(default_factory=list)
    steps: list[VisitStepRow] = field(default_factory=list)
    links: dict[StreamKey, list[NewLink]] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)
    lost: dict[StreamKey, list[Span]] = field(default_factory=dict)
    """Numbers that will never come, as these events say."""

    def plan(self, delivery: Delivery) -> None:
        """Add what is new in a delivery."""
        stream = self.streams[delivery.stream]
        known = self.known[delivery.stream]
        links = self.links.setdefault(delivery.stream, [])
        before = len(self.fresh)
        for arrival in delivery.arrivals:
            place = Stored(arrival.event.seq, arrival.hash)
            if place not in known:
                known.add(place)
                self._add(arrival, stream, delivery.terminal.institution, links)
        self.alarms += alarm_of_lead(self.fresh[before:], self.now_us)
        for refusal in delivery.refusals:
            self._refuse(refusal, stream, links)
        if is_newer(delivery):
            self.alarms.append(_newer(stream))

    def put_off(self, delivery: Delivery) -> None:
        """Hold a delivery of one life too many: nothing of it is kept here, and nothing is lost at the terminal."""
        hold_all(delivery, moment(self.now_us) + HOLD_CROWDED, TOO_MANY_LIVES)
        self.alarms.append(_crowded(delivery.terminal.id))

    def _add(self, arrival: Arrival, stream: StreamRow, institution: str, links: list[NewLink]) -> None:
        source, digest, event, frozen = arrival
        fact = event.fact
        self.fresh.append(event)
        self.rows.append(EventRow(stream.id, event.seq, digest, source, _KIND_OF[type(fact)], self.now_us, frozen))
        links.append(NewLink(event.seq, digest, bytes.fromhex(event.prev)))
        witness = Witness(source, institution, event.hlc, stream.id, event.seq)
        seen = sighting(fact, witness)
        if seen is not None:
            self.scans.append(seen)
        elif (step := step_of(event, source, institution, self.now_us)) is not None:
            self.steps.append(step)
        else:
            self.facts += evidence(fact, witness)
            if isinstance(fact, OF_ITSELF):
                self._note_affairs(event)

    def _note_affairs(self, event: Event) -> None:
        self.alarms += alarms_of(event)
        lost = lost_in(event.fact)
        if lost is not None:
            self.lost.setdefault((event.terminal, lost.epoch), []).extend(lost.spans)

    def _refuse(self, refusal: Refusal, stream: StreamRow, links: list[NewLink]) -> None:
        words = refusal.words
        self.rejected.append(
            RejectedRow(
                stream.id,
                refusal.hash,
                refusal.seq,
                refusal.event_id,
                refusal.code,
                words.zh,
                words.en,
                self.now_us,
                refusal.frozen,
            )
        )
        self.alarms.append(Alarm(AlarmKey(stream.terminal, refusal.code, stream.epoch), words))
        if refusal.seq is not None:
            links.append(NewLink(refusal.seq, refusal.hash, predecessor(refusal.frozen, stream), is_rejected=True))


def known_places(
    connection: Connection, streams: Mapping[StreamKey, StreamRow], deliveries: Iterable[Delivery]
) -> dict[StreamKey, set[Stored]]:
    """Return the accepted events under the numbers that come; there are none beyond the tip."""
    asked: dict[StreamKey, set[int]] = {key: set() for key in streams}
    for delivery in deliveries:
        tip = streams[delivery.stream].tip_seq
        asked[delivery.stream].update(arrival.event.seq for arrival in delivery.arrivals if arrival.event.seq <= tip)
    return {
        key: events.load_accepted(connection, streams[key].id, seqs) if seqs else set() for key, seqs in asked.items()
    }


def streams_named(deliveries: Iterable[Delivery]) -> set[StreamKey]:
    """Return every stream that deliveries write to: their own, and former lives that they say something about."""
    named = set()
    for delivery in deliveries:
        named.add(delivery.stream)
        about_itself = (one.event for one in delivery.arrivals if isinstance(one.event.fact, OF_ITSELF))
        named.update((event.terminal, lost.epoch) for event in about_itself if (lost := lost_in(event.fact)))
    return named


def forked_numbers(known: Iterable[Stored]) -> set[int]:
    """Return the numbers that stand for more than one event."""
    seqs = [place.seq for place in known]
    if len(seqs) == len(set(seqs)):
        return set()
    times = Counter(seqs)
    return {seq for seq, count in times.items() if count > 1}


def close_lost(
    connection: Connection,
    streams: Mapping[StreamKey, StreamRow],
    lost: Mapping[StreamKey, Iterable[Span]],
    now_us: int,
) -> list[Alarm]:
    """Close numbers that will never come, so that nobody waits or asks for them any more; return the alarms.

    A terminal that lost its delivered events names them as well: what is here is not lost, unless `Branches` finds that
    it is of another branch. Of what was told before a person hears once: each box that reports may be asked for it.
    """
    found: list[Alarm] = []
    for key, spans in lost.items():
        if key not in streams:
            found.append(_crowded(key[0]))
            continue
        stream = streams[key]
        new = _untold(connection, stream, spans)
        absent = {span: span[1] - span[0] + 1 - events.count_closed(connection, stream.id, span) for span in new}
        # Also what is closed: the event here may be of another branch, which is found out when the chain is followed.
        events.add_lost(connection, stream.id, set(spans), now_us)
        absent = {span: numbers for span, numbers in absent.items() if numbers}
        if absent:
            stream.contiguous_to = events.contiguous_from(connection, stream.id, stream.contiguous_to)
            found.append(alarm_of_loss(stream.terminal, stream.epoch, sum(absent.values()), list(absent)))
    events.save_streams(connection, (streams[key] for key in lost if key in streams))
    return found


def _untold(connection: Connection, stream: StreamRow, spans: Iterable[Span]) -> list[Span]:
    """Return what of these numbers was not said to be lost before, in one breath or in many."""
    found: list[Span] = []
    for span in events.merged(spans):
        told = ((first, last) for first, last, _ in events.load_told_lost(connection, stream.id, span))
        found += events.without(span, told)
    return found


def link_up(
    connection: Connection, streams: Mapping[StreamKey, StreamRow], links: Mapping[StreamKey, Sequence[NewLink]]
) -> list[Alarm]:
    """Check and move on the chains that new events join; the events must be stored already. Return the alarms."""
    found: list[Alarm] = []
    for key, new in links.items():
        if new:
            found += _link_up(connection, streams[key], new)
    events.save_streams(connection, (streams[key] for key, new in links.items() if new))
    return found


def _link_up(connection: Connection, stream: StreamRow, new: Sequence[NewLink]) -> list[Alarm]:
    in_order = sorted(new, key=attrgetter("seq"))
    found: list[Alarm] = []
    if not is_next(stream, in_order):
        faults = _faults(connection, stream, in_order)
        stream.is_broken = stream.is_broken or not faults.is_vouched
        found = [_break(stream, seq) for seq in faults.broken] + [_fork(stream, seq) for seq in faults.forked]
    advance_tip(stream, in_order)
    _close(connection, stream, {link.seq for link in in_order})
    return found


def _faults(connection: Connection, stream: StreamRow, new: Sequence[NewLink]) -> Faults:
    numbers = {link.seq for link in new}
    # The new events are stored by now, so what is found under their numbers includes them.
    asked = numbers | {seq - 1 for seq in numbers}
    stored = events.load_accepted(connection, stream.id, asked) | events.load_rejected(connection, stream.id, asked)
    after = {seq + 1 for seq in numbers} - numbers
    following = [
        NewLink(seq, b"", predecessor(frozen, stream), is_rejected)
        for seq, frozen, is_rejected in events.load_frozen(connection, stream.id, after)
    ]
    return find_faults(new, stored, following)


def _close(connection: Connection, stream: StreamRow, closed: set[int]) -> None:
    """Move the unbroken run of closed numbers on, over what came earlier out of order too."""
    last = stream.contiguous_to
    while last + 1 in closed:
        last += 1
    # What is told to be lost may have been told before the last number below it came.
    if last < stream.tip_seq and (
        last != stream.contiguous_to or events.is_told(connection, stream.id, (last + 1, last + 1))
    ):
        last = events.contiguous_from(connection, stream.id, last)
    stream.contiguous_to = last


def is_newer(delivery: Delivery) -> bool:
    """Tell whether something of a delivery waits for a newer centre: somebody has to upgrade it."""
    return any(held.code == NewerMessageError.code for held in delivery.held)


def _newer(stream: StreamRow) -> Alarm:
    return Alarm(
        AlarmKey(stream.terminal, NewerMessageError.code, stream.epoch),
        Words(
            "终端的记录版本比中心新，暂缓接收，记录留在终端",
            "The terminal's records are of a newer version than the centre; they wait at the terminal",
        ),
    )


def _crowded(terminal: str) -> Alarm:
    most = events.MOST_LIVES
    return Alarm(
        AlarmKey(terminal, "chain.too_many_lives", ""),
        Words(
            f"终端已有 {most} 个纪元，中心不再接收新的纪元；其记录留在终端",
            f"The terminal's store has had {most} lives, and the centre takes no more; its records wait there",
        ),
    )


def _fork(stream: StreamRow, seq: int) -> Alarm:
    return Alarm(
        AlarmKey(stream.terminal, "chain.fork", stream.epoch),
        Words(
            f"第 {seq} 号有两条不同的记录：终端的数据库可能被复制或恢复过",
            f"Number {seq} stands for two different events: the terminal's store may have been copied or restored",
        ),
    )


def _break(stream: StreamRow, seq: int) -> Alarm:
    return Alarm(
        AlarmKey(stream.terminal, "chain.broken", stream.epoch),
        Words(
            f"第 {seq} 号记录与前一条的哈希不符：终端的记录可能被改动过",
            f"Event {seq} does not name the hash of the one before: the terminal's records may have been altered",
        ),
    )
