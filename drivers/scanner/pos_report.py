"""HID-POS reports (usage page 0x8C) into scans. Pure.

    aim    id 0x02 | length | ] C m | data … | vendor's code id | reserved | more follows     Honeywell, Access-IS
    plain  id 0x02 | length | data … | 4 reserved | vendor's code id | more follows           Newland, ID Tech
    bare   length | data …                                                                    Symbol, simple COM

Group separators and the symbology arrive untouched. A code longer than one report comes in several; a report that
never comes leaves a gap in the scan, marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from codes.reading import Flag, Scan
from drivers.scanner.decoder import GAP, MAX_SCAN_BYTES, split_aim
from drivers.scanner.spec import AimId, PosSpec, ReportLayout

REPORT_BYTES = 64
"""The size of a report where nothing else tells: a full-speed interrupt transfer."""
REPORT_ID = 0x02
"""Scanned data. Other reports (status, answers to settings) are not scans."""

_NO_AIM = b"\0\0\0"
_WAIT_FOR_MORE_S = 1.0


@dataclass(frozen=True, slots=True)
class Part:
    """What one report says."""

    aim: str | None
    payload: bytes
    continues: bool
    """Another report with more of the same code follows."""
    is_sound: bool = True
    """The length fits the report."""


def read_report(report: bytes, layout: ReportLayout) -> Part | None:
    """Take one report apart; None if it carries no scan."""
    if not report:
        return None
    if layout is ReportLayout.BARE:
        return _read(report, data_from=1, data_to=len(report), length_at=0, aim=None)
    if len(report) < _SHORTEST or report[0] != REPORT_ID:
        return None
    if layout is ReportLayout.AIM or (layout is ReportLayout.AUTO and _has_aim_field(report)):
        aim, _ = split_aim(report[2:5], AimId.ON)
        return _read(report, data_from=5, data_to=len(report) - 3, length_at=1, aim=aim)
    return _read(report, data_from=2, data_to=len(report) - 6, length_at=1, aim=None)


_SHORTEST = 9
"""Id, length, AIM id, one byte of data, and the three bytes at the end."""


def _has_aim_field(report: bytes) -> bool:
    """Tell the two numbered layouts apart.

    Bytes 2 to 4 hold an identifier or nothing. A `plain` device that was told to send the identifier has it there
    too, but counts it: read as `aim`, its data would end in three zero bytes of padding.
    """
    if report[2:5] == _NO_AIM:
        return True
    if split_aim(report[2:5], AimId.AUTO)[0] is None:
        return False
    length = report[1]
    return length < len(_NO_AIM) or report[2 + length : 5 + length] != _NO_AIM


def _read(report: bytes, *, data_from: int, data_to: int, length_at: int, aim: str | None) -> Part:
    length = report[length_at]
    data = report[data_from:data_to]
    is_sound = length <= len(data)
    # With no byte to say so (bare), a full report is followed by the rest.
    continues = length == len(data) if data_to == len(report) else bool(report[-1] & 1)
    return Part(aim, data[:length] if is_sound else data.rstrip(b"\0"), continues, is_sound)


class ReportDecoder:
    """Reads the reports of one HID-POS scanner.

    `report_bytes` is the size of a report where the source is a stream of them (a pipe); None where each chunk is one
    report, as hidraw gives it.
    """

    def __init__(self, spec: PosSpec, report_bytes: int | None) -> None:
        self._spec = spec
        self._report_bytes = report_bytes
        self._rest = b""
        self._aim: str | None = None
        self._waiting = b""
        self._continues = False
        """A part has come and more is to follow."""
        self._is_torn = False
        self._last = 0.0

    @property
    def deadline(self) -> float | None:
        return self._last + _WAIT_FOR_MORE_S if self._continues else None

    @property
    def unfinished_bytes(self) -> int:
        return len(self._waiting)

    @property
    def unterminated(self) -> int:
        """Always 0: a report has no suffix to miss."""
        return 0

    def feed(self, chunk: bytes, now: float) -> list[Scan]:
        self._last = now
        scans: list[Scan] = []
        for report in self._reports(chunk):
            part = read_report(report, self._spec.reports)
            if part is not None:
                scans += self._take(part)
        return scans

    def silence(self, now: float) -> list[Scan]:
        self._last = now
        return self._break_off() if self._continues else []

    def _reports(self, chunk: bytes) -> Iterator[bytes]:
        if self._report_bytes is None:
            yield chunk
            return
        self._rest += chunk
        while len(self._rest) >= self._report_bytes:
            report, self._rest = self._rest[: self._report_bytes], self._rest[self._report_bytes :]
            yield report

    def _take(self, part: Part) -> list[Scan]:
        scans = self._break_off() if self._continues and part.aim != self._aim else []
        self._aim = part.aim
        self._waiting = (self._waiting + part.payload)[: MAX_SCAN_BYTES + 1]
        self._is_torn |= not part.is_sound
        self._continues = part.continues
        return scans if part.continues else scans + self._end()

    def _break_off(self) -> list[Scan]:
        """End a code whose next report did not come."""
        if self._spec.reports is not ReportLayout.BARE:
            self._is_torn = True
        return self._end()

    def _end(self) -> list[Scan]:
        raw, aim, is_torn = self._waiting, self._aim, self._is_torn
        self._waiting, self._aim, self._is_torn, self._continues = b"", None, False, False
        if is_torn:
            raw += GAP
        if not raw:
            return []
        noticed = ((Flag.UNDECODABLE, is_torn), (Flag.TOO_LONG, len(raw) > MAX_SCAN_BYTES))
        if aim is None:
            aim, raw = split_aim(raw, AimId.AUTO)
        flags = tuple(flag for flag, is_set in noticed if is_set)
        return [Scan(raw=raw[:MAX_SCAN_BYTES], symbology=aim, source=self._spec.device, flags=flags)]
