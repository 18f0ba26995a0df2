"""One set-up of one scanner: which symbol is next, what came, and when it is over. Pure, time passed in.

The person may scan the symbols in any order, and one again: the last counts. What is no symbol of the sheet is named
and counts for nothing. A set-up that nobody goes on with ends by itself, because its device sells nothing meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from codes.classify import read as read_scan
from codes.reading import Scan
from codes.words import Words
from drivers.errors import DriverError
from drivers.scanner.bursts import Burst, Bursts
from drivers.scanner.profile import Profile, make_profile
from drivers.scanner.selftest import SHEET, Symbol
from drivers.scanner.sighting import Sighting, plain_texts, sightings
from drivers.scanner.spec import CameraSpec
from drivers.scanner.spec_line import parse_spec
from drivers.scanner.typing_seen import key_name

IDLE_S = 180.0
"""Without a scan for so long, a set-up ends by itself."""
_MOST_SHOWN = 120
_SHOWN = {"\x1d": "<GS>", "\r": "<CR>", "\n": "<LF>", "\t": "<TAB>", "\x02": "<STX>", "\x03": "<ETX>"}


class NoSetUpError(DriverError):
    """A camera has no settings of its own to learn."""

    code = "scanner.setup.camera"
    next_step = Words(
        "摄像头由一码自己解码，没有需要学习的设置；运行 `yima scanner test` 检查能否读码即可。",
        "Yima decodes a camera's pictures itself: there is nothing to learn. `yima scanner test` shows what it reads.",
    )


class Stage(StrEnum):
    """Where a set-up stands."""

    RUNNING = "running"
    DONE = "done"
    """Every symbol came or was skipped."""
    IDLE = "idle"
    """Nobody went on with it."""
    STOPPED = "stopped"
    """Somebody gave it up."""


class Said(StrEnum):
    """What became of the last burst."""

    TAKEN = "taken"
    AGAIN = "again"
    """A symbol that had come before: this one counts."""
    STRANGE = "strange"
    """No symbol of the sheet, or more than one at a time."""


@dataclass(frozen=True, slots=True)
class Last:
    """The last burst, for people."""

    said: Said
    symbol: str | None
    """Name of the symbol."""
    text: str
    """What came, with its control characters made visible; a person's credential is masked (C-04)."""


@dataclass(frozen=True, slots=True)
class SymbolState:
    """One symbol of the sheet in a set-up."""

    name: str
    words: Words
    state: str
    """`waiting`, `read` or `skipped`."""


@dataclass(frozen=True, slots=True)
class SetUpShown:
    """A set-up as a screen or a program sees it."""

    device: str
    line: str
    stage: Stage
    next_symbol: str | None
    """Name of the symbol to scan now."""
    symbols: tuple[SymbolState, ...]
    last: Last | None
    profile: Profile | None
    """What was learned, once it is done."""


