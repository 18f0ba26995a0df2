"""Files of lists that were made, for whoever asks for the same: one is made at a time, and none is held in memory.

A list is asked for with one message and fetched with another. The first writes down what was promised; the file is
made when it is fetched, outside of any writing transaction, from rows whose version lies between the two that were
named. Rows that changed since then are in none of these: then the promise cannot be kept, and it is said so.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar, Final

import msgspec

from codes.errors import RejectedError, TransientError
from codes.words import Words
from server.errors import ServerError
from server.lists.kinds import KINDS
from server.lists.writing import version_text, write_list
from server.store import list_rows
from server.store.database import Connection

CATALOGUE: Final = "catalogue"
"""Purpose of the file that says what was promised."""
_MOST_BYTES: Final = 512 * 1024 * 1024
_LONGEST_WAIT_S: Final = 60.0


class ListMovedError(ServerError, RejectedError):
    """The list has a newer version, and the file of the former one is no longer there."""

    code: ClassVar[str] = "fsi.list_moved"
    next_step: ClassVar[Words] = Words(
        "请用原来的 ver 重新请求目录下载，得到新的文件查询号。",
        "Ask for the list again with the same ver; that gives a new file_qury_no.",
    )


class ListBeingMadeError(ServerError, TransientError):
    """Another file is being made, and that takes long."""

    code: ClassVar[str] = "fsi.list_being_made"
    next_step: ClassVar[Words] = Words("请稍候用同一报文重发。", "Send the same message again in a moment.")


class Promise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows of a list a file holds."""

    list: str
    since: int
    to: int
    count: int

    @property
    def filename(self) -> str:
        """The name of the file."""
        return f"{self.list}_{version_text(self.to)}.txt.zip"

    def written(self) -> bytes:
        """Return it as it is kept."""
        return msgspec.json.encode(self)

    @staticmethod
    def read(content: bytes) -> Promise:
        """Return what was written."""
        return msgspec.json.decode(content, type=Promise)


class Shelf:
    """The files that were made lately; the one that was not asked for longest goes first."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._folder: TemporaryDirectory[str] | None = None
        self._files: OrderedDict[Promise, Path] = OrderedDict()

    def content(self, connection: Connection, promise: Promise) -> bytes:
        """Return the file that was promised.

        Raises:
            ListMovedError: It cannot be made any more.
            ListBeingMadeError: Others are in the way.
        """
        if not self._lock.acquire(timeout=_LONGEST_WAIT_S):
            raise ListBeingMadeError(Words("另一目录文件正在生成", "Another file of a list is being made"))
        try:
            found = self._files.get(promise) or self._made(connection, promise)
            self._files.move_to_end(promise)
            return found.read_bytes()
        finally:
            self._lock.release()

    def _made(self, connection: Connection, promise: Promise) -> Path:
        number, since, to = promise.list, promise.since, promise.to
        count = list_rows.count_items(connection, number, since=since, to=to)
        if self._folder is None:
            self._folder = TemporaryDirectory(prefix="yima-lists-")
        path = Path(self._folder.name) / f"{number}-{since}-{to}-{promise.count}.zip"
        if count == promise.count:
            count = _write(connection, promise, path)
        if count != promise.count:
            path.unlink(missing_ok=True)
            raise ListMovedError(
                Words(f"目录 {number} 已有新版本", f"The list {number} has a newer version than that file")
            )
        self._files[promise] = path
        self._make_room(promise)
        return path

    def _make_room(self, newest: Promise) -> None:
        sizes = {promise: path.stat().st_size for promise, path in self._files.items()}
        for promise in [one for one in self._files if one != newest]:
            if sum(sizes.values()) <= self._most_bytes:
                return
            self._files.pop(promise).unlink(missing_ok=True)
            del sizes[promise]


def _write(connection: Connection, promise: Promise, path: Path) -> int:
    try:
        with path.open("wb") as target:
            return write_list(connection, KINDS[promise.list], since=promise.since, to=promise.to, target=target)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
