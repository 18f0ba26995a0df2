"""Names and contents that survive a power cut, and folders for their owner alone, whatever the umask is."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_OWNER_ONLY = 0o700
_FILE_OF_OWNER = 0o600
_OTHERS_MAY_LOOK = 0o755
"""Of the folders above. Nobody else may write there, or they could put another folder in the place of this one."""


def sync(path: Path) -> None:
    """Wait until what a file holds, or which names a folder holds, is on the disk.

    Raises:
        OSError: It cannot be opened, or the disk refuses.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_private_folder(folder: Path) -> None:
    """Make `folder`, and those above it, if they are not there; one that is there stays as it is.

    The names are on the disk when it returns.

    Raises:
        OSError: One of them cannot be made.
    """
    for one, mode in (*((above, _OTHERS_MAY_LOOK) for above in reversed(folder.parents)), (folder, _OWNER_ONLY)):
        if not one.is_dir():
            one.mkdir(mode=mode, exist_ok=True)
            sync(one.parent)


def make_private_file(path: Path, content: bytes) -> None:
    """Make a file for its owner alone, whole from the moment it has its name; one that is there stays as it is.

    Name and content are on the disk when it returns. Of two processes that start at once, the first one's file stays.

    Raises:
        OSError: It cannot be made.
    """
    half_made = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}.new")
    make_private_folder(path.parent)
    try:
        descriptor = os.open(half_made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_OF_OWNER)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: a rename would replace what somebody else has just made.
        os.link(half_made, path)
    except FileExistsError:
        return
    finally:
        half_made.unlink(missing_ok=True)
    sync(path.parent)
