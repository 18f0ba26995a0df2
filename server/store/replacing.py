"""Put a restored SQLite file in the place of the one that is there, so that a crash leaves one of them, never none.

The new file is first made whole under the name `NAME.restoring`. Giving it the name `NAME.restored-TIME` decides:
before, a crash leaves the old store and the next to come removes what was half made; from then on the next to come
finishes, and the old store stands set aside as `NAME.before-TIME`. Every opening of the store looks for either first,
holding the lock alone (`in_use.py`).
"""

from __future__ import annotations

import glob
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from server.store.on_disk import sync
from server.store.ownership import give_to_owner

COMPANIONS = ("", "-wal", "-shm")
_READY = ".restored-"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a restore that a crash had interrupted has come to."""

    is_finished: bool
    """The restored store is in its place now; otherwise the store is the one from before that restore."""
    set_aside: Path | None = None
    """Where the former store is, if there was one and it was replaced."""


def half_made(path: Path) -> Path:
    """Return where a store is filled that shall replace the one at `path`."""
    return path.with_name(f"{path.name}.restoring")


def is_interrupted(path: Path) -> bool:
    """Tell whether a restore of the store at `path` broke off; the lock must be held alone to believe it."""
    return half_made(path).exists() or bool(_ready(path))


def put_in_place(path: Path, now: datetime) -> Path | None:
    """Let the store that was half made replace the one at `path`; return where that one is now."""
    give_to_owner(half_made(path), path)
    half_made(path).rename(path.with_name(f"{path.name}{_READY}{_free_mark(path, now)}"))
    sync(path.parent)
    return _finish(path)


def recover(path: Path) -> Recovered | None:
    """Finish or undo a restore that broke off; None if none did. The lock must be held alone."""
    if not is_interrupted(path):
        return None
    is_decided = bool(_ready(path))
    remove(half_made(path))
    return Recovered(is_decided, _finish(path) if is_decided else None)


def remove(path: Path) -> None:
    """Remove a store that was half made, and what SQLite keeps beside it."""
    for companion in COMPANIONS:
        path.with_name(path.name + companion).unlink(missing_ok=True)


def _finish(path: Path) -> Path | None:
    """Carry out what was decided, from wherever it stopped."""
    aside = None
    for ready in _ready(path):
        aside = path.with_name(f"{path.name}.before-{ready.name.rpartition(_READY)[2]}")
        # The log goes with its file: without it the last commits would be missing, and it would spoil the new file.
        for companion in COMPANIONS:
            with suppress(FileNotFoundError):
                path.with_name(path.name + companion).rename(aside.with_name(aside.name + companion))
        sync(path.parent)
        ready.rename(path)
        sync(path.parent)
    return aside if aside is not None and aside.exists() else None


def _ready(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{glob.escape(path.name)}{_READY}*"))


def _free_mark(path: Path, now: datetime) -> str:
    """Return a mark under which nothing was set aside yet: a store that is kept is never overwritten."""
    first = f"{now:%Y%m%dT%H%M%SZ}"
    mark, number = first, 1
    while path.with_name(f"{path.name}.before-{mark}").exists():
        number += 1
        mark = f"{first}-{number}"
    return mark
