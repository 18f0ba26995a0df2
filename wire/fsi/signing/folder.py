"""Keys and secrets of the platform and the institutions, from a folder: a folder for each side, a file for each item.

    secrets/fsi/platform/sm2_private_key
    secrets/fsi/P35020000001/client_id
    secrets/fsi/P35020000001/sm2_public_key

The names of the files are those of `wire.fsi.signing` (`client_id`, `secret`, `sm4_key`, …). What is secret must be
readable by its owner only. The folder is read when the program starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

from codes.errors import ConfigError
from codes.os_words import words_of_os_error
from codes.words import Words
from wire.errors import WireError
from wire.fsi.signing.errors import SecretsError
from wire.fsi.signing.keyring import SECRET_NAMES, Party, Secrets, read_party

PLATFORM = "platform"
RefuseOpen = Callable[[Path], None]
"""Raises if anybody but its owner may read a file."""


class KeysFolderError(WireError, ConfigError):
    """The folder of keys, or a file in it, cannot be used."""

    code: ClassVar[str] = "fsi.keys_folder"
    next_step: ClassVar[Words] = Words(
        "请核对配置项 fsi.keys_folder 及其中的文件；写法见 docs/fsi.md。",
        "Check fsi.keys_folder in the configuration and the files in it; docs/fsi.md says how they are named.",
    )


def read_keys(folder: Path | None, refuse_open: RefuseOpen) -> Secrets:
    """Return what the folder holds; nothing without a folder.

    Raises:
        KeysFolderError: It cannot be read, or an item is not what its name says.
    """
    if folder is None:
        return Secrets()
    parties = {party.name: _party(party, refuse_open) for party in _folders(folder)}
    platform = parties.pop(PLATFORM, Party())
    return Secrets(platform, parties)


def _folders(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError as exc:
        raise _unreadable(folder, exc) from exc
    return (one for one in found if one.is_dir() and not one.name.startswith("."))


def _party(folder: Path, refuse_open: RefuseOpen) -> Party:
    texts = {}
    try:
        files = sorted(one for one in folder.iterdir() if one.is_file() and not one.name.startswith("."))
    except OSError as exc:
        raise _unreadable(folder, exc) from exc
    for file in files:
        if file.name in SECRET_NAMES:
            refuse_open(file)
        texts[file.name] = _text(file)
    try:
        return read_party(texts)
    except SecretsError as exc:
        raise KeysFolderError(Words(f"{folder}：{exc.words.zh}", f"{folder}: {exc.words.en}")) from exc


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise KeysFolderError(Words(f"{file} 不是 UTF-8 文字", f"{file} is no UTF-8 text")) from exc
    except OSError as exc:
        raise _unreadable(file, exc) from exc


def _unreadable(path: Path, error: OSError) -> KeysFolderError:
    why = words_of_os_error(error)
    return KeysFolderError(Words(f"无法读取 {path}：{why.zh}", f"Cannot read {path}: {why.en}"))
