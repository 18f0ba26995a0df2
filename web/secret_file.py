"""Secrets stand in files of their own, which nobody but their owner may read.

Keys of certificates are often shared by several services through a group (`root:ssl-cert`, mode 640 on Debian), so a
group that we are in ourselves may read them.

What systemd hands to a service as a credential (`LoadCredential=`) belongs to root, and an access list lets the service
read it; the mask of that list shows as group bits (mode 440, group root). Such a file is as closed as one of mode 600.
"""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import ClassVar

from codes.errors import ConfigError
from codes.words import Words
from web.errors import WebError
from web.faults import words_of_file

_ANYONE_ELSE = 0o077
_MORE_THAN_GROUP_READS = 0o037
_ROOT = 0


class SecretFileError(WebError, ConfigError):
    """A file that holds a secret cannot be used."""

    code: ClassVar[str] = "config.secret_file"
    next_step: ClassVar[Words] = Words(
        "请确认该文件存在、有内容，且运行账户可读。", "Make sure that the file is there, is not empty, and can be read."
    )


def load_secret(path: Path) -> str:
    """Return the secret in a file of its own, without the line end.

    Raises:
        SecretFileError: The file is missing, empty, no text, of several lines, or open to others.
    """
    refuse_open_file(path)
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as exc:
        raise SecretFileError(Words(f"{path} 不是 UTF-8 文字", f"{path} is no UTF-8 text")) from exc
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    if not secret:
        raise SecretFileError(Words(f"{path} 是空的", f"{path} is empty"))
    if "\n" in secret:
        raise SecretFileError(Words(f"{path} 只应有一行", f"{path} should hold one line"))
    return secret


def refuse_open_file(path: Path) -> None:
    """Make sure that only its owner may use a file.

    Raises:
        SecretFileError: The file is missing, or its mode lets others in; the next step is the command that helps.
    """
    status = _stat(path)
    mode = status.st_mode
    if mode & _ANYONE_ELSE and not _is_credential(path, status):
        raise _open_to_others(path, mode, f"chmod 600 {shlex.quote(str(path))}")


def refuse_open_key(path: Path) -> None:
    """Make sure that only its owner, and a group that we are in, may read the key of a certificate.

    Raises:
        SecretFileError: The file is missing, or its mode lets others in; the next step says what helps.
    """
    status = _stat(path)
    mode = status.st_mode
    if _is_credential(path, status):
        return
    if mode & _MORE_THAN_GROUP_READS:
        # Takes away what is too much and no more: other services may read the key through the group.
        raise _open_to_others(path, mode, f"chmod g-wx,o= {shlex.quote(str(path))}")
    if mode & stat.S_IRGRP and status.st_gid not in {os.getegid(), *os.getgroups()}:
        group = status.st_gid
        raise SecretFileError(
            Words(
                f"{path} 可由组 {group} 读取，而运行账户不在该组",
                f"{path} can be read by group {group}, which is not ours",
            ),
            next_step=Words(
                "请把运行账户加入该组，或另备一份权限为 600 的私钥。",
                "Add the account that runs this to the group, or give it a copy of the key with mode 600.",
            ),
        )


def _is_credential(path: Path, status: os.stat_result) -> bool:
    """Tell whether the service manager handed this file to us alone: in the folder it names, and with its modes."""
    folder = Path(os.environ.get("CREDENTIALS_DIRECTORY", ""))
    is_in_folder = folder.is_absolute() and path.resolve().parent == folder.resolve()
    return is_in_folder and status.st_uid in {_ROOT, os.geteuid()} and not status.st_mode & _MORE_THAN_GROUP_READS


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as exc:
        raise _unreadable(path, exc) from exc


def _open_to_others(path: Path, mode: int, command: str) -> SecretFileError:
    shown = f"{mode & 0o777:03o}"
    return SecretFileError(
        Words(f"{path} 对他人开放（权限 {shown}）", f"{path} is open to others (mode {shown})"),
        next_step=Words(f"请执行：{command}", f"Run: {command}"),
    )


def _unreadable(path: Path, error: OSError) -> SecretFileError:
    reason = words_of_file(error)
    return SecretFileError(Words(f"无法读取 {path}：{reason.zh}", f"Cannot read {path}: {reason.en}"))
