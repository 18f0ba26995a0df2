"""What can go wrong with a signature, a cipher text, or the keys for them.

A message that fails is refused as a whole. The words tell its maker which part to look at, and never what the right
signature would have been.
"""

from __future__ import annotations

from typing import ClassVar

from codes.errors import ConfigError, RejectedError
from codes.words import Words
from wire.errors import WireError


class SigningError(WireError):
    """A message could not be signed, verified, encrypted or decrypted."""

    code: ClassVar[str] = "fsi.signing"


class SignatureError(SigningError, RejectedError):
    """The message does not prove who sent it: refuse it."""

    code: ClassVar[str] = "fsi.signature"
    next_step: ClassVar[Words] = Words(
        "请按 docs/fsi.md 的“签名与加密”核对算法、密钥和签名原文。",
        "Compare algorithm, key and signed text with “Signing and encryption” in docs/fsi.md.",
    )


class MissingSignatureError(SignatureError):
    """Nothing was signed where this area wants a signature."""

    code: ClassVar[str] = "fsi.signature_missing"


class WrongSignatureError(SignatureError):
    """There is a signature, and it is not one of this sender over this message."""

    code: ClassVar[str] = "fsi.signature_wrong"


class UnreadableTextError(SignatureError):
    """What should be signed JSON is none."""

    code: ClassVar[str] = "fsi.unreadable"


class DoubledFieldError(SignatureError):
    """A name stands twice in a signed object: its signer and its reader might take different ones."""

    code: ClassVar[str] = "fsi.said_twice"
    next_step: ClassVar[Words] = Words(
        "请删去重复的字段后重新签名发送。", "Leave one of them out, sign and send again."
    )


class UnknownSignerError(SignatureError):
    """Nobody has told this side which key the sender has."""

    code: ClassVar[str] = "fsi.signer_unknown"
    next_step: ClassVar[Words] = Words(
        "请把该机构的密钥登记到中心配置的 [fsi] 部分。",
        "Enter the institution's keys in the [fsi] section of the centre's configuration.",
    )


class OutOfWindowError(SignatureError):
    """The message was signed too long ago, or in the future."""

    code: ClassVar[str] = "fsi.out_of_window"
    next_step: ClassVar[Words] = Words(
        "请校准发送方的时钟，然后重新签名发送。", "Set the sender's clock right, then sign and send again."
    )


class PasswordMissingError(SignatureError):
    """The person's password is wanted for this transaction and was not sent."""

    code: ClassVar[str] = "fsi.password_missing"
    next_step: ClassVar[Words] = Words(
        "请让参保人输入社保卡或电子凭证密码，放入 cainfo 后重新发送。",
        "Have the person type the password of the card or voucher, put it into cainfo and send again.",
    )


class EncryptedTextError(SigningError, RejectedError):
    """A cipher text cannot be opened, or is missing where this area wants one."""

    code: ClassVar[str] = "fsi.encrypted_text"
    next_step: ClassVar[Words] = Words(
        "请按 docs/fsi.md 的“签名与加密”核对密钥、填充方式和编码。",
        "Compare key, padding and encoding with “Signing and encryption” in docs/fsi.md.",
    )


class SecretsError(SigningError, ConfigError):
    """A key or secret of the configuration cannot be used."""

    code: ClassVar[str] = "fsi.secrets"
    next_step: ClassVar[Words] = Words(
        "请核对 [fsi] 部分的密钥文件内容。", "Check the content of the key files that the [fsi] section names."
    )


class PlugInError(SigningError, ConfigError):
    """An area profile names a signer, encryptor or transport that does not exist, or two that do not go together."""

    code: ClassVar[str] = "fsi.plug_in"
    next_step: ClassVar[Words] = Words(
        "请核对区域配置中的 signer、encryptor、transport。",
        "Check signer, encryptor and transport in the area profile.",
    )


class SmLibraryMissingError(SigningError, ConfigError):
    """SM2 is wanted, and the library for it is not installed."""

    code: ClassVar[str] = "fsi.sm_library"
    next_step: ClassVar[Words] = Words("请安装 yima[server]。", "Install yima[server].")
