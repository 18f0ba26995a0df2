"""Durable buffers side by side: the same events, the same kills, the same full disk.

All contenders run at the same time, each in its own environment and folder. In each round a fresh process goes on with
what the last one left and is killed (SIGKILL) at a moment that is drawn once for all of them; then another process
opens the buffer again and reads it. An event counts as acknowledged when the buffer's `put` had said yes.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

PER_SECOND = 50
KILLS = 20
MOMENTS_S = (0.3, 2.0)
"""Between the first acknowledgement and the kill."""
FULL_EVENTS, FULL_FROM, FULL_TO = 300, 100, 200
ROUND_STEP = 1_000_000
"""Numbers of a round begin at a multiple of this."""
PATIENCE_S = 90.0


@dataclass(frozen=True, slots=True)
class Contender:
    """A buffer with its settings."""

    name: str
    python: Path
    script: Path
    settings: str
    means: str
    """What `put` said yes means here, in a line."""
    keeps: bool = False
    """Reading does not empty it: what was read once is read again until its receipt is there."""

    def command(self, task: str, folder: Path, *more: str) -> list[str]:
        """Return what starts the child."""
        return [str(self.python), str(self.script), task, str(folder), self.settings, *more]


@dataclass(slots=True)
class Outcome:
    """What one contender came to."""

    kills: int = 0
    acknowledged: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    found: Counter[int] = field(default_factory=Counter)

    @property
    def lost(self) -> int:
        """Acknowledged and not found."""
        return len(self.acknowledged - self.found.keys())

    @property
    def doubled(self) -> int:
        """Found more than once."""
        return sum(1 for times in self.found.values() if times > 1)


def play_kills(contenders: Sequence[Contender], folder: Path, *, kills: int, seed: int) -> dict[str, Outcome]:
    """Kill every contender at the same moments and read what is left."""
    random = Random(seed)
    moments = [random.uniform(*MOMENTS_S) for _ in range(kills)]
    return _beside(contenders, folder, lambda one, where, log: _killed(one, where, log, moments))


def play_full_disk(contenders: Sequence[Contender], folder: Path) -> dict[str, Outcome]:
    """Let the disk be full for a while, clear it, close in good order and read what is left."""
    return _beside(contenders, folder, _on_full_disk)


def _beside(
    contenders: Sequence[Contender], folder: Path, play: Callable[[Contender, Path, Path], Outcome]
) -> dict[str, Outcome]:
    """Play all contenders at the same time, each in a folder of its own."""
    with ThreadPoolExecutor(len(contenders)) as hands:
        running = {}
        for number, one in enumerate(contenders):
            home = folder / str(number)
            home.mkdir(parents=True)
            running[one.name] = hands.submit(play, one, home, folder / f"{number}.log")
        return {name: future.result() for name, future in running.items()}


def _killed(contender: Contender, folder: Path, log: Path, moments: Iterable[float]) -> Outcome:
    outcome = Outcome()
    for number, moment in enumerate(moments):
        more = ["--first", str(number * ROUND_STEP), "--per-second", str(PER_SECOND)]
        with _started(contender.command("write", folder, *more), log) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            time.sleep(moment)
            writer.send_signal(signal.SIGKILL)
            _note_written([first, *writer.stdout], outcome)
        outcome.kills += 1
        found = _read(contender, folder, log)
        outcome.found = found if contender.keeps else outcome.found + found
    return outcome


def _on_full_disk(contender: Contender, folder: Path, log: Path) -> Outcome:
    outcome = Outcome()
    more = ["--count", str(FULL_EVENTS), "--per-second", str(PER_SECOND), "--full", str(FULL_FROM), str(FULL_TO)]
    with _started(contender.command("write", folder, *more), log) as writer:
        assert writer.stdout is not None
        _note_written(writer.stdout, outcome)
        writer.wait(PATIENCE_S)
    outcome.found = _read(contender, folder, log)
    return outcome


def _note_written(lines: Iterable[bytes], outcome: Outcome) -> None:
    for line in lines:
        # A line that was cut short by the kill was not said.
        if line.endswith(b"\n"):
            said, number = line.split()
            (outcome.acknowledged if said == b"a" else outcome.refused).add(int(number))


def _read(contender: Contender, folder: Path, log: Path) -> Counter[int]:
    with _started(contender.command("read", folder), log) as reader:
        assert reader.stdout is not None
        found = Counter(int(line.split()[1]) for line in reader.stdout)
        reader.wait(PATIENCE_S)
    return found


def _started(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as errors:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)


def figures(outcomes: Mapping[str, Outcome], contenders: Sequence[Contender]) -> list[dict[str, object]]:
    """Return an outcome for each contender as plain figures."""
    return [
        {
            "buffer": one.name,
            "kills": outcomes[one.name].kills,
            "acknowledged": len(outcomes[one.name].acknowledged),
            "refused": len(outcomes[one.name].refused),
            "found": len(outcomes[one.name].found),
            "lost": outcomes[one.name].lost,
            "doubled": outcomes[one.name].doubled,
            "means": one.means,
        }
        for one in contenders
    ]
