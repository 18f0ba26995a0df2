"""Secrets come as text under the names of a configuration; each is checked when it is read and never shown."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from wire.fsi.signing.errors import SecretsError, UnknownSignerError
from wire.fsi.signing.keyring import OPEN_NAMES, PUBLIC_NAMES, SECRET_NAMES, Party, Secrets, read_party, token_digest

NUMBER = "3a7509d6f3432d22c138aca7bd29f51ea6814f1eb2cf09c6183dc7c06ce3f5ad"
SM4 = bytes(range(16))
NO_ENCRYPTION = serialization.NoEncryption()


def private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, NO_ENCRYPTION).decode()


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def test_every_name_is_read_and_nothing_secret_is_shown(rsa_key: rsa.RSAPrivateKey) -> None:
    texts = {
        "client_id": "account",
        "sm2_user_id": "user",
        "secret": "the secret",
        "token": "the token",
        "sm2_private_key": NUMBER,
        "sm4_key": SM4.hex(),
        "rsa_private_key": private_pem(rsa_key),
        "rsa_public_key": public_pem(rsa_key),
        "sm2_public_key": read_party({"sm2_private_key": NUMBER}).require_sm2_public().raw.hex(),
        "token_sha256": token_digest("the token").hex(),
    }
    assert set(texts) == {*OPEN_NAMES, *SECRET_NAMES, *PUBLIC_NAMES}
    party = read_party(texts)
    assert all(party.has(name) for name in texts)
    shown = repr(Secrets(party, {"P1": party}))
    assert not any(secret in shown for secret in ("the secret", "the token", NUMBER, str(SM4), "RSAPrivate"))


def test_what_is_not_given_is_missed_by_name() -> None:
    nobody = read_party({"client_id": "  ", "secret": ""})
    assert nobody == Party()
    for name in ("client_id", "secret"):
        with pytest.raises(SecretsError, match=name):
            nobody.require(name)
    for require, name in (
        (nobody.require_sm4_key, "sm4_key"),
        (nobody.require_sm2_private, "sm2_private_key"),
        (nobody.require_sm2_public, "sm2_public_key"),
    ):
        with pytest.raises(SecretsError, match=name):
            require()
    assert not any(nobody.has(name) for name in (*OPEN_NAMES, *SECRET_NAMES, *PUBLIC_NAMES))


def test_a_private_key_gives_its_public_half() -> None:
    party = read_party({"sm2_private_key": NUMBER})
    assert party.require_sm2_public() == party.require_sm2_private().public
    assert party.has("sm2_public_key")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (SM4.hex(), SM4),
        (SM4.hex().upper(), SM4),
        (base64.b64encode(SM4).decode(), SM4),
        ("sixteen letters!", b"sixteen letters!"),
        ("  0123456789abcdef\n", b"0123456789abcdef"),
    ],
)
def test_an_sm4_key_is_hexadecimal_base64_or_sixteen_characters(text: str, key: bytes) -> None:
    assert read_party({"sm4_key": text}).require_sm4_key() == key


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sm4_key", "short"),
        ("sm4_key", "00" * 15),
        ("sm4_key", "00" * 17),
        ("sm4_key", "一二三四五六七八九十一二三四五六"),
        ("sm4_key", base64.b64encode(b"1" * 17).decode()),
        ("token_sha256", "00" * 31),
        ("token_sha256", "zz" * 32),
        ("sm2_user_id", "x" * 8192),
        ("sm2_private_key", "00"),
        ("sm2_public_key", "00"),
        ("rsa_private_key", "no PEM"),
        ("rsa_public_key", "no PEM"),
        ("password", "x"),
    ],
)
def test_a_text_that_is_not_what_its_name_says_is_refused(name: str, text: str) -> None:
    with pytest.raises(SecretsError) as refused:
        read_party({name: text})
    assert name in refused.value.words.zh or "SM2" in refused.value.words.zh
    assert text not in str(refused.value) or name == "password"


def test_a_key_of_another_kind_is_no_rsa_key() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    small = rsa.generate_private_key(65537, 2048)
    with pytest.raises(SecretsError):
        read_party({"rsa_private_key": private_pem(other)})
    with pytest.raises(SecretsError):
        read_party({"rsa_public_key": public_pem(other)})
    with pytest.raises(SecretsError):
        read_party({"rsa_private_key": public_pem(small)})
    locked = small.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"x"),
    )
    with pytest.raises(SecretsError):
        read_party({"rsa_private_key": locked.decode()})


def test_two_halves_of_two_pairs_are_refused() -> None:
    other = read_party({"sm2_private_key": "1" * 64}).require_sm2_public().raw.hex()
    with pytest.raises(SecretsError, match="private key"):
        read_party({"sm2_private_key": NUMBER, "sm2_public_key": other})


def test_a_centre_needs_only_the_digest_of_a_token() -> None:
    centre = read_party({"token_sha256": token_digest("abc").hex()})
    assert centre.token == ""
    assert centre.token_sha256 == read_party({"token": "abc"}).token_sha256


def test_an_institution_or_account_that_nobody_entered_is_unknown(secrets: Secrets) -> None:
    with pytest.raises(UnknownSignerError, match="X1"):
        secrets.institution("X1")
    with pytest.raises(UnknownSignerError):
        secrets.owner_of("nobody")
    with pytest.raises(UnknownSignerError):
        Secrets(institutions={"P1": Party()}).owner_of("")
    assert secrets.owner_of("jl-pharmacy-0002") == "P22010200456"
