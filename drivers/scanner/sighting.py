"""One burst compared with the symbols of the sheet: every way in which it can be one of them. Pure.

A burst is read as each layout has it and searched for each symbol as each case has it. What stands before the code is
prefix and symbology identifier, what stands after it is the suffix, and what stands where a group separator belongs
shows what the device makes of it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.scanner.bursts import Burst
from drivers.scanner.case import Case, turned
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.pos_report import REPORT_BYTES, Part, read_report
from drivers.scanner.selftest import SHEET, Symbol
from drivers.scanner.spec import KeyboardSpec, PosSpec, ReportLayout, ScannerSpec
from drivers.scanner.typing_seen import Way, see_typing

_MOST_AROUND = 16
"""Characters before or after a code, beyond which there is more in the burst than one code."""
_MOST_FOR_GS = 8
"""Characters that may stand for one group separator, such as `<GS>`."""
_AIM = re.compile(r"\][A-Za-z][0-9]")
_GS = "\x1d"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One way in which a burst is a symbol of the sheet."""

    symbol: str
    """Name of the symbol."""
    reader: str
    """The keyboard layout, or the layout of the reports, by which it was read; empty on a serial line."""
    case: Case
    prefix: str
    """What stands before the code, without the identifier."""
    aim: str
    """The symbology identifier; empty if none was sent."""
    suffix: str
    """What stands after the code."""
    separator: str | None
    """What stands where the group separator belongs; None for a symbol without one."""
    separator_way: Way | None
    """How it was typed; None if it was not typed."""
    ways: frozenset[Way]
    """How the characters of the code were typed; none on a line that is no keyboard."""
    has_caps_lock: bool = False
    """The device pressed Caps Lock itself."""


@dataclass(frozen=True, slots=True)
class _Text:
    """A burst as one reader has it."""

    reader: str
    text: str
    ways: tuple[Way, ...] = ()
    has_caps_lock: bool = False


def sightings(burst: Burst, spec: ScannerSpec) -> tuple[Sighting, ...]:
    """Return every way in which `burst` is a symbol of the sheet; none if it is not, or is more than one."""
    return tuple(
        sighting
        for text in _texts(burst, spec)
        for symbol in SHEET
        for case in Case
        if (sighting := _find(text, symbol, case)) is not None
    )


def plain_texts(burst: Burst, spec: ScannerSpec) -> tuple[str, ...]:
    """Return a burst as each reader has it, first as the configured one."""
    wanted = spec.layout if isinstance(spec, KeyboardSpec) else ""
    texts = sorted(_texts(burst, spec), key=lambda one: one.reader != wanted)
    return tuple(one.text for one in texts)


def _texts(burst: Burst, spec: ScannerSpec) -> Iterator[_Text]:
    if isinstance(spec, KeyboardSpec):
        for layout in LAYOUTS.values():
            typed = see_typing(burst, layout)
            yield _Text(layout.name, typed.text, typed.ways, typed.has_caps_lock)
    elif isinstance(spec, PosSpec):
        for reports in (ReportLayout.AIM, ReportLayout.PLAIN, ReportLayout.BARE):
            yield _Text(reports, _text_of_reports(burst, reports))
    else:
        yield _Text("", b"".join(burst).decode("latin-1"))


def _text_of_reports(burst: Burst, layout: ReportLayout) -> str:
    whole = b"".join(burst)
    is_stream = len(whole) % REPORT_BYTES == 0
    starts = range(0, len(whole), REPORT_BYTES)
    reports = [whole[start : start + REPORT_BYTES] for start in starts] if is_stream else list(burst)
    parts: list[Part] = [part for report in reports if (part := read_report(report, layout)) is not None]
    aim = (parts[0].aim or "") if parts else ""
    return aim + b"".join(part.payload for part in parts).decode("latin-1")


def _find(text: _Text, symbol: Symbol, case: Case) -> Sighting | None:
    found = _pattern(symbol, case).search(text.text)
    if found is None:
        return None
    start, end = found.span("code")
    before, suffix = text.text[:start].removesuffix(_GS), text.text[end:]
    if max(len(before), len(suffix)) > _MOST_AROUND:
        return None
    aim = _AIM.search(before)
    has_separator = "gs" in found.re.groupindex
    at, gs_end = found.span("gs") if has_separator else (start, start)
    ways = text.ways[start:at] + text.ways[gs_end:end]
    return Sighting(
        symbol=symbol.name,
        reader=text.reader,
        case=case,
        prefix=before if aim is None else before[: aim.start()] + before[aim.end() :],
        aim="" if aim is None else aim.group(),
        suffix=suffix,
        separator=found.group("gs") if has_separator else None,
        separator_way=text.ways[at] if has_separator and gs_end > at and text.ways else None,
        ways=frozenset(ways),
        has_caps_lock=text.has_caps_lock,
    )


@functools.cache
def _pattern(symbol: Symbol, case: Case) -> re.Pattern[str]:
    parts = [re.escape(part) for part in turned(symbol.code, case).decode("ascii").split(_GS)]
    between = f"(?P<gs>.{{0,{_MOST_FOR_GS}}}?)"
    return re.compile(f"(?P<code>{between.join(parts)})", re.DOTALL)
