"""P-03: sixteen scanners at 20 scans a second with cables pulled and put back, and what reading costs over the floor.

The live part plays 8 serial scanners on pseudo-terminals and 8 keyboard scanners in pipes of `input_event` records,
all read by one event loop. The floor is the same bytes through a bare `os.read` and a split, in the same process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from codes.errors import TransientError
from drivers.scanner import Scanner, open_scanner, parse_spec
from drivers.scanner.decoder import Decoder
from drivers.scanner.framing import LineDecoder
from drivers.scanner.keystrokes import KeyDecoder
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.simulated.keyboard import SimulatedKeyboardScanner
from drivers.scanner.simulated.serial import SimulatedSerialScanner
from drivers.scanner.simulated.twin import Fault, SimulatedScanner
from drivers.scanner.stream import Stream, StreamScanner
from tests.bench.figure import Figure, at_most, figure

DEVICES = 16
RATE = 20
SECONDS = 5
_BACK_OFF_S = 0.02
_SEED = 20261121
_CHUNK = 4096
"""What a tty hands over at most in one read."""
_COST_SCANS = 4000

Row = dict[str, object]


@dataclass
class Counter:
    """One scanner with its reader and what went through."""

    folder: Path
    number: int
    sent: list[bytes] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    delays_s: list[float] = field(default_factory=list)
    unplugged: int = 0
    written_at: float = 0.0

    def __post_init__(self) -> None:
        path, random = self.folder / f"gun{self.number}", Random(_SEED + self.number)
        self.gun: SimulatedScanner = (
            SimulatedKeyboardScanner(path, random=random, wait=self.wait)
            if self.number % 2
            else SimulatedSerialScanner(path, random=random, baud=115200, wait=self.wait)
        )
        self.scanner = open_scanner(parse_spec(self.gun.spec))

    async def wait(self, seconds: float) -> None:
        """Let the line's time pass; the twin asks for it right after it wrote."""
        self.written_at = time.perf_counter()
        await asyncio.sleep(seconds)

    async def read(self) -> None:
        """Read for ever, starting again when the device comes back, as the supervisor does."""
        while True:
            with contextlib.suppress(TransientError):
                async with contextlib.aclosing(self.scanner.scans()) as scans:
                    async for scan in scans:
                        self.seen.append(scan.raw)
                        self.delays_s.append(time.perf_counter() - self.written_at)
            await asyncio.sleep(_BACK_OFF_S)

    async def play(self, random: Random, until: float) -> None:
        """Scan at the rate; now and then pull the cable, between two codes or in the middle of one."""
        period = 1 / RATE
        next_at = time.perf_counter() + random.random() * period
        while next_at < until:
            await asyncio.sleep(next_at - time.perf_counter())
            await self._scan_once(random)
            next_at += period

    async def _scan_once(self, random: Random) -> None:
        code = b"8%02d%017d" % (self.number, len(self.sent))
        accident = random.random()
        if accident < 0.02:
            self.gun.unplug()
            await self._put_back()
        elif accident < 0.03:
            await self.gun.scan(code, fault=Fault.UNPLUGGED)
            await self._put_back()
        delivery = await self.gun.scan(code)
        self.sent.append(code)
        if not delivery.is_whole:
            raise RuntimeError(f"{self.scanner.device}: {delivery.lost} bytes were lost on an open line")

    async def _put_back(self) -> None:
        """Plug in again and wait for the green light, as a person does."""
        self.unplugged += 1
        times = self.scanner.progress.opened
        self.gun.plug()
        await self.opened(times + 1)

    async def opened(self, times: int) -> None:
        async with asyncio.timeout(5):
            while self.scanner.progress.opened < times:  # noqa: ASYNC110 - a light is looked at
                await asyncio.sleep(_BACK_OFF_S)


