"""Errors of what travels. Each says what the receiver should do with the message."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from codes.errors import ConfigError, YimaError
from codes.words import Words

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec may raise where bytes are no JSON of ours: another shape, a text that is none, a thousand brackets."""


class WireError(YimaError):
    """A message could not be taken."""

    code: ClassVar[str] = "wire.error"


class CorruptMessageError(WireError):
    """The bytes are no message of ours, or damaged on the way: drop, count, and let the sender resend."""

    code: ClassVar[str] = "wire.corrupt"
    next_step: ClassVar[Words] = Words("无需处理，发送方会自动重发。", "Nothing to do: the sender sends it again.")


class ForgedMessageError(WireError):
    """The signature does not belong to the sender that the message names: drop and alarm."""

    code: ClassVar[str] = "wire.forged"
    next_step: ClassVar[Words] = Words(
        "请核对终端与中心的公钥指纹；若指纹一致，请检查网络中是否有人冒充。",
        "Compare the key fingerprints of terminal and centre; if they agree, look for an impostor on the network.",
    )


class UnknownKeyError(WireError):
    """The message is signed by a key that nobody has approved yet: hold."""

    code: ClassVar[str] = "wire.unknown_key"
    next_step: ClassVar[Words] = Words(
        "请在控制台的“终端设备”中核对指纹并批准该终端。",
        "Compare the fingerprint under “Terminals” in the console and approve the terminal.",
    )


class NewerMessageError(WireError):
    """The message has a newer format than this program knows: hold, never reject."""

    code: ClassVar[str] = "wire.newer"
    next_step: ClassVar[Words] = Words("请先升级中心，再升级终端。", "Upgrade the centre first, then the terminals.")


class OversizedMessageError(WireError):
    """The message is larger than the limit that protects the receiver."""

    code: ClassVar[str] = "wire.oversized"
    next_step: ClassVar[Words] = Words("请减小每批条数后重试。", "Send fewer rows per batch.")


class KeyFileError(WireError, ConfigError):
    """A key file is missing, unreadable or not a key."""

    code: ClassVar[str] = "wire.key_file"
    next_step: ClassVar[Words] = Words(
        "请检查路径与权限（仅属主可读）；若文件已损坏，请从备份恢复。没有备份时，终端须先在中心吊销，"
        "移走损坏的文件后重新核对指纹并批准。",
        "Check the path and its permissions (owner only); restore a damaged file from backup. Without one, revoke the "
        "terminal at the centre, move the file away, and compare and approve its new fingerprint.",
    )


class InvalidEventError(WireError):
    """An event of a known version does not fit its schema: reject; the terminal keeps it as a dead letter."""

    code: ClassVar[str] = "event.invalid"
    next_step: ClassVar[Words] = Words(
        "该记录已留在终端的“问题记录”中，请联系厂商。",
        "The record is kept among the terminal's dead letters; contact the vendor.",
    )


class UnsupportedVersionError(WireError):
    """An event has an older version than any this program can still read: reject."""

    code: ClassVar[str] = "event.version_unsupported"
    next_step: ClassVar[Words] = Words("请升级该终端。", "Upgrade that terminal.")
