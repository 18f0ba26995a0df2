"""The profile of one scanner: what a set-up learned, what is wrong, and the line to write. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.scanner.advice import Advice, advise
from drivers.scanner.bursts import Burst
from drivers.scanner.decoder import Decoder
from drivers.scanner.framing import LineDecoder
from drivers.scanner.keystrokes import KeyDecoder
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.learning import Conclusion, Sightings, learn
from drivers.scanner.pos_report import REPORT_BYTES, ReportDecoder
from drivers.scanner.selftest import CALIBRATION_SYMBOL, SHEET
from drivers.scanner.spec import CameraSpec, KeyboardSpec, PosSpec, ScannerSpec
from drivers.scanner.spec_line import parse_spec, with_settings

_GS = b"\x1d"
_LATER_S = 60.0
"""Longer than any decoder waits."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a scanner after a set-up."""

    device: str
    """As the configuration names it."""
    line: str
    """The scanner's line in the configuration when it was set up."""
    proposed: str
    """The line to write; the same if it is right."""
    read: tuple[str, ...]
    """The symbols of the sheet that came, by name."""
    conclusions: tuple[Conclusion, ...]
    advice: tuple[Advice, ...]
    """What should be changed, the gravest first."""
    gs_ok: bool | None
    """With the line as it is, group separators arrive, or they do not; None if the symbol that tells was not read."""

    @property
    def is_good(self) -> bool:
        """Nothing is at fault."""
        return not any(one.is_fault for one in self.advice)


def make_profile(line: str, heard: Mapping[str, Burst], seen: Sightings) -> Profile:
    """Return the profile of the scanner at `line` of which these bursts were heard, by the symbol's name."""
    spec = parse_spec(line)
    unread = tuple(symbol.name for symbol in SHEET if symbol.name not in seen)
    conclusions = learn(seen, spec.kind)
    advice = advise(conclusions, spec, unread)
    settings = dict(one.setting.split("=", 1) for one in advice if one.setting)
    return Profile(
        device=spec.device,
        line=line,
        proposed=with_settings(line, settings),
        read=tuple(symbol.name for symbol in SHEET if symbol.name in seen),
        conclusions=conclusions,
        advice=advice,
        gs_ok=_keeps_gs(spec, heard.get(CALIBRATION_SYMBOL.name)),
    )


def delivered(spec: ScannerSpec, burst: Burst) -> tuple[bytes, ...]:
    """Return the codes that the terminal gets out of a burst when it reads the device as `spec` says."""
    decoder = _decoder(spec, burst)
    scans = [scan for chunk in burst for scan in decoder.feed(chunk, 0.0)]
    return tuple(scan.raw for scan in [*scans, *decoder.silence(_LATER_S)])


def _keeps_gs(spec: ScannerSpec, burst: Burst | None) -> bool | None:
    return None if burst is None else any(_GS in raw for raw in delivered(spec, burst))


def _decoder(spec: ScannerSpec, burst: Burst) -> Decoder:
    if isinstance(spec, KeyboardSpec):
        return KeyDecoder(spec, LAYOUTS[spec.layout])
    if isinstance(spec, PosSpec):
        is_stream = sum(map(len, burst)) % REPORT_BYTES == 0
        return ReportDecoder(spec, REPORT_BYTES if is_stream else None)
    if isinstance(spec, CameraSpec):
        raise TypeError("a camera has nothing to set up")
    return LineDecoder(spec)
