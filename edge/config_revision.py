"""Which configuration is in use. A file that was changed after the start takes effect with the next one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edge.health import ConfigRevision

_SHOWN = 16
"""Hexadecimal digits: enough to tell two revisions apart by eye."""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The file the terminal was started from."""

    path: Path
    applied: str
    """Digest of what was read."""

    @classmethod
    def seen(cls, path: Path) -> Self:
        """Note the file as it is now, before it is read.

        Changed in between, it counts as changed since: that is said too often, never too seldom.
        """
        return cls(path, digest_of(path) or "")

    def revision(self) -> ConfigRevision:
        """Compare it with what the file says now."""
        return ConfigRevision(self.applied, digest_of(self.path))


def digest_of(path: Path) -> str | None:
    """Return the first digits of the SHA-256 of a file; None if it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:_SHOWN]
    except OSError:
        return None