class SetUp:
    """Goes through the sheet with one scanner.

    Args:
        line: The scanner's line in the configuration.
        now: Seconds on the clock of all further calls.

    Raises:
        DeviceSpecError: The line cannot be understood.
        NoSetUpError: It is a camera.
    """

    def __init__(self, line: str, now: float, *, idle_s: float = IDLE_S) -> None:
        self._line = line
        self._spec = parse_spec(line)
        if isinstance(self._spec, CameraSpec):
            device = self._spec.device
            raise NoSetUpError(device, Words(f"{device} 是摄像头。", f"{device} is a camera."))
        self._idle_s = idle_s
        self._last_active = now
        self._bursts = Bursts()
        self._heard: dict[str, Burst] = {}
        self._seen: dict[str, tuple[Sighting, ...]] = {}
        self._skipped: set[str] = set()
        self._last: Last | None = None
        self._stage = Stage.RUNNING
        self._news = 0

    @property
    def news(self) -> int:
        """How much has happened so far: a number that only grows."""
        return self._news

    @property
    def device(self) -> str:
        return self._spec.device

    @property
    def stage(self) -> Stage:
        return self._stage

    @property
    def is_quiet(self) -> bool:
        """Nothing of a burst waits for its end: the device can be given back without tearing a code."""
        return self._bursts.deadline is None

    @property
    def deadline(self) -> float | None:
        """When `tick` is due if nothing comes; None once it is over."""
        if self._stage is not Stage.RUNNING:
            return self._bursts.deadline
        idle = self._last_active + self._idle_s
        return idle if self._bursts.deadline is None else min(idle, self._bursts.deadline)

    @property
    def next_symbol(self) -> Symbol | None:
        """The symbol to scan now."""
        done = self._seen.keys() | self._skipped
        return next((symbol for symbol in SHEET if symbol.name not in done), None)

    def feed(self, chunk: bytes, now: float) -> None:
        """Take what the device sent."""
        self._last_active = now
        burst = self._bursts.feed(chunk, now)
        if burst is not None:
            self._take(burst)

    def tick(self, now: float) -> None:
        """Let time pass."""
        burst = self._bursts.quiet(now)
        if burst is not None:
            self._take(burst)
        elif self._stage is Stage.RUNNING and now >= self._last_active + self._idle_s:
            self._end(Stage.IDLE)

    def skip(self, name: str, now: float) -> None:
        """Leave a symbol that has not come: this scanner does not read it."""
        self._last_active = now
        if self._stage is Stage.RUNNING and self._state(name) == "waiting":
            self._skipped.add(name)
            self._news += 1
            self._end_if_done()

    def stop(self) -> None:
        """Give it up."""
        if self._stage is Stage.RUNNING:
            self._end(Stage.STOPPED)

    def profile(self) -> Profile:
        """Return what the symbols tell that came so far."""
        return make_profile(self._line, self._heard, self._seen)

    def show(self) -> SetUpShown:
        """Return how it stands."""
        symbol = self.next_symbol if self._stage is Stage.RUNNING else None
        return SetUpShown(
            device=self.device,
            line=self._line,
            stage=self._stage,
            next_symbol=None if symbol is None else symbol.name,
            symbols=tuple(SymbolState(one.name, one.words, self._state(one.name)) for one in SHEET),
            last=self._last,
            profile=self.profile() if self._stage is Stage.DONE else None,
        )

    def _state(self, name: str) -> str:
        return "read" if name in self._seen else "skipped" if name in self._skipped else "waiting"

    def _take(self, burst: Burst) -> None:
        if self._stage is not Stage.RUNNING:
            return
        self._news += 1
        ways = sightings(burst, self._spec)
        names = {one.symbol for one in ways}
        text = self._visible(burst)
        if len(names) != 1:
            self._last = Last(Said.STRANGE, None, text)
            return
        (name,) = names
        self._last = Last(Said.AGAIN if name in self._seen else Said.TAKEN, name, text)
        self._seen[name], self._heard[name] = ways, burst
        self._skipped.discard(name)
        self._end_if_done()

    def _end_if_done(self) -> None:
        if self.next_symbol is None:
            self._end(Stage.DONE)

    def _end(self, stage: Stage) -> None:
        self._stage = stage
        self._news += 1

    def _visible(self, burst: Burst) -> str:
        texts = plain_texts(burst, self._spec)
        for text in texts:
            # In every layout: a wrong one would show a person's number in thin disguise.
            reading = read_scan(Scan(text.strip().encode("utf-8", "replace"), None, self.device))
            if reading.is_masked:
                return reading.value
        text = texts[0]
        shown = "".join(_visible_character(character) for character in text)
        return shown if len(shown) <= _MOST_SHOWN else shown[:_MOST_SHOWN] + "…"


def _visible_character(character: str) -> str:
    name = key_name(character)
    if name is not None:
        return f"<{name}>"
    return _SHOWN.get(character) or (character if character.isprintable() else f"<{ord(character):02x}>")
