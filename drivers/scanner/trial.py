"""Trying a scanner out: a technician scans the calibration sheet symbol by symbol, and each scan is examined.

The scanner is read through its own driver, as the terminal would. A symbol that does not come in time is a result too
(many scanners read bars only); a scanner from which nothing comes at all is an error.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from enum import StrEnum

from codes.reading import Scan
from codes.words import Words
from drivers.errors import DriverError
from drivers.scanner.port import Scanner
from drivers.scanner.selftest import TRIAL, UNEXPLAINED, Finding, Symbol, examine
from drivers.scanner.spec import ScannerSpec

_TRIES = 3
"""Scans that are no symbol of the sheet, after which the symbol is given up."""
_OPENING_S = 20.0
_LOOK_S = 0.01
_MOST_WAITING = 16


class SilentScannerError(DriverError):
    """Nothing came from the scanner while the sheet was held in front of it."""

    code = "scanner.selftest.silent"
    next_step = Words(
        "请检查：扫码枪是否通电、扫描时是否鸣响；是否处于所写的模式（串口、键盘或 HID-POS，见 docs/drivers/）；"
        "串口速率是否一致。",
        "Check that it has power and beeps; that it is in the mode that was named (serial, keyboard or HID-POS, see "
        "docs/drivers/); and that the serial speed is the same.",
    )


class Notice(StrEnum):
    """What the person with the scanner is told."""

    PLEASE_SCAN = "please_scan"
    """This symbol is next."""
    ANOTHER_SYMBOL = "another_symbol"
    """That was another symbol of the sheet."""
    NOT_THE_SHEET = "not_the_sheet"
    """That was no symbol of the sheet."""
    DONE = "done"
    """It came; `Step` says how."""
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one symbol."""

    symbol: Symbol
    scan: Scan | None
    """The scan that was examined; None if none came in time."""
    findings: tuple[Finding, ...]


Tell = Callable[[Notice, Symbol], None]
_Heard = tuple[Scan, bool] | DriverError
"""A scan and whether its end was sent, or why no more will come."""


async def try_scanner(scanner: Scanner, spec: ScannerSpec, *, timeout_s: float, tell: Tell) -> tuple[Step, ...]:
    """Ask for each symbol that tells by itself and examine what comes, waiting `timeout_s` for each.

    Raises:
        SilentScannerError: Nothing came at all.
        DriverError: The device cannot be opened, or went away.
    """
    steps: list[Step] = []
    async with _listening(scanner) as heard:
        for symbol in TRIAL:
            step = await _try_symbol(heard, symbol, spec, timeout_s, tell)
            tell(Notice.TIMED_OUT if step.scan is None else Notice.DONE, symbol)
            steps.append(step)
            if scanner.progress.bytes_seen == 0 and scanner.progress.scans == 0:
                raise _silent(scanner, timeout_s)
    return tuple(steps)


def distinct(steps: tuple[Step, ...]) -> tuple[Finding, ...]:
    """Return what was found, each thing once: a missing suffix shows with every symbol."""
    return tuple(dict.fromkeys(finding for step in steps for finding in step.findings))


async def _try_symbol(
    heard: asyncio.Queue[_Heard], symbol: Symbol, spec: ScannerSpec, wait_s: float, tell: Tell
) -> Step:
    tries = 0
    tell(Notice.PLEASE_SCAN, symbol)
    while True:
        try:
            async with asyncio.timeout(wait_s):
                news = await heard.get()
        except TimeoutError:
            return Step(symbol, None, (_not_read(symbol),))
        if isinstance(news, DriverError):
            raise news
        scan, was_terminated = news
        findings = examine(scan, spec, was_terminated=was_terminated, symbol=symbol)
        tries += 1
        if UNEXPLAINED not in findings:
            return Step(symbol, scan, findings)
        if _is_another(scan, spec, symbol):
            tell(Notice.ANOTHER_SYMBOL, symbol)
            continue
        if tries >= _TRIES:
            return Step(symbol, scan, findings)
        tell(Notice.NOT_THE_SHEET, symbol)


def _is_another(scan: Scan, spec: ScannerSpec, symbol: Symbol) -> bool:
    others = (other for other in TRIAL if other is not symbol)
    return any(UNEXPLAINED not in examine(scan, spec, was_terminated=True, symbol=other) for other in others)


@contextlib.asynccontextmanager
async def _listening(scanner: Scanner) -> AsyncGenerator[asyncio.Queue[_Heard]]:
    """Read the scanner for as long as the test runs; a wait that times out must not close the device."""
    heard: asyncio.Queue[_Heard] = asyncio.Queue(_MOST_WAITING)
    reading = asyncio.create_task(_listen(scanner, heard))
    try:
        await _opened(scanner, heard)
        yield heard
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading


async def _opened(scanner: Scanner, heard: asyncio.Queue[_Heard]) -> None:
    """Ask nobody to scan with a device that is not open yet, or cannot be opened."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_OPENING_S):
            while not scanner.progress.is_open and heard.empty():  # noqa: ASYNC110 - told by its counts only
                await asyncio.sleep(_LOOK_S)
    news = None if heard.empty() else heard.get_nowait()
    if isinstance(news, DriverError):
        raise news


async def _listen(scanner: Scanner, heard: asyncio.Queue[_Heard]) -> None:
    before = 0
    try:
        async with contextlib.aclosing(scanner.scans()) as scans:
            async for scan in scans:
                unterminated = scanner.progress.unterminated
                await heard.put((scan, unterminated == before))
                before = unterminated
    except DriverError as exc:
        await heard.put(exc)


def _not_read(symbol: Symbol) -> Finding:
    return Finding(
        "scanner.selftest.not_read",
        Words(
            f"没有读到 {symbol.words.zh}：扫码枪可能不支持或关闭了该码制，也可能是印得太小、屏幕太暗。",
            f"{symbol.words.en} was not read: the scanner does not know it or has it switched off, or it is too small "
            "or too dark.",
        ),
    )


def _silent(scanner: Scanner, waited_s: float) -> SilentScannerError:
    return SilentScannerError(
        scanner.device,
        Words(
            f"{scanner.device}：{waited_s:g} 秒内没有收到任何内容。",
            f"{scanner.device}: nothing came within {waited_s:g} seconds.",
        ),
    )
