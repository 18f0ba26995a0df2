"""P-04: what decoding costs on a camera's stream at 1080p, its budget, the tray of twelve, and its own overhead.

The stream is six scenes; each shows a box that moves for ten frames and then stands still for ninety, with fresh
sensor noise in every frame. What is timed is all that happens to a frame after capture: to grey, the motion gate, and
the looks that the watch takes, those of zbar's process too. Times are CPU time, except the budget's, which is a promise
in wall time.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from random import Random

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from drivers.scanner.ladder import decode_frame
from drivers.scanner.simulated.boxes import Look, Symbol, draw_scene
from drivers.scanner.simulated.symbols import Encoder
from drivers.scanner.steps import FAST, WATCHING
from drivers.scanner.watching import Watch, WatchSettings
from drivers.scanner.zbar import ZbarChild
from tests.bench.figure import Figure, at_least, at_most, figure, of_floor_at_most

SIZE = (1920, 1080)
_SCENES = 6
_MOVING, _STILL = 10, 90
_BUDGET_MS = 60.0
_SEED = 20261121
_FORMATS = zxingcpp.BarcodeFormats(
    [zxingcpp.BarcodeFormat.__members__[name] for name in ("Code128", "EAN13", "EAN8", "DataMatrix", "QRCode")]
)

Grey = NDArray[np.uint8]


def run() -> list[Figure]:
    """Return the figures of P-04."""
    cv2.setNumThreads(1)
    return [*_stream_rows(), _budget_row(), _tray_row(), *_overhead_rows()]


def _symbol(random: Random) -> Symbol:
    serial = random.randrange(10**13)
    return random.choice(
        [
            Symbol(b"8385793%013d" % serial, "]C0", random.choice(list(Encoder))),
            Symbol(b"01069012345678921728012821%010d" % (serial % 10**10), "]d2"),
            Symbol(b"MA.156.M0.100761.21234561.S%06d" % (serial % 10**6), "]Q1"),
        ]
    )


def _frames(random: Random, symbol: Symbol) -> Iterator[Grey]:
    """Yield a box that moves and then stands still, in colour as a camera gives it."""
    look = Look(2.2, angle_deg=random.choice([0, 0, 4, 90, 12, 35]), noise=0)
    scene = draw_scene([symbol], look, size=SIZE, seed=random.randrange(10**6))
    noise = np.random.default_rng(_SEED)
    grain = [noise.normal(0, 2, scene.shape).astype(np.int8) for _ in range(4)]
    for number in range(_MOVING + _STILL):
        shift = max(0, _MOVING - number) * 24
        seen = np.roll(scene, shift, axis=1).astype(np.int16) + grain[number % len(grain)]
        yield np.asarray(cv2.cvtColor(np.clip(seen, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR), dtype=np.uint8)


def _stream_rows() -> list[Figure]:
    random, zbar = Random(_SEED), ZbarChild()
    watch = Watch(WatchSettings(), zbar)
    spent, floor, wanted, seen, now = 0.0, 0.0, set(), set(), 0.0
    try:
        for _ in range(_SCENES):
            symbol = _symbol(random)
            wanted.add(symbol.raw)
            for frame in _frames(random, symbol):
                now += 1 / 30
                begun = time.process_time()
                seen |= {code.raw for code in watch.look(frame, now)}
                spent += time.process_time() - begun
                begun = time.process_time()
                zxingcpp.read_barcodes(frame, formats=_FORMATS, try_rotate=False, try_downscale=False, try_invert=False)
                floor += time.process_time() - begun
    finally:
        children = _children_s()
        zbar.close()
        spent += _children_s() - children
    counts = watch.counts
    frames = counts.frames
    note = f"{len(wanted & seen)}/{len(wanted)} boxes read, {len(seen - wanted)} wrong; "
    note += f"{counts.moving} moving, {counts.laddered} laddered, {counts.still} still; floor: a bare fast call on each"
    mean_ms, floor_ms = spent / frames * 1000, floor / frames * 1000
    return [
        figure(
            "P-04",
            "CPU per 1080p frame, 90 % still and 10 % moving",
            mean_ms,
            "ms",
            floor=floor_ms,
            target=at_most(25),
            note=note,
        )
    ]


def _children_s() -> float:
    """Return the CPU time of children that have ended: zbar's, once it is closed."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def _budget_row() -> Figure:
    """Measure how far hard frames exceed the budget, in units of the longest step that they took."""
    random = Random(_SEED)
    overrun, slowest = 0.0, 0.0
    for number in range(12):
        look = Look(1.6, angle_deg=random.choice([22, 50, 75]), noise=6)
        frame = draw_scene([_symbol(random)], look, size=SIZE, seed=number)
        longest = 0.0
        for step in WATCHING:
            if step.suits(frame):
                begun = time.perf_counter()
                step.find(frame)
                longest = max(longest, (time.perf_counter() - begun) * 1000)
        elapsed = decode_frame(frame, budget_ms=_BUDGET_MS).elapsed_ms
        overrun = max(overrun, (elapsed - _BUDGET_MS) / longest)
        slowest = max(slowest, elapsed)
    return figure(
        "P-04",
        f"overrun of a {_BUDGET_MS:.0f} ms budget, worst of 12 hard frames",
        max(0.0, overrun),
        "steps",
        target=at_most(1),
        note=f"slowest frame {slowest:.0f} ms; a step is the longest one of the same frame",
    )


