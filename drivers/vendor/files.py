"""Which files a vendor's library is, and what can be said of them without loading anything.

Makers hand out builds for Windows, for 32 bits and for other processors under the same name. The loader's words for
that help nobody, so the head of the file is read first.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from codes.words import Words
from drivers.vendor.errors import VendorFileMissingError, VendorLibraryUnusableError, VendorPartMissingError

_HEAD = struct.Struct("<4sBB10xHH")
"""Magic, class, byte order, type, machine (ELF)."""
_ELF, _WINDOWS = b"\x7fELF", b"MZ"
_SHARED = 3
_BITS: Mapping[int, str] = MappingProxyType({1: "32", 2: "64"})
_MACHINES: Mapping[int, str] = MappingProxyType(
    {3: "x86", 8: "MIPS", 40: "ARM", 62: "x86-64", 183: "ARM64", 243: "RISC-V", 258: "LoongArch", 0x9916: "SW64"}
)
_OURSELVES = Path("/proc/self/exe")
_NOT_FOUND = re.compile(r"(\S+): cannot open shared object file")

_TOLD: Mapping[re.Pattern[str], str] = MappingProxyType(
    {
        re.compile(r"it has no function (\w+)"): "没有函数 {0}",
        re.compile(r"(\w+) wrote past the end of ([0-9]+) bytes"): "{0} 写出了给定的 {1} 字节之外",
    }
)
"""What our own process says of a library, in Chinese; the loader speaks English only."""


class _Build(NamedTuple):
    bits: int
    order: int
    machine: int

    def __str__(self) -> str:
        return f"{_MACHINES.get(self.machine, hex(self.machine))}, {_BITS.get(self.bits, '?')} bit"


@dataclass(frozen=True, slots=True)
class LibraryFiles:
    """A library, and what is loaded before it for it to find."""

    library: Path
    preload: tuple[str, ...] = ()
    """Paths, or bare names: of files beside the library, else of libraries that the system finds."""

    @property
    def preloaded(self) -> tuple[str, ...]:
        """What is given to the loader, in order."""
        return tuple(_beside(self.library, name) for name in self.preload)

    @property
    def command(self) -> tuple[str, ...]:
        """The process that serves the library."""
        # Absolute, because the process goes to the library's folder; a bare name is the system's to find.
        library = self.library.absolute() if self.library.name != str(self.library) else self.library
        return (sys.executable, "-m", "drivers.vendor.child", str(library), *self.preloaded)

    def look(self, device: str) -> None:
        """Look at the files.

        Raises:
            VendorFileMissingError: One is not there.
            VendorLibraryUnusableError: One is no library, or none for this machine.
        """
        for file in (str(self.library), *self.preloaded):
            if "/" in file:
                _look_at(device, Path(file))


def load_error(device: str, files: LibraryFiles | None, said: str) -> VendorLibraryUnusableError:
    """Return what the loader's words mean."""
    found = _NOT_FOUND.search(said)
    if found is not None and (files is None or Path(found[1]) != files.library):
        return VendorPartMissingError(device, found[1])
    for pattern, zh in _TOLD.items():
        if (told := pattern.fullmatch(said)) is not None:
            return VendorLibraryUnusableError(device, Words(zh.format(*told.groups()), said))
    return VendorLibraryUnusableError(device, Words(said, said))


def _beside(library: Path, name: str) -> str:
    beside = library.parent / name
    return str(beside.absolute()) if "/" not in name and beside.is_file() else name


def _look_at(device: str, path: Path) -> None:
    if not path.is_file():
        raise VendorFileMissingError(device, str(path))
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD.size)
    except OSError as exc:
        raise VendorFileMissingError(device, str(path)) from exc
    if head.startswith(_WINDOWS):
        detail = Words(f"{path} 是 Windows 的动态库", f"{path} is a library for Windows")
        raise VendorLibraryUnusableError(device, detail)
    build = _build_of(head)
    if build is None:
        raise VendorLibraryUnusableError(device, Words(f"{path} 不是动态库", f"{path} is no shared library"))
    ours = _ours()
    if ours is not None and build != ours:
        detail = Words(f"{path} 为 {build}，本程序为 {ours}", f"{path} is built for {build}; this program is {ours}")
        raise VendorLibraryUnusableError(device, detail)


def _build_of(head: bytes, *, kinds: tuple[int, ...] = (_SHARED,)) -> _Build | None:
    if len(head) < _HEAD.size:
        return None
    magic, bits, order, kind, machine = _HEAD.unpack(head)
    return _Build(bits, order, machine) if magic == _ELF and kind in kinds else None


def _ours() -> _Build | None:
    try:
        with _OURSELVES.open("rb") as file:
            # A program may be position-independent, which has the type of a library.
            return _build_of(file.read(_HEAD.size), kinds=(2, _SHARED))
    except OSError:
        return None
