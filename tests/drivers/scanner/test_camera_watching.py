"""What a camera's frames are looked at for, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from drivers.scanner.ladder import decode_frame
from drivers.scanner.simulated.boxes import Look, Symbol, draw_scene
from drivers.scanner.steps import FAST
from drivers.scanner.symbols import Grey
from drivers.scanner.watching import Watch, WatchSettings, grey

TRACE = Symbol(b"83857930000879766660", "]C0")
UDI = Symbol(b"01069012345678921728013110LOT1\x1d21SN1", "]d2")
SIZE = (960, 720)
EMPTY = draw_scene((), size=SIZE)


def scene(*symbols: Symbol, look: Look = Look(2.5), seed: int = 3) -> Grey:  # noqa: B008 - frozen
    return draw_scene(symbols, look, size=SIZE, seed=seed)


class Counter:
    """A watch, and the frames of a camera at 10 a second."""

    def __init__(self, settings: WatchSettings | None = None) -> None:
        self.watch = Watch(settings or WatchSettings(budget_ms=60_000))
        self._times = (tick * 0.1 for tick in range(10_000))

    def show(self, picture: Grey, frames: int = 1) -> list[bytes]:
        return [code.raw for _ in range(frames) for code in self.watch.look(picture, next(self._times))]


@pytest.fixture
def counter() -> Counter:
    counter = Counter()
    counter.show(EMPTY, 3)
    return counter


def test_a_box_put_down_is_one_scan(counter: Counter) -> None:
    assert counter.show(scene(TRACE), 20) == [TRACE.raw]


def test_a_two_dimensional_code_counts_in_the_first_frame_even_if_it_moves(counter: Counter) -> None:
    assert counter.show(scene(UDI)) == [UDI.raw]
    assert counter.watch.counts.laddered == 1  # of the empty counter, before
    assert counter.show(scene(UDI), 10) == []


def test_a_still_scene_costs_the_gate_only(counter: Counter) -> None:
    counter.show(scene(TRACE), 10)
    before = counter.watch.counts.laddered
    assert counter.show(scene(TRACE), 50) == []
    assert counter.watch.counts.laddered == before
    assert counter.watch.counts.still >= 50


def test_a_tilted_box_is_read_when_it_stands_still(counter: Counter) -> None:
    tilted = scene(TRACE, look=Look(2.5, angle_deg=30))
    assert counter.show(tilted) == []
    assert counter.show(tilted, 12) == [TRACE.raw]


def test_the_ladder_is_spread_over_frames_that_each_keep_the_budget() -> None:
    counter = Counter(WatchSettings(budget_ms=1))
    counter.show(EMPTY, 40)
    before = counter.watch.counts.laddered
    tilted = scene(TRACE, look=Look(2.5, angle_deg=45))
    # One step a frame, and turning by 45 degrees is the last of them; then bars want a second frame.
    assert counter.show(tilted, 30) == [TRACE.raw]
    assert counter.watch.counts.laddered - before > 8


def crumpled(picture: Grey) -> Grey:
    """Bend the bars so that no straight drawing fits them, as foil does."""
    height, width = picture.shape
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    bent = xs + 7 * np.sin(xs / 45)
    return np.asarray(cv2.remap(picture, bent.astype(np.float32), ys, cv2.INTER_LINEAR), dtype=np.uint8)


@pytest.mark.parametrize("budget_ms", [200, 60_000])
def test_a_crumpled_pack_is_believed_by_two_witnesses_though_the_ladder_is_spread_over_frames(budget_ms: float) -> None:
    picture = crumpled(scene(Symbol(b"6924561884074", "]E0"), look=Look(3)))
    assert decode_frame(picture, budget_ms=60_000, steps=[FAST]).doubted == 1
    counter = Counter(WatchSettings(budget_ms=budget_ms))
    counter.show(EMPTY, 40)
    assert counter.show(picture, 60) == [b"6924561884074"]


def test_a_budget_too_small_for_the_repeats_does_not_keep_the_ladder_from_its_end() -> None:
    counter = Counter(WatchSettings(budget_ms=1))
    counter.show(EMPTY, 40)
    tilted = scene(Symbol(TRACE.raw[::-1], "]C0"), look=Look(2, angle_deg=45))[:, :480]
    both = np.hstack([tilted, scene(UDI)[:, 240:720]])
    assert set(counter.show(both, 60)) >= {UDI.raw}
    before = counter.watch.counts.laddered
    counter.show(both, 20)
    assert counter.watch.counts.laddered == before


def test_an_expected_number_of_codes_ends_the_ladder() -> None:
    counter = Counter(WatchSettings(budget_ms=60_000, expect=1))
    counter.show(EMPTY, 3)
    before = counter.watch.counts.laddered
    assert counter.show(scene(TRACE), 10) == [TRACE.raw]
    assert counter.watch.counts.laddered - before <= 2


def test_the_same_box_taken_away_and_put_back_is_a_second_scan(counter: Counter) -> None:
    assert counter.show(scene(TRACE), 10) == [TRACE.raw]
    counter.show(EMPTY, 30)
    assert counter.show(scene(TRACE), 10) == [TRACE.raw]


def test_a_second_box_beside_the_first_is_one_more_scan(counter: Counter) -> None:
    other = Symbol(TRACE.raw[::-1], "]C0")
    assert counter.show(scene(TRACE), 10) == [TRACE.raw]
    assert counter.show(scene(TRACE, other), 10) == [other.raw]


def test_a_box_pushed_in_slowly_is_a_new_scene_though_no_two_frames_differ(counter: Counter) -> None:
    target = scene(TRACE).astype(np.float32)
    reports = []
    for share in np.linspace(0, 1, 60):
        faded = EMPTY.astype(np.float32) * (1 - share) + target * share
        reports += counter.show(faded.astype(np.uint8))
    assert reports + counter.show(scene(TRACE), 10) == [TRACE.raw]


def test_a_covered_lens_is_counted_and_reads_on_afterwards(counter: Counter) -> None:
    assert counter.show(np.zeros(SIZE[::-1], np.uint8), 5) == []
    assert counter.watch.counts.blank == 5
    assert counter.show(scene(TRACE), 10) == [TRACE.raw]


def broken_frames() -> Iterator[Grey]:
    random = np.random.default_rng(1)
    yield random.integers(0, 255, SIZE[::-1], dtype=np.uint8)
    half = scene(UDI).copy()
    half[360:] = 128
    yield half
    yield np.full((1, 1), 9, np.uint8)


def test_a_corrupted_frame_gives_nothing_wrong_and_nothing_gets_stuck(counter: Counter) -> None:
    for frame in broken_frames():
        assert set(counter.show(frame, 2)) <= {UDI.raw}
    assert TRACE.raw in counter.show(scene(TRACE), 10)


def test_sensor_noise_is_no_motion(counter: Counter) -> None:
    frames = [scene(TRACE, look=Look(2.5, noise=6), seed=3) for _ in range(2)]
    random = np.random.default_rng(0)
    for _ in range(30):
        noise = random.normal(0, 6, frames[0].shape)
        counter.show(np.clip(frames[0] + noise, 0, 255).astype(np.uint8))
    assert counter.watch.counts.moving <= 3


def test_colour_frames_are_read_as_grey() -> None:
    colour = np.asarray(cv2.cvtColor(scene(TRACE), cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    assert np.array_equal(grey(colour), scene(TRACE))
    assert grey(scene(TRACE)).ndim == 2
