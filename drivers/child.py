"""Ending a child process so that nothing of it outlives us."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process

_END_S = 2.0


async def ended(child: Process, *, within_s: float = _END_S) -> None:
    """End a process by the end of its input, and by force if that is not enough in time."""
    if child.stdin is not None:
        child.stdin.close()
    try:
        async with asyncio.timeout(within_s):
            await child.wait()
    except TimeoutError:
        pass
    finally:
        # Also if we are cancelled once more while it ends: what is not waited for has pipes that outlive our loop.
        if child.returncode is None:
            child.kill()
            await child.wait()
