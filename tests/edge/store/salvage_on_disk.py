"""A damaged store that is salvaged while the disk shim watches: run as a program, in its own process.

The damaged file is put in its place as a terminal leaves it, on the disk; the file `begun` says from when on the power
may fail.
"""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from edge.store.database import database_path, opened_store
from edge.store.salvage import mend
from edge.store.salvage_build import Owner
from rules.scan_judgement import Mode
from tests.edge.scene import TERMINAL, seeded_bytes
from wire.on_disk import make_private_folder, sync

STORE = "store"
BEGUN = "begun"
OWNER = Owner(TERMINAL, Mode.DISPENSE, datetime(2026, 11, 21, 4, 0, tzinfo=UTC), seeded_bytes(3))


def main(disk: Path, damaged: Path) -> None:
    database = database_path(disk / STORE)
    make_private_folder(database.parent)
    # As SQLite writes it: through the calls that the shim sees.
    with damaged.open("rb") as source, database.open("wb") as target:
        shutil.copyfileobj(source, target)
    sync(database)
    sync(database.parent)
    (disk / BEGUN).write_bytes(b"begun")
    if not mend(database, OWNER).is_salvaged:
        sys.exit("nothing was damaged")
    with opened_store(disk / STORE):
        pass


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
