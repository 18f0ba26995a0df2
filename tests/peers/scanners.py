"""Scanner decoding side by side: the same `input_event` records, at the same moments, to each contender.

A stream is what a keyboard scanner sends: three records for each key going down or up, one report a millisecond, up to
eight of them found together. Each contender has named pipes of its own that get the same pieces.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

from drivers.scanner import input_event as keys
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.strokes import GsTyping, Stroke, tap, type_code

SCANS = 25
"""Of each scanner in each case."""
GAP_S = 0.12
"""Between two scans of one scanner: a fast hand."""
REPORT_S = 0.001
MOST_REPORTS = 8
SETTLE_S = 2.0
STOP_S = 30.0
_USAGES = 0x70000

Piece = tuple[bytes, float]
"""Records that are found together, and the seconds until the next piece."""


@dataclass(frozen=True, slots=True)
class Case:
    """One way in which scanners are used."""

    name: str
    means: str
    codes: tuple[tuple[bytes, ...], ...]
    """What each scanner reads, one after the other."""
    layout: str = "us"
    gs: GsTyping = GsTyping.ALT_029
    is_caps_typed: bool = False
    """The scanner types capital letters by pressing Caps Lock."""
    is_case_swapped: bool = False
    """The scanner swaps the case, because the host's Caps Lock light is on."""

    @property
    def settings(self) -> str:
        """What our configuration says about such a scanner."""
        parts = [f"layout={self.layout}"] + (["invert_case=yes"] if self.is_case_swapped else [])
        return ";".join(parts)


@dataclass(frozen=True, slots=True)
class Contender:
    """A decoder."""

    name: str
    python: Path
    script: Path
    takes_settings: bool
    """It is told how the scanner is set; one that has no such setting is given the bare node."""
    is_one_process_each: bool = False

    def commands(self, paths: Sequence[Path], settings: str) -> list[list[str]]:
        """Return what starts its processes."""
        nodes = [f"keyboard:{path};{settings}" if self.takes_settings else str(path) for path in paths]
        start = [str(self.python), str(self.script)]
        return [[*start, node] for node in nodes] if self.is_one_process_each else [[*start, *nodes]]


@dataclass(frozen=True, slots=True)
class Score:
    """What one contender made of one case."""

    exact: int
    """Scans that came out with exactly the bytes of the symbol, from the right scanner."""
    of: int
    strange: int
    """Lines that came out and are no code that this scanner read."""
    example: str = ""
    """One of those, beside nothing it could be compared with."""


def all_cases(seed: int, scans: int = SCANS) -> list[Case]:
    """Return the cases; the codes are drawn by the seed."""
    random = Random(seed)

    def many(draw: str, scanners: int = 1) -> tuple[tuple[bytes, ...], ...]:
        return tuple(tuple(_code(draw, random) for _ in range(scans)) for _ in range(scanners))

    return [
        Case("one scanner, digits", "20-digit trace codes", many("trace")),
        Case("two scanners at once", "two people scan at the same moments", many("trace", 2)),
        Case("GS as Alt+029", "GS1 codes, separator typed as a number", many("gs1")),
        Case("GS as Ctrl+]", "the same, separator typed as Ctrl+]", many("gs1"), gs=GsTyping.CTRL_BRACKET),
        Case("shifted characters", "capitals and signs with Shift", many("mixed")),
        Case("capitals by Caps Lock", "the scanner presses Caps Lock itself", many("capitals"), is_caps_typed=True),
        Case("case swapped", "the host's Caps Lock light is on and the scanner follows", many("mixed"),
             is_case_swapped=True),
        Case("German layout", "the scanner is set to a German keyboard", many("mixed"), layout="de"),
    ]  # fmt: skip


def play(case: Case, contenders: Sequence[Contender], *, seed: int, log: Path) -> dict[str, Score]:
    """Give all contenders the same pieces at the same moments and score what they say.

    Raises:
        RuntimeError: One of them did not run.
    """
    with tempfile.TemporaryDirectory() as folder, ExitStack() as undo:
        pipes = {one.name: _pipes(Path(folder), one.name, len(case.codes)) for one in contenders}
        listening = {one.name: _start(one, pipes[one.name], case.settings, undo, log) for one in contenders}
        random = Random(seed)
        streams = [list(_pieces(codes, case, Random(random.random()))) for codes in case.codes]
        with ThreadPoolExecutor(len(streams)) as hands:
            sending = []
            for number, stream in enumerate(streams):
                ends = [os.open(paths[number], os.O_RDWR | os.O_NONBLOCK) for paths in pipes.values()]
                undo.callback(_close, ends)
                sending.append(hands.submit(_send, stream, ends))
        for sent in sending:
            sent.result()
        time.sleep(SETTLE_S)
        said = {name: _stop(processes) for name, processes in listening.items()}
    return {one.name: score(case, [str(path) for path in pipes[one.name]], said[one.name]) for one in contenders}


