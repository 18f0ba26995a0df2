"""Where messages go: `yima/1/{area}/{shard}/{terminal}/{channel}`.

A terminal may touch its own prefix only. The shard lets a broker without shared subscriptions spread the load over
workers that each take a part of the 64.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum

from codes.words import Words
from wire.errors import CorruptMessageError

ROOT = "yima/1"
SHARDS = 64
_TERMINAL = re.compile(r"[A-Za-z0-9_-]{1,64}")
_AREA = re.compile(r"[0-9]{6}")


class Channel(StrEnum):
    """The last part of a topic."""

    EVENTS = "events"
    """Up: batches of business facts."""
    PRESENCE = "presence"
    """Up, retained: birth, clean stop, death."""
    HEALTH = "health"
    """Up: a report every 30 s."""
    RECEIPT = "receipt"
    """Down: what the centre has committed."""
    ASK = "ask"
    """Down: numbers that the centre wants sent again."""
    FSI = "fsi"
    """Up: a message of the national interface, to which an answer is awaited (`wire.rpc`)."""
    ANSWER = "answer"
    """Down: the centre's answers to those."""


@dataclass(frozen=True, slots=True)
class TerminalTopics:
    """The prefix of one terminal."""

    area: str
    """Administrative division, six digits (GB/T 2260), for example 350200 for Xiamen."""
    terminal: str

    def __post_init__(self) -> None:
        if not _AREA.fullmatch(self.area) or not _TERMINAL.fullmatch(self.terminal):
            raise ValueError(f"not a terminal's address: {self.area}/{self.terminal}")

    @property
    def shard(self) -> int:
        """0 to 63, the same in every language that has CRC-32."""
        return zlib.crc32(self.terminal.encode()) % SHARDS

    def on(self, channel: Channel) -> str:
        """Return the full topic of `channel`."""
        return f"{ROOT}/{self.area}/{self.shard:02d}/{self.terminal}/{channel}"


def parse_topic(topic: str) -> tuple[TerminalTopics, Channel]:
    """Return whose topic it is and which channel.

    Raises:
        CorruptMessageError: Not one of our topics, or a shard that is not the terminal's.
    """
    try:
        root, version, area, shard, terminal, channel = topic.split("/")
        owner = TerminalTopics(area, terminal)
        parsed = owner, Channel(channel)
    except ValueError as exc:
        raise CorruptMessageError(Words(f"未知主题 {topic!r}", f"Not one of our topics: {topic!r}")) from exc
    if f"{root}/{version}" != ROOT or shard != f"{owner.shard:02d}":
        raise CorruptMessageError(
            Words(f"主题与终端不符 {topic!r}", f"Topic does not belong to its terminal: {topic!r}")
        )
    return parsed


def named_in(topic: str) -> str:
    """Return the terminal that a topic names, whatever else is wrong with it.

    >>> named_in("yima/1/350200/07/T-001/events")
    'T-001'
    """
    return topic.rpartition("/")[0].rpartition("/")[2]


def every_terminal(channel: Channel, *, group: str | None = None) -> str:
    """Return the subscription for `channel` of all terminals, shared among workers of `group` if given."""
    wildcard = f"{ROOT}/+/+/+/{channel}"
    return f"$share/{group}/{wildcard}" if group else wildcard
