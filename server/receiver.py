"""The centre's end of the line: frames in, receipts out.

Events and receipts have a connection of their own, and what terminals say of themselves has another: whenever the
centre connects, a broker sends the last presence of every terminal, and nothing else of that connection before.
The links' threads only sort and queue; one worker thread hands what has gathered to the ingest, in one commit, and
publishes the receipts that come back. A batch that finds the queue full is dropped, which costs a resend and nothing
else: no terminal forgets a row without a receipt. What terminals say of themselves waits in a queue of its own.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from codes.errors import TransientError, YimaError
from server.errors import StoreRefusedError
from server.inbox import Frame, Gathered, Inbox, Note
from wire.link import Link, LinkListener, LinkSettings, Session, SessionFactory
from wire.link_loss import Cause, LinkLoss
from wire.presence import Health
from wire.topics import Channel, TerminalTopics, every_terminal, parse_topic

PUBLISH_PATIENCE_S = 2.0
STOP_PATIENCE_S = 5.0
ANSWERED_WITHIN = timedelta(seconds=100)
"""Beyond, a report is not asked about any more: a terminal answers within two minutes of it, and has sent another."""
_LINK_STOP_S = 1.0
_PUBLISH_RETRY_S = 0.005
_STORE_PAUSE_S = 1.0
_IDLE_TURN_S = 0.25
_HEARD = frozenset({Channel.EVENTS, Channel.PRESENCE, Channel.HEALTH})
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Report = tuple[TerminalTopics, Health]
"""Of which terminal it is, and what it says."""


class Reply(Protocol):
    """A sealed receipt (`server.ingest.Reply`), or a request to send something again."""

    @property
    def topic(self) -> str:
        """Where it goes."""

    @property
    def frame(self) -> bytes:
        """What goes there."""


class Ingests(Protocol):
    """What the receiver asks of the ingest."""

    def take_many(self, frames: Sequence[tuple[str, bytes]], now: datetime) -> Sequence[Reply]:
        """Commit what the frames bring and return the receipts."""


class Noted(Protocol):
    """What came of a birth, a death or a report (`server.fleet.Noted`)."""

    @property
    def said(self) -> Health | None:
        """A health report of a terminal whose facts are taken."""

    @property
    def refusal(self) -> YimaError | None:
        """Why it was not taken."""


class NotesFleet(Protocol):
    """What the receiver asks of the fleet."""

    def note_many(self, messages: Sequence[tuple[str, bytes, datetime]]) -> Sequence[Noted]:
        """Take births, stops, deaths and health reports, and say of each what came of it."""


class Asks(Protocol):
    """Says what to ask of a terminal (`server.ingest.asking.Asking`)."""

    def doubtful(self, reports: Sequence[Report]) -> Sequence[Report]:
        """Return those after which something may have to be asked."""

    def question(self, topics: TerminalTopics, said: Health, now: datetime) -> Reply | None:
        """Return what to ask after a health report; None if nothing is missing."""

    def note_asked(self, topics: TerminalTopics, now: datetime) -> None:
        """Note that the question has left."""


class CentreLink(Protocol):
    """What the receiver asks of the link (`wire.link.Link`)."""

    def start(self) -> None:
        """Begin to connect."""

    def stop(self, *, timeout_s: float) -> None:
        """End the session."""

    def publish(self, topic: str, frame: bytes) -> bool:
        """Hand a frame to the broker; False means that it cannot be now."""


class NewLink(Protocol):
    """Makes the link; it does not connect yet."""

    def __call__(
        self,
        settings: LinkSettings,
        listener: LinkListener,
        new_session: SessionFactory,
        /,
        *,
        rng: random.Random,
        on_fatal: Callable[[], None],
    ) -> CentreLink:
        """Return the link that `listener` hears from; `on_fatal` is called if its thread ends unasked."""


class _Line:
    """One of the two connections, as its thread sees it."""

    def __init__(self, settings: LinkSettings, keep: Callable[[Channel, str, bytes], bool]) -> None:
        self._settings = settings
        self._keep = keep
        self._said_cause: Cause | None = None
        self.is_up = False
        self.dropped = 0
        self.refused = 0

    def link_up(self) -> None:
        """Tell that the connection is up."""
        self.is_up, self._said_cause = True, None
        _logger.info("receiver.link_up", client_id=self._settings.client_id)

    def link_down(self, loss: LinkLoss) -> None:
        """Tell that the connection is down, if it is not known for this reason."""
        self.is_up = False
        if loss.cause is not self._said_cause:
            name, broker = self._settings.client_id, f"{self._settings.host}:{self._settings.port}"
            _logger.warning("receiver.link_down", client_id=name, cause=loss.cause, reason=loss.detail, broker=broker)
        self._said_cause = loss.cause

    def message(self, topic: str, frame: bytes) -> None:
        """Have a frame kept; count what is not for the centre, or finds no room."""
        channel = _channel_of(topic)
        # Nothing of ours is empty; an empty presence is one that somebody deleted from the broker.
        if channel is None or not frame:
            self.refused += 1
        elif not self._keep(channel, topic, frame):
            self.dropped += 1
            if self.dropped == 1:
                _logger.error("receiver.queue_full", client_id=self._settings.client_id)


class Receiver:
    """Subscribes to all terminals and keeps one worker busy until `stop`."""

    def __init__(
        self,
        *,
        ingest: Ingests,
        fleet: NotesFleet,
        asking: Asks,
        settings: LinkSettings,
        now: Callable[[], datetime],
        on_fatal: Callable[[], None],
        group: str | None = None,
        new_link: NewLink = Link,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._ingest = ingest
        self._fleet = fleet
        self._asking = asking
        self._now = now
        self._on_fatal = on_fatal
        notes_settings = replace(settings, client_id=f"{settings.client_id}-notes")
        self._line, self._notes_line = _Line(settings, self._keep), _Line(notes_settings, self._keep)

        def link(settings: LinkSettings, line: _Line, *subscriptions: str) -> CentreLink:
            rng = random.Random()  # noqa: S311 - back-off
            return new_link(settings, line, lambda: Session(subscriptions), rng=rng, on_fatal=on_fatal)

        notes = (every_terminal(Channel.PRESENCE), every_terminal(Channel.HEALTH))
        self._link = link(settings, self._line, every_terminal(Channel.EVENTS, group=group))
        self._notes_link = link(notes_settings, self._notes_line, *notes)
        self._inbox = Inbox()
        self._stopping = threading.Event()
        self._worker = threading.Thread(target=self._work, name="ingest", daemon=True)
        self._refused = 0
        self.turns = 0
        """Steps of the worker, also while nothing comes; it stands still only if one hangs."""
        self.commits = 0
        self.commit_s = 0.0
        """Time spent in commits, answers included."""
        self.asked = 0
        """Requests to send something again."""

    @property
    def takes_records(self) -> bool:
        """The connection for events and receipts is up."""
        return self._line.is_up

    @property
    def hears_terminals(self) -> bool:
        """The connection for what terminals say of themselves is up."""
        return self._notes_line.is_up

    @property
    def dropped(self) -> int:
        """Frames that found the queue full."""
        return self._line.dropped + self._notes_line.dropped

    @property
    def refused(self) -> int:
        """Frames that said nothing: on no topic of ours, empty, or presence and reports that could not be taken."""
        return self._refused + self._line.refused + self._notes_line.refused

    @property
    def waiting(self) -> int:
        """Frames in the queue."""
        return self._inbox.waiting

    def start(self) -> None:
        """Begin to receive."""
        self._worker.start()
        self._link.start()
        self._notes_link.start()

    def stop(self) -> None:
        """Commit what is in work, answer it if the broker takes it at once, forget what waits, and end the threads."""
        self._stopping.set()
        self._inbox.close()
        self._worker.join(timeout=STOP_PATIENCE_S)
        self._link.stop(timeout_s=_LINK_STOP_S)
        self._notes_link.stop(timeout_s=_LINK_STOP_S)

    # -- on the links' threads -------------------------------------------------------------------------------------

    def _keep(self, channel: Channel, topic: str, frame: bytes) -> bool:
        if channel is Channel.EVENTS:
            return self._inbox.put_batch((topic, frame))
        return self._inbox.put_note(Note(topic, frame, self._now()))

    # -- on the worker's thread ------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while (gathered := self._inbox.gather(_IDLE_TURN_S)) is not None:
                self.turns += 1
                self._handle_gathered(gathered)
        finally:
            # Whatever ends this thread must end the program too: a centre that answers pages but takes no facts lies.
            self._on_fatal()

    def _handle_gathered(self, gathered: Gathered) -> None:
        reports = self._note(gathered.notes) if gathered.notes else []
        if gathered.batches:
            self._take(gathered.batches)
        if reports:
            # After the commit: what came in the same breath as the report need not be asked for.
            self._ask(reports)

    def _note(self, notes: list[Note]) -> list[Report]:
        """Take what is no event, and return the fresh reports of terminals whose facts are taken."""
        try:
            noted = self._fleet.note_many(notes)
        except TransientError as exc:
            # Nobody sends them again, but every terminal reports within half a minute.
            self._refused += len(notes)
            _logger.error("receiver.store_failed", code=exc.code, reason=exc.words.en)
            return []
        reports: list[Report] = []
        now = self._now()
        for note, one in zip(notes, noted, strict=True):
            if one.refusal is not None:
                # A damaged or forged presence tells us nothing; the next birth or report will.
                self._refused += 1
                code, reason = one.refusal.code, one.refusal.words.en
                _logger.warning("receiver.refused", topic=note.topic, code=code, reason=reason)
            elif one.said is not None and now - note.at <= ANSWERED_WITHIN:
                reports.append((parse_topic(note.topic)[0], one.said))
        return reports

    def _ask(self, reports: list[Report]) -> None:
        try:
            for topics, said in self._doubtful(reports):
                if self._stopping.is_set():
                    return
                self._ask_one(topics, said)
        except TransientError as exc:
            # It is asked after the next report.
            _logger.error("receiver.store_failed", code=exc.code, reason=exc.words.en)

    def _doubtful(self, reports: list[Report]) -> Sequence[Report]:
        try:
            return self._asking.doubtful(reports)
        except StoreRefusedError as exc:
            # Then each is looked at alone.
            _logger.error("receiver.not_looked", code=exc.code, reason=exc.words.en)
            return reports

    def _ask_one(self, topics: TerminalTopics, said: Health) -> None:
        try:
            question = self._asking.question(topics, said, self._now())
        except StoreRefusedError as exc:
            # What one terminal says and no store can keep must not cost the others their answer.
            _logger.error("receiver.not_asked", terminal=topics.terminal, code=exc.code, reason=exc.words.en)
            return
        if question is not None:
            self.asked += 1
            if self._publish(question):
                self._asking.note_asked(topics, self._now())

    def _take(self, batches: list[Frame]) -> None:
        began_s = self._monotonic()
        try:
            replies = self._ingest.take_many(batches, self._now())
        except TransientError as exc:
            # Nothing was committed and nothing is answered: the terminals resend.
            _logger.error("receiver.store_failed", code=exc.code, reason=exc.words.en)
            self._sleep(_STORE_PAUSE_S)
            return
        self.commits += 1
        self.commit_s += self._monotonic() - began_s
        for reply in replies:
            self._publish(reply)

    def _publish(self, reply: Reply) -> bool:
        """Hand a reply to the broker; False means that it has to wait for another occasion."""
        self.turns += 1
        deadline = self._monotonic() + PUBLISH_PATIENCE_S
        while not self._link.publish(reply.topic, reply.frame):
            # Too much waits for the broker's acknowledgement, or the line is down: then the terminal asks again.
            if not self._line.is_up or self._stopping.is_set() or self._monotonic() > deadline:
                return False
            self._sleep(_PUBLISH_RETRY_S)
        return True


def _channel_of(topic: str) -> Channel | None:
    """Return what comes on a topic, if it is for the centre."""
    try:
        channel = parse_topic(topic)[1]
    except YimaError:
        return None
    return channel if channel in _HEARD else None
