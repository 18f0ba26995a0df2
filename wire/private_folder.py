"""Folders of keys and stores: made for their owner alone, whatever the account's umask is."""

from __future__ import annotations

from pathlib import Path

_OWNER_ONLY = 0o700
_OTHERS_MAY_LOOK = 0o755
"""Of the folders above. Nobody else may write there, or they could put another folder in the place of this one."""


def make_private_folder(folder: Path) -> None:
    """Make `folder`, and those above it, if they are not there; one that is there stays as it is.

    Raises:
        OSError: One of them cannot be made.
    """
    for one in reversed(folder.parents):
        if not one.is_dir():
            one.mkdir(mode=_OTHERS_MAY_LOOK, exist_ok=True)
    if not folder.is_dir():
        folder.mkdir(mode=_OWNER_ONLY, exist_ok=True)
