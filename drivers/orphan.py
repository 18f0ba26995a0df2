"""A child process that ends with the one that started it, even where it cannot see it end.

A child here ends with its standard input. But a child that is stopped, or stuck in foreign code, reads no input; the
kernel ends it all the same.
"""

from __future__ import annotations

import ctypes
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends; without such a kernel, do nothing."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
