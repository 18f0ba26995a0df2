"""One device in the care of the supervisor: what is known of it, and what that means. Decides; does nothing.

- It **hangs** when its driver's loop has not come round for a while although the next scan was waited for. Time in
  which this whole process was held up does not count, nor does time in which the counter could take no scan.
- It is **silent** when it is open and turning, yet nothing comes where something should have: a camera without frames;
  a scanner from which no byte ever came since it was opened, while the counter made so many scans by other devices.
  Silence is a notice and no fault: the second scanner of a counter may just not be in use.
- It is **another device** when the one behind the configured path or socket is not the one that was there first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from codes.errors import YimaError
from codes.reading import Scan
from drivers.scanner import Progress, Scanner
from edge.driver_faults import AnotherDeviceError, SilentCameraError, SilentScannerError
from edge.health import DeviceState, DeviceStatus

MakeScanner = Callable[[], Scanner]


@dataclass(slots=True)
class Charge:
    """One device in care."""

    device: str
    make: MakeScanner
    scanner: Scanner | None = None
    state: DeviceState = DeviceState.OPENING
    """While it is not open."""
    problem: YimaError | None = None
    """Why it is not open."""
    attempts: int = 0
    failures: int = 0
    """Attempts in a row in which the device was never open."""
    breaks: deque[float] = field(default_factory=deque)
    """When it broke off after being open, or crashed, on the monotonic clock."""
    waiting: deque[Scan] = field(default_factory=deque)
    """Decoded, and not handed over yet."""
    is_handing_over: bool = False
    """The driver waits for the counter, not the other way round."""
    still_s: float = 0.0
    """For how long the driver's loop has not come round."""
    silence: YimaError | None = None
    exchange: YimaError | None = None
    """Another device stands where this one stood first."""
    told: DeviceStatus | None = None
    scans_before: int = 0
    """Scans of drivers that were given up."""
    refused: int = 0
    """Scans that the counter did not record."""
    _turns: int = 0
    _opened_before: int = 0
    _bytes_before: int = 0
    _others_before: int = 0
    _first_occupant: str = ""
    _occupant: str = ""

    @property
    def progress(self) -> Progress:
        return self.scanner.progress if self.scanner is not None else Progress()

    @property
    def scans(self) -> int:
        return self.scans_before + self.progress.scans

    @property
    def was_open(self) -> bool:
        """The device was open at some time of this attempt."""
        return self.progress.opened > self._opened_before

    def begin(self, others: int) -> None:
        """Note the beginning of an attempt, and how many scans other devices have made."""
        progress = self.progress
        self.attempts += 1
        self.state = DeviceState.OPENING
        self.still_s = 0.0
        self.silence = None
        self._turns, self._opened_before = progress.turns, progress.opened
        self._bytes_before, self._others_before = progress.bytes_seen, others

    def give_up_driver(self) -> None:
        """Have the driver made anew at the next attempt."""
        self.scans_before = self.scans
        self.scanner = None

    def look(self, passed_s: float, others: int, *, silent_after: int) -> None:
        """Look at the driver's counts, `passed_s` after the last look."""
        progress = self.progress
        is_turning = progress.turns != self._turns or self.is_handing_over
        self._turns = progress.turns
        self.still_s = 0.0 if is_turning else self.still_s + passed_s
        self.silence = self._silence(progress, others - self._others_before, silent_after)

    def is_hung(self, *, open_s: float, opening_s: float) -> bool:
        """Tell whether the driver's loop has stood still for too long."""
        return self.still_s >= (open_s if self.progress.is_open else opening_s)

    def new_occupant(self) -> YimaError | None:
        """Return what to tell if another device came since the last look."""
        occupant = self.progress.occupant
        if not occupant or occupant == self._occupant:
            return None
        self._occupant = occupant
        self._first_occupant = self._first_occupant or occupant
        is_first = occupant == self._first_occupant
        self.exchange = None if is_first else AnotherDeviceError(self.device, occupant, self._first_occupant)
        return self.exchange

    def status(self) -> DeviceStatus:
        is_open = self.progress.is_open
        problem = (self.silence or self.exchange) if is_open else self.problem
        working = DeviceState.SILENT if self.silence else DeviceState.READY
        return DeviceStatus(
            device=self.device,
            state=working if is_open else self.state,
            scans=self.scans - self.refused,
            restarts=max(0, self.attempts - 1),
            problem=problem.code if problem else None,
            words=problem.words if problem else None,
            next_step=problem.next_step if problem else None,
            refused=self.refused,
        )

    def _silence(self, progress: Progress, others: int, silent_after: int) -> YimaError | None:
        if not progress.is_open:
            return None
        if progress.is_starved:
            return SilentCameraError(self.device)
        is_unheard = progress.bytes_seen == self._bytes_before
        return SilentScannerError(self.device, others) if is_unheard and 0 < silent_after <= others else None
