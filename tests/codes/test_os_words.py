"""What the system says of a file or an address is said in Chinese too."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest

from codes.os_words import words_of_os_error, words_of_unwritten


@pytest.mark.parametrize(
    ("number", "zh", "en"),
    [
        (errno.ENOENT, "文件不存在", "there is no such file"),
        (errno.EISDIR, "这是目录，不是文件", "it is a folder, not a file"),
        (errno.EACCES, "没有权限", "no permission"),
        (errno.EEXIST, "已存在，不覆盖", "it is there already and is not overwritten"),
        (errno.EIO, "读写出错，设备可能有故障", "reading or writing failed; the device may be faulty"),
        (errno.ENOSPC, "磁盘已满", "the disk is full"),
        (errno.EADDRINUSE, "端口已被占用", "the port is taken"),
        (errno.EADDRNOTAVAIL, "本机没有这个地址", "this machine has no such address"),
        (errno.ECONNREFUSED, "该地址无人应答", "nothing listens there"),
        (errno.EHOSTUNREACH, "网络不通", "there is no way there"),
        (socket.EAI_NONAME, "找不到该主机名的地址", "no address belongs to that name"),
    ],
)
def test_common_faults_are_in_both_languages(number: int, zh: str, en: str) -> None:
    words = words_of_os_error(OSError(number, "told by the system"))
    assert (words.zh, words.en) == (zh, en)


@pytest.mark.parametrize("name", ["none/backup", "file/backup"])
def test_what_a_new_file_misses_is_its_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises((FileNotFoundError, NotADirectoryError)) as caught:
        (tmp_path / name).write_bytes(b"")
    words = words_of_unwritten(caught.value)
    assert (words.zh, words.en) == ("所在目录不存在", "its folder does not exist")


def test_what_else_is_wrong_with_a_new_file_is_said_as_of_any() -> None:
    assert words_of_unwritten(OSError(errno.ENOSPC, "")).zh == "磁盘已满"


def test_what_we_have_no_words_for_is_passed_on() -> None:
    assert words_of_os_error(OSError(errno.EXDEV, "Invalid cross-device link")).zh == "Invalid cross-device link"
    assert words_of_os_error(OSError("odd")).en == "odd"
