"""Our decoding, through the drivers that the terminal uses: one line of the configuration for each scanner."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

from drivers.scanner import open_scanner, parse_spec


async def _tell(line: str) -> None:
    path = line.partition(":")[2].partition(";")[0]
    async with contextlib.aclosing(open_scanner(parse_spec(line)).scans()) as scans:
        async for scan in scans:
            os.write(1, f"{path} {scan.raw.hex()}\n".encode())


async def _read(lines: list[str]) -> None:
    async with asyncio.TaskGroup() as group:
        for line in lines:
            group.create_task(_tell(line))
        await asyncio.sleep(0)
        os.write(1, b"ready\n")


if __name__ == "__main__":
    asyncio.run(_read(sys.argv[1:]))