def _pipes(folder: Path, name: str, count: int) -> list[Path]:
    home = folder / name.replace(" ", "-").replace(",", "")
    home.mkdir()
    paths = [home / f"event{number}" for number in range(count)]
    for path in paths:
        os.mkfifo(path)
    return paths


def _start(
    one: Contender, paths: Sequence[Path], settings: str, undo: ExitStack, log: Path
) -> list[subprocess.Popen[bytes]]:
    processes = []
    for command in one.commands(paths, settings):
        with log.open("ab") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
        undo.callback(_stop, [process])
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{one.name} did not start: {command}")
        processes.append(process)
    return processes


def _stop(processes: Sequence[subprocess.Popen[bytes]]) -> list[tuple[str, bytes]]:
    """End the processes and return what they said: the node and the bytes of each scan.

    Raises:
        RuntimeError: One has ended by itself: what it did not say is no measurement.
    """
    said = []
    for process in processes:
        if process.stdout is None or process.stdout.closed:
            continue
        if process.poll() is not None:
            raise RuntimeError(f"ended by itself with code {process.returncode}: {process.args!r}")
        # One that reads in a thread would wait there for ever; there is nothing to end in good order.
        process.kill()
        said += [line.split(b" ") for line in process.stdout.read().splitlines()]
        process.wait(STOP_S)
        process.stdout.close()
    return [(node.decode(), bytes.fromhex(text.decode())) for node, text in said]


def _send(stream: Sequence[Piece], ends: Sequence[int]) -> None:
    due = time.monotonic()
    for records, seconds in stream:
        for end in ends:
            os.write(end, records)
        due += seconds
        time.sleep(max(0.0, due - time.monotonic()))


def _pieces(codes: Sequence[bytes], case: Case, random: Random) -> Iterator[Piece]:
    """Yield what one scanner sends; the times in the records are those at which they are sent."""
    at = time.time()
    for code in codes:
        actions = [action for stroke in _strokes(code, case) for action in stroke]
        reports = [_report(at + number * REPORT_S, *action) for number, action in enumerate(actions)]
        at += len(reports) * REPORT_S + GAP_S
        while reports:
            count = random.randint(1, MOST_REPORTS)
            together, reports = reports[:count], reports[count:]
            yield b"".join(together), len(together) * REPORT_S + (0.0 if reports else GAP_S)


def _strokes(code: bytes, case: Case) -> list[Stroke]:
    layout, end = LAYOUTS[case.layout], tap(keys.KEY_ENTER)
    if case.is_caps_typed:
        caps = tap(keys.KEY_CAPSLOCK)
        return [caps, *type_code(code.lower(), layout, case.gs), caps, end]
    return [*type_code(code.swapcase() if case.is_case_swapped else code, layout, case.gs), end]


def _report(at: float, code: int, value: int) -> bytes:
    return (
        keys.pack(at, keys.EV_MSC, keys.MSC_SCAN, _USAGES | code)
        + keys.pack(at, keys.EV_KEY, code, value)
        + keys.pack(at, keys.EV_SYN, keys.SYN_REPORT, 0)
    )


def score(case: Case, nodes: Sequence[str], said: Sequence[tuple[str, bytes]]) -> Score:
    """Compare what came out, by node, with what each scanner read."""
    exact = 0
    strange: list[bytes] = []
    for node, codes in zip(nodes, case.codes, strict=True):
        got = Counter(text for where, text in said if where == node)
        exact += (got & Counter(codes)).total()
        strange += (got - Counter(codes)).elements()
    return Score(exact, sum(map(len, case.codes)), len(strange), repr(strange[0])[2:-1] if strange else "")


def _code(kind: str, random: Random) -> bytes:
    if kind == "trace":
        return b"8600011%013d" % random.randrange(10**13)
    serial, lot = random.randrange(10**8), random.randrange(10**5)
    if kind == "gs1":
        return b"0106900000000014" + b"17281231" + b"10L%05d" % lot + b"\x1d" + b"21S%08d" % serial
    if kind == "capitals":
        return b"LOTXYZ%08d" % serial
    return b"MA.156.M0.1041/Lot-%05d?Sn=(xYz_%08d)&q=+*:;" % (lot, serial)


def figures(case: Case, scores: Mapping[str, Score]) -> list[dict[str, object]]:
    """Return the scores of a case as plain figures."""
    return [
        {
            "case": case.name,
            "decoder": name,
            "exact": score.exact,
            "of": score.of,
            "share": round(score.exact / score.of, 3),
            "strange": score.strange,
            "example": score.example,
            "means": case.means,
        }
        for name, score in scores.items()
    ]


def _close(ends: Sequence[int]) -> None:
    for end in ends:
        os.close(end)
