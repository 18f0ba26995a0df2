"""The key by which terminals know the centre."""

from __future__ import annotations

from codes.words import Words
from server.config import ServerConfig
from wire.errors import KeyFileError
from wire.keys import SigningKey, load_or_create_key

_KEEP_THE_KEY = Words(
    "请检查路径与权限（仅属主可读）；若文件已损坏，请从备份恢复，不要删除。"
    "中心一旦换用新密钥，须在每台终端的 [centre] public_key 中改填新公钥。",
    "Check the path and its permissions (owner only); restore a damaged file from backup and do not remove it: a new "
    "key must be entered at every terminal, as [centre] public_key.",
)


def load_centre_key(config: ServerConfig) -> SigningKey:
    """Return the key that signs receipts, made on first start.

    Raises:
        KeyFileError: It cannot be read or made. It says that a new key is known to no terminal.
    """
    try:
        return load_or_create_key(config.centre.key_file)
    except KeyFileError as exc:
        raise KeyFileError(exc.words, next_step=_KEEP_THE_KEY) from exc
