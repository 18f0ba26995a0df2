"""The keys folder of the centre (`wire.fsi.signing.folder`): what is secret is its owner's alone, or a credential."""

from __future__ import annotations

from pathlib import Path

from web.secret_file import refuse_open_file
from wire.fsi.signing import Secrets
from wire.fsi.signing.folder import KeysFolderError, read_keys

__all__ = ["KeysFolderError", "load_keys"]


def load_keys(folder: Path | None) -> Secrets:
    """Return what the folder holds; nothing without a folder.

    Raises:
        KeysFolderError: It cannot be read, or an item is not what its name says.
        SecretFileError: A secret is open to others.
    """
    return read_keys(folder, refuse_open_file)
