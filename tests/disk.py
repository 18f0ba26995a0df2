"""A disk of their own for processes that tests start; a machine without a C compiler skips them and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.disk.shim import ShimError, build_shim


def shim_or_skip(factory: pytest.TempPathFactory) -> Path:
    """Return the disk shim, built once for all tests of this process."""
    try:
        return build_shim(factory.getbasetemp() / "disk-shim")
    except ShimError as exc:
        pytest.skip(str(exc))
