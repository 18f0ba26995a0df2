"""What the operating system says of a file or a network address, in both languages."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from types import MappingProxyType

from codes.words import Words

_NO_SUCH_NAME = -2
"""`socket.EAI_NONAME`: a name that no address belongs to."""
_NO_FILE = Words("文件不存在", "there is no such file")
_NO_FOLDER = Words("所在目录不存在", "its folder does not exist")
_WORDS: Mapping[int | None, Words] = MappingProxyType(
    {
        errno.ENOENT: _NO_FILE,
        errno.ENOTDIR: _NO_FILE,
        errno.EISDIR: Words("这是目录，不是文件", "it is a folder, not a file"),
        errno.EACCES: Words("没有权限", "no permission"),
        errno.EPERM: Words("没有权限", "no permission"),
        errno.EROFS: Words("磁盘为只读", "the disk is read-only"),
        errno.EEXIST: Words("已存在，不覆盖", "it is there already and is not overwritten"),
        errno.EIO: Words("读写出错，设备可能有故障", "reading or writing failed; the device may be faulty"),
        errno.ENOSPC: Words("磁盘已满", "the disk is full"),
        errno.ENAMETOOLONG: Words("文件名过长", "the name is too long"),
        errno.EADDRINUSE: Words("端口已被占用", "the port is taken"),
        errno.EADDRNOTAVAIL: Words("本机没有这个地址", "this machine has no such address"),
        errno.ECONNREFUSED: Words("该地址无人应答", "nothing listens there"),
        errno.EHOSTUNREACH: Words("网络不通", "there is no way there"),
        errno.ENETUNREACH: Words("网络不通", "there is no way there"),
        errno.EAFNOSUPPORT: Words("本机不支持这类地址", "this machine has no addresses of that kind"),
        _NO_SUCH_NAME: Words("找不到该主机名的地址", "no address belongs to that name"),
    }
)


def words_of_os_error(error: OSError) -> Words:
    """Return what went wrong with a file or an address; in the system's own words where we have none."""
    told = str(error.strerror or error)
    return _WORDS.get(error.errno, Words(told, told))


def words_of_unwritten(error: OSError) -> Words:
    """Return why a new file could not be written: what is missing then is its folder."""
    return _NO_FOLDER if error.errno in {errno.ENOENT, errno.ENOTDIR} else words_of_os_error(error)