def _tray_row() -> Figure:
    found, wanted, wrong, times = 0, 0, 0, []
    for seed in range(8):
        random = Random(seed)
        codes = [b"8%019d" % random.randrange(10**19) for _ in range(12)]
        tray = [Symbol(code, "]C0", random.choice(list(Encoder))) for code in codes]
        frame = draw_scene(tray, Look(1.6), size=SIZE, skew_deg=10, seed=seed)
        begun = time.process_time()
        decoded = decode_frame(frame, budget_ms=1e9, steps=WATCHING, expect=12)
        times.append((time.process_time() - begun) * 1000)
        read = {code.raw for code in decoded.codes}
        found, wanted, wrong = found + len(read & set(codes)), wanted + 12, wrong + len(read - set(codes))
    return figure(
        "P-04",
        "tray of 12 at 1.6 px/module, boxes read",
        100.0 * found / wanted,
        "%",
        target=at_least(100),
        note=f"{found}/{wanted}, {wrong} wrong, {statistics.median(times):.0f} ms CPU median",
    )


def _overhead_rows() -> list[Figure]:
    """Compare the ladder with the same calls of zxing-cpp made by hand, frame by frame in turn."""
    random = Random(_SEED)
    frames = [draw_scene([_symbol(random)], Look(2.2), size=SIZE, seed=seed) for seed in range(12)]

    def bare_fast(frame: Grey) -> None:
        zxingcpp.read_barcodes(
            frame,
            formats=_FORMATS,
            try_rotate=False,
            try_downscale=False,
            try_invert=False,
            text_mode=zxingcpp.TextMode.Plain,
        )

    def bare_three(frame: Grey) -> None:
        bare_fast(frame)
        zxingcpp.read_barcodes(
            frame, formats=_FORMATS, try_downscale=False, try_invert=False, text_mode=zxingcpp.TextMode.Plain
        )
        bare_fast(np.asarray(cv2.resize(frame, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), dtype=np.uint8))

    three = [step for step in WATCHING if step.name in {"fast", "rotate", "upscale"}]
    pairs: list[tuple[str, Callable[[Grey], object], Callable[[Grey], object]]] = [
        ("fast look", lambda frame: decode_frame(frame, budget_ms=1e9, steps=(FAST,)), bare_fast),
        ("fast, rotate and upscale", lambda frame: decode_frame(frame, budget_ms=1e9, steps=three), bare_three),
    ]
    rows: list[Figure] = []
    for what, ours, bare in pairs:
        ours_ms, bare_ms = _in_turn(ours, bare, frames)
        rows.append(
            figure(
                "P-04",
                f"{what} through the ladder",
                ours_ms,
                "ms",
                floor=bare_ms,
                target=of_floor_at_most(1.1),
                note="CPU, median of 12 frames, best of 5 each; floor: the same bare zxing-cpp calls",
            )
        )
    return rows


def _in_turn(ours: Callable[[Grey], object], bare: Callable[[Grey], object], frames: list[Grey]) -> tuple[float, float]:
    """Return the CPU milliseconds of both: best of five a frame, because the machine is shared."""

    def cost(look: Callable[[Grey], object], frame: Grey) -> float:
        begun = time.process_time()
        look(frame)
        return (time.process_time() - begun) * 1000

    costs: list[tuple[float, float]] = []
    for frame in frames:
        turns = [(cost(ours, frame), cost(bare, frame)) for _ in range(5)]
        costs.append((min(turn[0] for turn in turns), min(turn[1] for turn in turns)))
    return statistics.median(cost[0] for cost in costs), statistics.median(cost[1] for cost in costs)
