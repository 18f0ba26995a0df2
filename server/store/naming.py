"""Give a file a name that nothing has: what stands under a name, whoever put it there, is never replaced.

Linux does that in one step, so that a crash leaves the old name or the new one. Some file systems (network mounts, some
in user space) do not know it. There the name is looked at first, which is enough among those that hold the lock on the
store, and misses only what a person puts there in that very moment.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_FROM_HERE = -100
"""AT_FDCWD."""
_NO_REPLACE = 1
"""RENAME_NOREPLACE."""
_UNKNOWN = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM})
"""How a file system or a kernel says that it does not know the flag; EPERM is the word of container filters that are
older than the call. Where it is meant as a refusal, the plain renaming is refused as well."""


def give_name(file: Path, name: Path) -> None:
    """Rename `file` to `name`, which must be free.

    Raises:
        FileExistsError: Something has that name already, be it a link.
        OSError: There is no such file, or it cannot be renamed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        has_failed = libc.renameat2(_FROM_HERE, os.fsencode(file), _FROM_HERE, os.fsencode(name), _NO_REPLACE)
        number = ctypes.get_errno() if has_failed else 0
    except AttributeError:
        number = errno.ENOSYS
    if number in _UNKNOWN:
        _give_after_a_look(file, name)
    elif number:
        raise OSError(number, os.strerror(number), str(file), None, str(name))


def is_there(path: Path) -> bool:
    """Tell whether something has that name, be it a link that leads nowhere.

    Raises:
        OSError: It cannot be told; `os.path.lexists` would say no.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True


def _give_after_a_look(file: Path, name: Path) -> None:
    # In the order in which the system looks: a file that is not there is not there, whatever has the name.
    file.lstat()
    if is_there(name):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file), None, str(name))
    file.rename(name)
