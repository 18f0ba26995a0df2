"""Files that root makes beside a store belong to whoever the store belongs to.

An administrator types commands as root, the centre runs as a user of its own: what it could not open any more would
keep it from starting.
"""

from __future__ import annotations

import os
from pathlib import Path


def give_to_owner(file: Path, store: Path) -> None:
    """Give a file that root has made to the owner of `store`, or of its folder if there is no store yet."""
    if os.geteuid() != 0:
        return
    owner = (store if store.exists() else store.parent).stat()
    os.chown(file, owner.st_uid, owner.st_gid)
