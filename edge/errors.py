"""What can go wrong at a terminal, named by what the caller should do about it."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from codes.errors import YimaError
from codes.words import Words


class EdgeError(YimaError):
    """Something at the terminal went wrong."""

    code: ClassVar[str] = "edge.error"


class TransientError(EdgeError):
    """It may pass by itself: keep what you hold and try again."""

    code: ClassVar[str] = "edge.transient"
    next_step: ClassVar[Words] = Words("系统会自动重试。", "It is tried again by itself.")


class ConfigError(EdgeError):
    """It will not pass by itself: stop and tell the administrator."""

    code: ClassVar[str] = "edge.config"


class CorruptStoreError(EdgeError):
    """The store is damaged: leave it as it is, so that nothing in it is lost."""

    code: ClassVar[str] = "store.corrupt"
    next_step: ClassVar[Words] = Words(
        "请勿删除该文件：其中可能有未上传的记录。请将数据目录整体复制备份，再联系厂商恢复。",
        "Do not delete the file: it may hold records that were never sent. Copy the whole data folder to a safe "
        "place, then ask the vendor to recover it.",
    )


class RejectedError(EdgeError):
    """What was asked cannot be done now: tell the user."""

    code: ClassVar[str] = "edge.rejected"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
