"""What is hidden inside the envelope opens again, and looks as the area expects."""

from __future__ import annotations

import base64
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.fsi.signing import Party, Secrets, SecretsError
from wire.fsi.signing.encryptors import NoEncryptor, Sm4Encryptor
from wire.fsi.signing.errors import EncryptedTextError, SmLibraryMissingError

KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")
PARTY = Party(sm4_key=KEY)


@given(st.binary(max_size=100))
def test_what_was_hidden_opens_with_the_same_key_only(plain: bytes) -> None:
    hidden = Sm4Encryptor().encrypt(plain, PARTY)
    raw = base64.b64decode(hidden, validate=True)
    assert len(raw) == len(plain) // 16 * 16 + 16
    assert Sm4Encryptor().decrypt(hidden, PARTY) == plain
    with suppress(EncryptedTextError):
        assert Sm4Encryptor().decrypt(hidden, Party(sm4_key=KEY[::-1])) != plain


def test_the_standards_block_is_hidden_as_the_standard_says() -> None:
    hidden = base64.b64decode(Sm4Encryptor().encrypt(KEY, PARTY))
    assert hidden[:16].hex() == "681edf34d206965e86b3e94f536e4246"


def test_without_a_key_nothing_is_hidden_or_opened() -> None:
    for use in (lambda: Sm4Encryptor().encrypt(b"x", Party()), lambda: Sm4Encryptor().decrypt("AAAA", Party())):
        with pytest.raises(SecretsError, match="sm4_key"):
            use()


def test_none_leaves_the_text_as_it_is() -> None:
    text = '{"name":"张三"}'
    assert NoEncryptor().encrypt(text.encode(), Party()) == text
    assert NoEncryptor().decrypt(text, Party()) == text.encode()


def test_sm2_without_its_library_says_what_to_install(secrets: Secrets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)
    with pytest.raises(SmLibraryMissingError) as missing:
        secrets.platform.require_sm2_private().sign(b"text", b"id")
    assert "yima[server]" in missing.value.next_step.en
