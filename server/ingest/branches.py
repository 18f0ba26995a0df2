"""A branch of a life that the centre was never told: its numbers are taken, by the events of another branch.

It comes about where a store was copied, both went on, and the centre was restored to a backup from before: one branch
is told again, and for the other nothing seems to be missing. A report names the hash of the last event of each life.
From there each event names the one before, so that what is here can be followed back to the first that is not.

A chain is whole only if it was followed, event by event, to its beginning: to the first number, to the oldest that the
terminal keeps, or to where it joins a chain in which nothing is missing. Each report goes on where the one before left
off and costs a bounded look. Nothing of this is stored: after a restart of the centre it begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from codes.words import Words
from server.ingest.affairs import alarm_of_loss
from server.ingest.following import Numbers, Thread
from server.ingest.seeking import MOST_NAMED, Chain, Chains, Place, Sought
from server.store import events
from server.store.alarms import Alarm, AlarmKey
from server.store.events import StreamRow
from wire.presence import KeptEpoch
from wire.receipts import ranges

WINDOW = 500
"""Numbers that are asked for at once, back from the first that is not here."""
MOST_READ = 2_000
"""Numbers that are looked at for one report; the next report goes on from there."""
_MOST_IN_WORDS = 10
_MOST_EMPTY = 4
"""Windows after each other of which a terminal keeps nothing, until it is believed to keep nothing before either."""

Life = tuple[str, str]
"""Terminal and epoch."""


class Finding(NamedTuple):
    """What a look at one life came to."""

    sought: Sought | None = None
    """Numbers to ask for, although all are taken here; whoever asks notes it there."""
    read: int = 0
    """Numbers that were looked at."""
    is_at_work: bool = False
    """There is more to be done for this life at the next report."""


class Branches:
    """Finds what is missing of branches. It remembers a few cells of each life that went wrong, and writes nothing."""

    def __init__(self) -> None:
        self._lives: dict[Life, Chains] = {}

    def follow(
        self, connection: Connection, row: StreamRow, kept: KeptEpoch, now: datetime, *, most: int, alarms: list[Alarm]
    ) -> Finding:
        """Follow back what a terminal reports of a life that has no gap here, reading `most` numbers or a few more.

        What a person should know is added to `alarms`, also if the store fails after that: it is found only once.
        """
        end = Place(kept.last, None if kept.last_hash is None else bytes.fromhex(kept.last_hash))
        # Of a chain that was never wrong and has no hole its end vouches for the rest.
        if not row.is_broken and row.lost_from is None and _is_only_end(connection, row, end):
            return Finding()
        chains = self._lives.setdefault((row.terminal, row.epoch), Chains())
        is_new = end not in chains.of
        chain = chains.ending_at(end)
        if chain.is_at_rest(now, kept.first):
            return Finding()
        chain.take_up(now, kept.first)
        numbers = Numbers(connection, row, kept.first, WINDOW)
        if is_new and not row.is_broken and _may_be_on_its_way(numbers, end):
            return Finding(None, numbers.read, is_at_work=True)
        walk = _Walk(row, chains, chain, numbers, kept.first, now, alarms)
        try:
            return walk.go(most)
        finally:
            walk.tell_lost()


@dataclass(slots=True)
class _Walk:
    """As much of one chain as is followed for one report."""

    row: StreamRow
    chains: Chains
    chain: Chain
    numbers: Numbers
    lowest: int
    now: datetime
    alarms: list[Alarm]
    lost: list[int] = field(default_factory=list)
    noted: Sought | None = None
    """Of which it was noted in this look what came."""

    def go(self, most: int) -> Finding:
        """Follow the chain back to its beginning, to a number that is asked for, or as far as one look goes."""
        while not self._is_at_beginning():
            if self._is_vouched():
                self.chain.thread = _under(1)
                break
            if not self.numbers.has(self.chain.thread.seq) and self.numbers.read >= most:
                return self._finding(None, is_at_work=True)
            if self._find_here():
                if self._join_another():
                    continue
                self.chain.empty = 0
                self.chain.thread = self.numbers.below(self.chain.thread)
            elif self._seek():
                self._pass()
            else:
                sought = self.chain.sought
                is_due = sought is not None and sought.is_due(self.now)
                return self._finding(sought if is_due else None, is_at_work=True)
        if not self.chain.is_at_rest(self.now, self.lowest):
            self.chain.finish(self.now)
        return self._finding(None, is_at_work=False)

    def _is_at_beginning(self) -> bool:
        return self.chain.thread.seq < self.lowest or self.chain.is_at_rest(self.now, self.lowest)

    def _is_vouched(self) -> bool:
        """Tell whether all below is here, however far down a terminal keeps it."""
        seq, names = self.chain.thread
        if self.row.is_broken or names is None or (self.row.lost_from is not None and self.row.lost_from <= seq):
            return False
        # In a chain that was never wrong the only event under a number vouches for all below, but not across a hole.
        return self.numbers.has(seq) and len(self.numbers.at(seq)) == 1 and self._find_here()

    def _find_here(self) -> bool:
        seq, names = self.chain.thread
        here = self.numbers.at(seq, down_to=self.chains.highest_end(seq))
        return names is not None and names <= here.keys()

    def _join_another(self) -> bool:
        """Go on as another chain where this one comes to its end, if there is one; below a tear nobody knows."""
        seq, names = self.chain.thread
        if names is None or len(names) != 1 or self.chain.is_torn:
            return False
        return self.chains.merge(self.chain, Place(seq, *names), self.now, self.lowest)

    def _seek(self) -> bool:
        """Ask for the number at which it stops; True if that was in vain, or it is known to be lost."""
        seq, names = self.chain.thread
        told = self.numbers.told(seq)
        if told is not None and self._is_single(seq):
            return True
        sought = self.chain.sought
        if sought is None or not sought.span[0] <= seq <= sought.span[1]:
            # Nothing speaks for another branch below a hole of a single chain, but one event tells, if it is not lost.
            is_one = not (self.row.is_broken or names or self.chain.empty)
            span = (seq if is_one else max(self.lowest, seq - WINDOW + 1), seq)
            self.chain.sought = Sought(span, self.numbers.count(span), self.now)
            return False
        self._note_progress(sought)
        if told is not None and self.chains.is_answer(self.chain, told):
            return True
        return sought.is_given_up or (names is None and sought.is_answered(self.now))

    def _note_progress(self, sought: Sought) -> None:
        """Note what came since the last look, once for all of the numbers that are sought."""
        if self.noted is not sought:
            self.noted = sought
            sought.note_progress(self.numbers.count(sought.span), self.numbers.told_last(sought.span), self.now)

    def _is_single(self, seq: int) -> bool:
        """Tell whether nothing speaks for another branch at `seq`, where the thread is torn or nothing is here."""
        return not self.row.is_broken and (self.chain.thread.names is None or not self.numbers.at(seq))

    def _pass(self) -> None:
        """Go on below a number whose event does not come, or is not known."""
        seq, names = self.chain.thread
        here = self.numbers.at(seq)
        is_told = self.numbers.told(seq) is not None
        if is_told and here and names is None:
            self.chain.empty += 1
        if is_told and not (here and names is None and self._is_put_away()):
            # Of a span that was said to be lost only this number: the rest may be what another box lost.
            self._note_lost(seq)
            self.chain.is_torn = True
            self.chain.thread = _under(seq)
        elif names is None:
            self.chain.is_torn = True
            self._tell_tear(seq)
            self.chain.thread = Thread(seq, frozenset(here)) if here else _under(seq)
        else:
            self.chain.missing = [*self.chain.missing, seq][:MOST_NAMED]
            self.chain.thread = _under(seq)
            self.alarms.append(_unanswered(self.row, self.chains.missing()))

    def _note_lost(self, seq: int) -> None:
        """Note, once, that a number is lost for which a person has to be told."""
        if not self._is_single(seq):
            if self.chains.note_told(seq):
                self.lost.append(seq)
        elif not self.numbers.at(seq):
            # A person was told when the terminal said so. What is here counts as put away while the chain is single.
            self.chains.note_told(seq)

    def _is_put_away(self) -> bool:
        """Tell whether a terminal has nothing, window after window, of what is here: it was delivered and put away.

        To ask on for what is not there would make it say so again and again, down to the oldest event that it keeps.
        """
        return self.chain.empty > _MOST_EMPTY * WINDOW

    def _tell_tear(self, seq: int) -> None:
        """Tell a person, once, that it cannot be told whether all is here, where there is reason to doubt it."""
        sought = self.chain.sought
        is_vain = self._is_put_away() or (sought is not None and sought.is_given_up)
        is_doubtful = self.row.is_broken and is_vain
        if is_doubtful and not self.chains.is_tear_told:
            self.chains.is_tear_told = True
            self.alarms.append(_torn(self.row, seq))

    def tell_lost(self) -> None:
        """Tell a person of the numbers of which it was found that they are lost."""
        if self.lost:
            self.alarms.append(alarm_of_loss(self.row.terminal, self.row.epoch, len(self.lost), ranges(self.lost)))

    def _finding(self, sought: Sought | None, *, is_at_work: bool) -> Finding:
        return Finding(sought, self.numbers.read, is_at_work)


def _is_only_end(connection: Connection, row: StreamRow, end: Place) -> bool:
    """Tell whether the event that a terminal named is the only one under its number; a report may be overtaken."""
    if end == (row.tip_seq, row.tip_hash):
        return True
    return end.seq < row.tip_seq and events.load_hashes(connection, row.id, end.seq) == {end.hash}


def _may_be_on_its_way(numbers: Numbers, end: Place) -> bool:
    """Tell whether an end is not here although its number was said to be lost: the box may just have recorded it."""
    return end.hash is not None and end.hash not in numbers.at(end.seq) and numbers.told(end.seq) is not None


def _under(seq: int) -> Thread:
    return Thread(seq - 1, None)


def _unanswered(row: StreamRow, missing: list[int]) -> Alarm:
    spans = [str(first) if first == last else f"{first}-{last}" for first, last in ranges(missing)]
    named = ", ".join(spans[:_MOST_IN_WORDS]) + (" …" if len(spans) > _MOST_IN_WORDS else "")
    words = Words(
        f"终端的第 {named} 号记录与中心的不同，多次索取仍未收到；以后每小时重新索取",
        f"Under number {named} the terminal has another event than the centre. It was asked for again and again and "
        "did not come; it is asked for anew every hour",
    )
    return Alarm(AlarmKey(row.terminal, "chain.branch_missing", row.epoch), words)


def _torn(row: StreamRow, seq: int) -> Alarm:
    words = Words(
        f"第 {seq} 号之后的记录丢失或无法解读，无法确认第 {seq} 号及以前的记录是否已全部收到；多次索取，没有新的记录",
        f"What follows event {seq} is lost or cannot be read, so that nobody can tell whether all of the terminal's "
        f"events up to {seq} are here; they were asked for again and again, and nothing new came",
    )
    return Alarm(AlarmKey(row.terminal, "chain.branch_missing", row.epoch), words)
