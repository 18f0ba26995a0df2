"""Files that root makes beside a store belong to whoever the store belongs to.

An administrator types commands as root, the centre runs as a user of its own: what it could not open any more would
keep it from starting. That user may write in the folder, and could put links there; so no link is followed, and only
what was made just now is given away, by its descriptor and not by its name.
"""

from __future__ import annotations

import os
from pathlib import Path

_OWNER_ONLY = 0o600
_NO_LINK = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC


def make_private(file: Path, store: Path) -> int:
    """Make an empty file for the owner of `store` alone and return its descriptor.

    Raises:
        OSError: There is something of that name already, be it a link, or the file cannot be made.
    """
    descriptor = os.open(file, _NO_LINK | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        _give_to_owner(descriptor, store)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def open_private(file: Path, store: Path) -> int:
    """Return a descriptor of a file beside `store`, which is made if it is not there.

    Raises:
        OSError: It is a link, or cannot be opened.
    """
    try:
        return make_private(file, store)
    except FileExistsError:
        return os.open(file, _NO_LINK)


def _give_to_owner(descriptor: int, store: Path) -> None:
    """Give what root has made to the owner of `store`, or of its folder if there is no store yet."""
    if os.geteuid() != 0:
        return
    owner = (store if store.exists() else store.parent).stat()
    os.fchown(descriptor, owner.st_uid, owner.st_gid)
