from __future__ import annotations

import hashlib
import math

import pytest
from argon2 import PasswordHasher

from web.passwords import (
    READABLE,
    TOKEN_PREFIX,
    hash_password,
    new_password,
    new_token,
    token_digest,
    verify_password,
)


def test_the_right_password_is_recognised_and_a_wrong_one_is_not() -> None:
    stored = hash_password("一号柜台 secret")

    assert verify_password(stored, "一号柜台 secret").is_right
    assert not verify_password(stored, "一号柜台 Secret").is_right
    assert not verify_password(stored, "").is_right


def test_the_hash_is_salted_and_does_not_hold_the_password() -> None:
    first, second = hash_password("same"), hash_password("same")

    assert first != second
    assert "same" not in first
    assert first.startswith("$argon2id$")


def test_a_hash_made_with_older_settings_asks_to_be_renewed() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("pw")

    assert verify_password(old, "pw").needs_rehash
    assert not verify_password(old, "other").needs_rehash
    assert not verify_password(hash_password("pw"), "pw").needs_rehash


@pytest.mark.parametrize("damaged", ["", "plain", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$x"])
def test_a_damaged_hash_fits_no_password(damaged: str) -> None:
    assert not verify_password(damaged, damaged).is_right


@pytest.mark.req("T-43")
def test_new_passwords_are_readable_and_have_at_least_60_bits() -> None:
    made = {new_password() for _ in range(200)}

    assert len(made) == 200
    for password in made:
        letters = password.replace("-", "")
        assert set(letters) <= set(READABLE)
        assert len(letters) * math.log2(len(READABLE)) >= 60
    assert not set("0o1il") & set(READABLE)
    assert len(set(READABLE)) == len(READABLE)


def test_tokens_are_unique_and_only_their_digest_is_kept() -> None:
    token = new_token()

    assert token != new_token()
    assert token.startswith(TOKEN_PREFIX)
    assert token_digest(token) == hashlib.sha256(token.encode()).hexdigest()
    assert token not in token_digest(token)
