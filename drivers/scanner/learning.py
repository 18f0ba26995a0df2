"""From the scans of the sheet to how a scanner is set: what is certain, what is open, what contradicts itself. Pure.

Each burst allows some ways to read it (layout and case). A scanner is set in one way, so what holds is what all bursts
allow. Of several such ways those stay that leave the least unexplained around the codes. Nothing is guessed: where
two values would explain everything that came, the conclusion holds both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from drivers.scanner.case import Case
from drivers.scanner.sighting import Sighting
from drivers.scanner.spec import ScannerKind
from drivers.scanner.typing_seen import Way, key_name

Sightings = Mapping[str, tuple[Sighting, ...]]
"""Every way in which each symbol that came can be read, by the symbol's name; each has at least one."""
_World = tuple[str, Case]
_GS = "\x1d"
_GS_BY = {Way.ALT: "alt_029", Way.CTRL: "ctrl_bracket"}
SUFFIXES = {"\r": "cr", "\n": "lf", "\r\n": "crlf", "\t": "tab", "\x03": "etx", "": "none"}
"""Names of suffixes by what is sent; on a keyboard `cr` is Enter."""


class Topic(StrEnum):
    """What there is to learn."""

    SUFFIX = "suffix"
    PREFIX = "prefix"
    AIM = "aim"
    SEPARATOR = "separator"
    CASE = "case"
    LAYOUT = "layout"
    MANNER = "manner"
    REPORTS = "reports"


class Certainty(StrEnum):
    """How much a conclusion is worth."""

    TOLD = "told"
    """There is one value, and the scans show it."""
    OPEN = "open"
    """The scans that came do not show it: `values` are those that are left, none if nothing is known."""
    TORN = "torn"
    """The scans contradict each other: `values` are what they show."""


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What was learned about one thing."""

    topic: Topic
    values: tuple[str, ...]
    certainty: Certainty
    evidence: tuple[str, ...]
    """The symbols that show it, by name."""

    @property
    def told(self) -> str | None:
        """The value, if it is certain."""
        return self.values[0] if self.certainty is Certainty.TOLD else None


def learn(seen: Sightings, kind: ScannerKind) -> tuple[Conclusion, ...]:
    """Return what the scans show about each thing that this kind of device can be set to."""
    worlds = _worlds(seen)
    chosen = {
        name: tuple(one for one in ways if (one.reader, one.case) in worlds) or ways for name, ways in seen.items()
    }
    told_by: dict[Topic, Callable[[Sighting], str | None]] = {
        Topic.SUFFIX: lambda one: SUFFIXES.get(one.suffix) or as_text(one.suffix),
        Topic.PREFIX: lambda one: as_text(one.prefix) if one.prefix else "none",
        Topic.AIM: lambda one: "on" if one.aim else "off",
        Topic.SEPARATOR: _separator,
        Topic.CASE: lambda one: one.case,
    }
    if kind is ScannerKind.KEYBOARD:
        told_by |= {Topic.LAYOUT: lambda one: one.reader, Topic.MANNER: _manner}
    if kind is ScannerKind.POS:
        told_by |= {Topic.REPORTS: lambda one: one.reader}
    return tuple(_conclude(topic, chosen, value_of) for topic, value_of in told_by.items())


def as_text(characters: str) -> str:
    """Return the value of a conclusion that is characters of the device's own choice."""
    return f"text {characters!r}"


def _worlds(seen: Sightings) -> set[_World]:
    """Return the ways to read that fit all bursts; if none does, those that fit the most."""
    counted = Counter(world for ways in seen.values() for world in {(one.reader, one.case) for one in ways})
    most = max(counted.values(), default=0)
    odd = {world: _oddity(seen, world) for world, count in counted.items() if count == most}
    least = min(odd.values(), default=0)
    return {world for world, oddity in odd.items() if oddity == least}


def _oddity(seen: Sightings, world: _World) -> int:
    """Return how many characters a way to read leaves unexplained around the codes."""
    ones = (one for ways in seen.values() for one in ways if (one.reader, one.case) == world)
    return sum(len(one.prefix) + (0 if one.suffix in SUFFIXES else len(one.suffix)) for one in ones)


def _conclude(topic: Topic, chosen: Sightings, value_of: Callable[[Sighting], str | None]) -> Conclusion:
    """Return what all symbols allow; those that know nothing of the topic have no say."""
    allowed = {name: {value for one in ways if (value := value_of(one)) is not None} for name, ways in chosen.items()}
    telling = {name: values for name, values in allowed.items() if values}
    left = set.intersection(*telling.values()) if telling else set()
    if telling and not left:
        certainty, left = Certainty.TORN, set.union(*telling.values())
    else:
        certainty = Certainty.TOLD if len(left) == 1 else Certainty.OPEN
    evidence = tuple(name for name, values in telling.items() if len(values) == 1)
    return Conclusion(topic, tuple(sorted(left)), certainty, evidence)


def _separator(one: Sighting) -> str | None:
    sent = one.separator
    if sent is None:
        return None
    if not sent:
        return "dropped"
    if sent == _GS:
        return "gs" if one.separator_way is None else _GS_BY.get(one.separator_way, "gs")
    if len(sent) > 1:
        return as_text(sent)
    return "space" if sent == " " else key_name(sent) or (sent if sent.isprintable() else as_text(sent))


def _manner(one: Sighting) -> str:
    if one.ways == {Way.ALT}:
        return "alt"
    return "keypad" if Way.KEYPAD in one.ways else "keys"