def run() -> list[Figure]:
    """Return the rows of P-03."""
    started = time.process_time()
    counters = asyncio.run(_live())
    busy = (time.process_time() - started) / SECONDS
    sent = sum(len(counter.sent) for counter in counters)
    lost = sum(len(set(counter.sent) - set(counter.seen)) for counter in counters)
    strange = sum(1 for counter in counters for code in counter.seen if code not in set(counter.sent))
    doubled = sum(len(counter.seen) - len(set(counter.seen)) for counter in counters)
    delays = sorted(delay for counter in counters for delay in counter.delays_s)
    note = (
        f"{DEVICES} scanners x {RATE}/s x {SECONDS} s, {sent} scans, "
        f"{sum(counter.unplugged for counter in counters)} cables pulled"
    )
    return [
        figure("P-03", "scans lost", lost, "scans", target=at_most(0), note=note),
        figure("P-03", "scans mixed, torn or invented", strange, "scans", target=at_most(0), note=note),
        figure("P-03", "scans doubled", doubled, "scans", target=at_most(0), note=note),
        figure("P-03", "last byte to scan, p99", delays[len(delays) * 99 // 100] * 1000, "ms", note=note),
        figure("P-03", "CPU of readers and twins together", busy * 100, "% of a core", note=note),
        _cost("serial", _serial_bytes(), lambda: LineDecoder(parse_spec("serial:/dev/x")), _split_lines),
        _cost(
            "keyboard",
            _keyboard_bytes(),
            lambda: KeyDecoder(parse_spec("keyboard:/dev/x"), LAYOUTS["us"]),
            _split_records,
        ),
    ]


async def _live() -> list[Counter]:
    random = Random(_SEED)
    with tempfile.TemporaryDirectory() as folder:
        counters = [Counter(Path(folder), number) for number in range(DEVICES)]
        readers = [asyncio.create_task(counter.read()) for counter in counters]
        for counter in counters:
            await counter.opened(1)
        async with asyncio.TaskGroup() as group:
            until = time.perf_counter() + SECONDS
            for counter in counters:
                group.create_task(counter.play(Random(random.random()), until))
        # The last codes have been written; a quarter of a second is 100 times what reading them takes.
        await asyncio.sleep(0.25)
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)
        for counter in counters:
            counter.gun.close()
    return counters


def _cost(kind: str, stream: bytes, make: Callable[[], Decoder], split: Callable[[Iterator[bytes]], int]) -> Figure:
    """Compare the driver with a bare read and split of the same bytes, in scans per second of CPU."""
    ours, floor = [], []
    for _ in range(3):
        started = time.thread_time()
        asyncio.run(_driven(stream, make()))
        ours.append(time.thread_time() - started)
        started = time.thread_time()
        split(_bare(stream))
        floor.append(time.thread_time() - started)
    rate, best = _COST_SCANS / min(ours), _COST_SCANS / min(floor)
    what = f"{kind} scans read per CPU second"
    return figure("P-03", what, rate, "scans/s", floor=best, note="floor: os.read and split")


async def _driven(stream: bytes, decoder: Decoder) -> None:
    reader, writer = _pipe()
    scanner = StreamScanner("bench", lambda: contextlib.nullcontext(Stream("bench", reader, decoder)), time.monotonic)
    feeding = asyncio.create_task(_feed(stream, writer, scanner))
    count = 0
    async with contextlib.aclosing(scanner.scans()) as scans:
        async for _ in scans:
            count += 1
            if count == _COST_SCANS:
                break
    await feeding
    os.close(reader)
    os.close(writer)


async def _feed(stream: bytes, writer: int, scanner: Scanner) -> None:
    for start in range(0, len(stream), _CHUNK):
        while scanner.progress.bytes_seen < start:  # noqa: ASYNC110 - told by its counts only
            await asyncio.sleep(0)
        os.write(writer, stream[start : start + _CHUNK])


def _bare(stream: bytes) -> Iterator[bytes]:
    reader, writer = _pipe()
    for start in range(0, len(stream), _CHUNK):
        os.write(writer, stream[start : start + _CHUNK])
        yield os.read(reader, 65536)
    os.close(reader)
    os.close(writer)


def _pipe() -> tuple[int, int]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    return reader, writer


def _split_lines(chunks: Iterator[bytes]) -> int:
    rest, count = b"", 0
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\r")
        count += len(lines)
    return count


def _split_records(chunks: Iterator[bytes]) -> int:
    record, rest, count = struct.Struct("@llHHi"), b"", 0
    for chunk in chunks:
        data = rest + chunk
        whole = len(data) - len(data) % record.size
        rest = data[whole:]
        count += sum(1 for _, _, _, key, value in record.iter_unpack(data[:whole]) if key == 28 and value)
    return count


def _serial_bytes() -> bytes:
    return b"".join(b"8%019d\r" % number for number in range(_COST_SCANS))


def _keyboard_bytes() -> bytes:
    """Record what the keyboard twin writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gun"
        gun = SimulatedKeyboardScanner(path, random=Random(_SEED), wait=lambda _: asyncio.sleep(0))
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        one = bytearray()

        async def record() -> None:
            await gun.scan(b"8%019d" % 1234567)
            one.extend(os.read(reader, 65536))

        asyncio.run(record())
        os.close(reader)
        gun.close()
    return bytes(one) * _COST_SCANS
