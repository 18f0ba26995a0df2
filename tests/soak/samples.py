"""Samples of what the processes of a soak hold, and how that grows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.stage import Stage
from tests.bench.processes import open_files, rss_mb


@dataclass(frozen=True, slots=True)
class Held:
    """What one process holds."""

    rss_mb: float
    files: int


@dataclass(frozen=True, slots=True)
class Sample:
    """All processes at one moment."""

    at_s: float
    scans: int
    held: dict[str, Held]

    def line(self) -> str:
        """Return it for a person who watches."""
        parts = [f"{name} {held.rss_mb:.0f} MB {held.files} files" for name, held in self.held.items()]
        return f"{self.at_s:.0f} s, {self.scans:,} scans, {self.scans / self.at_s:.0f}/s: {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class Growth:
    """How much something grew over the second half of a run."""

    first: float
    last: float
    percent: float
    """The slope of the straight line through the second half's samples, times its length, in percent of their mean."""


def take_sample(stage: Stage, at_s: float, scans: int) -> Sample:
    """Look at every process of the stage."""
    pids = {name: actor.pid for name, actor in stage.actors.items()}
    return Sample(at_s, scans, {name: Held(rss_mb(pid), open_files(pid)) for name, pid in pids.items()})


def growth(times: Sequence[float], values: Sequence[float]) -> Growth:
    """Return the growth over the second half.

    >>> growth([0, 1, 2, 3], [10, 50, 100, 110]).percent
    9.523809523809524
    >>> growth([0, 1, 2, 3], [10, 50, 100, 100]).percent
    0.0
    """
    half = times[0] + (times[-1] - times[0]) / 2
    points = [(time, value) for time, value in zip(times, values, strict=True) if time >= half]
    mean_time = sum(time for time, _ in points) / len(points)
    mean = sum(value for _, value in points) / len(points)
    spread = sum((time - mean_time) ** 2 for time, _ in points)
    slope = sum((time - mean_time) * (value - mean) for time, value in points) / spread if spread else 0.0
    return Growth(points[0][1], points[-1][1], 100 * slope * (points[-1][0] - points[0][0]) / mean)
