"""What each side holds: names, shared secrets and keys, of the platform and of each institution.

The same `Party` describes an institution to the centre (its public key, its account) and to itself (its private key).
A section of a configuration maps onto it by the names of its fields: `read_party` takes them as text, as they stand in
the files that the section names.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from codes.words import Words
from wire.fsi.signing.errors import SecretsError, UnknownSignerError
from wire.fsi.signing.sm2 import LONGEST_USER_ID, Sm2PrivateKey, Sm2PublicKey
from wire.fsi.signing.sm2_keys import read_private_key, read_public_key
from wire.fsi.signing.sm4 import KEY_BYTES

OPEN_NAMES = ("client_id", "sm2_user_id")
"""What a configuration may hold itself."""
SECRET_NAMES = ("secret", "token", "sm2_private_key", "sm4_key", "rsa_private_key")
"""What must stand in files that only their owner reads."""
PUBLIC_NAMES = ("token_sha256", "sm2_public_key", "rsa_public_key")
"""What is no secret, and too long for a line of a configuration."""
_PLACES = {"sm2_private_key": "sm2_private", "rsa_private_key": "rsa_private", "rsa_public_key": "rsa_public"}
"""Where a name of the configuration is not that of the field."""
_SHORTEST_RSA_BITS = 1024
_DIGEST_HEX = re.compile(r"[0-9a-fA-F]{64}")
_SM4_HEX = re.compile(r"[0-9a-fA-F]{32}")


@dataclass(frozen=True, slots=True)
class Party:
    """One side of the interface, as far as this side knows it."""

    client_id: str = ""
    """Its account: `x-tif-paasid`, the SM2 user id, the portal's appId."""
    secret: str = field(default="", repr=False)
    """Shared with it: of the gateway, or of the portal."""
    token: str = field(default="", repr=False)
    """Bearer token that it sends; a centre needs `token_sha256` only."""
    token_sha256: bytes = field(default=b"", repr=False)
    sm2_user_id: bytes = b""
    """Where it has agreed on another one than the signer's own rule gives."""
    sm2_private: Sm2PrivateKey | None = field(default=None, repr=False)
    sm2_public: Sm2PublicKey | None = None
    sm4_key: bytes = field(default=b"", repr=False)
    rsa_private: RSAPrivateKey | None = field(default=None, repr=False)
    rsa_public: RSAPublicKey | None = field(default=None, repr=False)

    def require(self, name: str) -> str:
        """Return `client_id` or `secret`.

        Raises:
            SecretsError: It is not set.
        """
        found: str = getattr(self, name)
        if not found:
            raise missing(name)
        return found

    def require_sm4_key(self) -> bytes:
        """Return the SM4 key.

        Raises:
            SecretsError: It is not set.
        """
        if not self.sm4_key:
            raise missing("sm4_key")
        return self.sm4_key

    def require_sm2_private(self) -> Sm2PrivateKey:
        """Return the private key.

        Raises:
            SecretsError: It is not set.
        """
        if self.sm2_private is None:
            raise missing("sm2_private_key")
        return self.sm2_private

    def sm2_public_or_none(self) -> Sm2PublicKey | None:
        """Return the public key; where only the private one is set, its other half; nothing if neither is."""
        if self.sm2_public is None and self.sm2_private is not None:
            return self.sm2_private.public
        return self.sm2_public

    def require_sm2_public(self) -> Sm2PublicKey:
        """Return the public key, or the other half of the private one.

        Raises:
            SecretsError: Neither is set.
        """
        key = self.sm2_public_or_none()
        if key is None:
            raise missing("sm2_public_key")
        return key

    def has(self, name: str) -> bool:
        """Tell whether a secret is there, by its name in a configuration."""
        if name == "sm2_public_key":
            return self.sm2_public_or_none() is not None
        return bool(getattr(self, _PLACES.get(name, name)))


@dataclass(frozen=True, slots=True)
class Secrets:
    """Both sides of the interface."""

    platform: Party = field(default_factory=Party)
    """The centre: it signs answers, and passwords are encrypted for it."""
    institutions: Mapping[str, Party] = field(default_factory=dict)
    """By institution code."""

    def institution(self, code: str) -> Party:
        """Return what is known of an institution.

        Raises:
            UnknownSignerError: Nothing is.
        """
        party = self.institutions.get(code)
        if party is None:
            raise UnknownSignerError(Words(f"机构 {code} 未登记密钥", f"No keys are known of institution {code}"))
        return party

    def owner_of(self, client_id: str) -> str:
        """Return the code of the institution that has an account.

        Raises:
            UnknownSignerError: None has it.
        """
        for code, party in self.institutions.items():
            if client_id and party.client_id == client_id:
                return code
        raise UnknownSignerError(Words(f"账号 {client_id} 未登记", f"No institution has the account {client_id}"))


