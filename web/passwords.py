"""Passwords and tokens: made readable and strong, kept only as hashes.

A password is kept as an Argon2id hash. A token is long and random, so a plain SHA-256 digest is enough to keep it,
and lets it be found by equality. Neither the password nor the token can be had back from what is stored.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

READABLE = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits that nobody confuses when reading them aloud: no 0/o, 1/i/l."""
_GROUPS = 3
_GROUP_LENGTH = 5
_TOKEN_BYTES = 32
TOKEN_PREFIX = "yima_"  # noqa: S105 - a visible mark, so that secret scanners recognise a leaked token

# OWASP's small profile for Argon2id: 19 MiB, two passes, one lane. It leaves a shop's small box its memory.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """What came of comparing a password with its hash."""

    is_right: bool
    """The password is the one that was hashed."""
    needs_rehash: bool
    """It is right, but was hashed with older settings: hash it again and keep the new hash."""


def hash_password(password: str) -> str:
    """Return the Argon2id hash of `password`, salted, with its settings in it."""
    return _hasher.hash(password)


def verify_password(stored: str, password: str) -> PasswordCheck:
    """Compare `password` with a stored hash. A damaged hash fits no password."""
    try:
        _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return PasswordCheck(is_right=False, needs_rehash=False)
    return PasswordCheck(is_right=True, needs_rehash=_hasher.check_needs_rehash(stored))


def new_password() -> str:
    """Return a random password of 74 bits that can be read aloud, such as `k7mwq-3xj9p-dh2vt`."""
    groups = ("".join(secrets.choice(READABLE) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def new_token() -> str:
    """Return a random token of 256 bits. Show it once; keep `token_digest` of it."""
    return TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def token_digest(token: str) -> str:
    """Return what is stored of a token: its SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()
