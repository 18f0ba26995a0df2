"""Many scanners read by one process: nothing lost, nothing mixed, whatever is unplugged meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from random import Random

import pytest

from drivers.scanner.simulated.keyboard import SimulatedKeyboardScanner
from drivers.scanner.simulated.pos import SimulatedPosScanner
from drivers.scanner.simulated.serial import SimulatedSerialScanner

SCANS = 25


def codes_of(number: int) -> list[bytes]:
    """Codes that no other scanner sends, with separators and both cases."""
    return [b"01%014d10Lot%02d\x1d21sN%04d" % (number, number, scan) for scan in range(SCANS)]


def twins(folder, wait):
    """Two serial, two keyboards with different layouts, two HID-POS, and so on, up to sixteen."""
    for number in range(16):
        random, path = Random(number), folder / f"device{number}"
        if number % 3 == 0:
            yield SimulatedSerialScanner(path, random=random, baud=115200, wait=wait)
        elif number % 3 == 1:
            layout = ["us", "de", "fr", "uk"][number % 4]
            yield SimulatedKeyboardScanner(path, random=random, layout=layout, wait=wait)
        else:
            yield SimulatedPosScanner(path, random=random, wait=wait)


@pytest.mark.req("T-21")
@pytest.mark.parametrize("number", [2, 16])
def test_scanners_used_at_once_never_mix_and_lose_nothing(tmp_path, listen, no_wait, number):
    guns = list(twins(tmp_path, no_wait))[:number]

    async def pull(gun, codes: list[bytes]) -> None:
        for code in codes:
            assert (await gun.scan(code)).is_whole

    async def play():
        async with contextlib.AsyncExitStack() as stack:
            ears = [await stack.enter_async_context(listen(gun.spec)) for gun in guns]
            async with asyncio.TaskGroup() as group:
                for index, gun in enumerate(guns):
                    group.create_task(pull(gun, codes_of(index)))
            for index, ear in enumerate(ears):
                await ear.count(SCANS)
                assert [scan.raw for scan in ear.scans] == codes_of(index)
                assert {scan.source for scan in ear.scans} == {ear.scanner.device}

    asyncio.run(play())
    for gun in guns:
        gun.close()


@pytest.mark.req("T-60")
def test_unplugging_some_scanners_leaves_the_others_alone(tmp_path, listen, no_wait):
    guns = list(twins(tmp_path, no_wait))[:6]

    async def pull(gun, ear, codes: list[bytes], *, is_loose: bool) -> None:
        for number, code in enumerate(codes):
            if is_loose and number % 5 == 4:
                # What is in flight when the cable comes out is lost, as with real hardware: let it land first.
                await ear.count(number)
                times = ear.scanner.progress.opened
                gun.unplug()
                await ear.until(lambda ear: not ear.scanner.progress.is_open)
                gun.plug()
                await ear.opened(times + 1)
            assert (await gun.scan(code)).is_whole

    async def play():
        async with contextlib.AsyncExitStack() as stack:
            ears = [await stack.enter_async_context(listen(gun.spec)) for gun in guns]
            async with asyncio.TaskGroup() as group:
                for index, (gun, ear) in enumerate(zip(guns, ears, strict=True)):
                    group.create_task(pull(gun, ear, codes_of(index), is_loose=index % 2 == 0))
            for index, ear in enumerate(ears):
                await ear.count(SCANS)
                assert [scan.raw for scan in ear.scans] == codes_of(index)
                assert ear.scanner.progress.opened == (6 if index % 2 == 0 else 1)

    asyncio.run(play())
    for gun in guns:
        gun.close()