def read_party(texts: Mapping[str, str]) -> Party:
    """Return what the texts say; their names are those of `OPEN_NAMES`, `SECRET_NAMES` and `PUBLIC_NAMES`.

    Raises:
        SecretsError: A name is unknown, or a text is not what its name says.
    """
    for name in texts:
        if name not in (*OPEN_NAMES, *SECRET_NAMES, *PUBLIC_NAMES):
            raise SecretsError(Words(f"不认识的密钥项 {name}", f"There is no secret called {name}"))
    given = {name: text.strip() for name, text in texts.items() if text.strip()}
    token = given.get("token", "")
    user_id = given.get("sm2_user_id", "").encode()
    if len(user_id) > LONGEST_USER_ID:
        raise _wrong("sm2_user_id", Words("太长", "it is too long"))
    private = read_private_key(given["sm2_private_key"]) if "sm2_private_key" in given else None
    public = read_public_key(given["sm2_public_key"]) if "sm2_public_key" in given else None
    if private and public and private.public != public:
        raise _wrong("sm2_public_key", Words("与私钥不是一对", "it does not belong to the private key"))
    return Party(
        client_id=given.get("client_id", ""),
        secret=given.get("secret", ""),
        token=token,
        token_sha256=_digest(given["token_sha256"]) if "token_sha256" in given else token_digest(token),
        sm2_user_id=user_id,
        sm2_private=private,
        sm2_public=public,
        sm4_key=_sm4_key(given["sm4_key"]) if "sm4_key" in given else b"",
        rsa_private=_rsa_private(given["rsa_private_key"]) if "rsa_private_key" in given else None,
        rsa_public=_rsa_public(given["rsa_public_key"]) if "rsa_public_key" in given else None,
    )


def token_digest(token: str) -> bytes:
    """Return what a centre keeps of a token; nothing of no token."""
    return hashlib.sha256(token.encode()).digest() if token else b""


def missing(name: str) -> SecretsError:
    """Return the error that says which secret is not configured."""
    return SecretsError(Words(f"未配置 {name}", f"{name} is not configured"))


def _wrong(name: str, why: Words) -> SecretsError:
    return SecretsError(Words(f"{name} 不可用：{why.zh}", f"{name} cannot be used: {why.en}"))


def _digest(text: str) -> bytes:
    if not _DIGEST_HEX.fullmatch(text):
        raise _wrong("token_sha256", Words("应为 64 位十六进制", "it should be 64 hexadecimal digits"))
    return bytes.fromhex(text)


def _sm4_key(text: str) -> bytes:
    """Hexadecimal digits, base64, or sixteen characters as they are: areas hand it out in each of these."""
    if _SM4_HEX.fullmatch(text):
        return bytes.fromhex(text)
    if len(text.encode()) == KEY_BYTES:
        return text.encode()
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise _wrong(
            "sm4_key",
            Words(
                "应为 32 位十六进制、16 个字符，或 16 字节的 base64",
                "it should be 32 hexadecimal digits, 16 characters, or base64 of 16 bytes",
            ),
        )
    return key


def _rsa_private(text: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise _wrong("rsa_private_key", _NO_RSA_KEY) from exc
    if not isinstance(key, RSAPrivateKey) or key.key_size < _SHORTEST_RSA_BITS:
        raise _wrong("rsa_private_key", _NO_RSA_KEY)
    return key


def _rsa_public(text: str) -> RSAPublicKey:
    try:
        key = load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise _wrong("rsa_public_key", _NO_RSA_KEY) from exc
    if not isinstance(key, RSAPublicKey) or key.key_size < _SHORTEST_RSA_BITS:
        raise _wrong("rsa_public_key", _NO_RSA_KEY)
    return key


_NO_RSA_KEY = Words(
    f"不是未加密的 PEM 格式 RSA 密钥（至少 {_SHORTEST_RSA_BITS} 位）",
    f"it is no unencrypted RSA key in PEM of at least {_SHORTEST_RSA_BITS} bits",
)
