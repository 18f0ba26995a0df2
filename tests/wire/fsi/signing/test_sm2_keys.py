"""Keys in every form in which they are handed out; what is no key, or half of another pair, is refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.fsi.signing.curve import SM2
from wire.fsi.signing.errors import SecretsError
from wire.fsi.signing.sm2 import Sm2PublicKey
from wire.fsi.signing.sm2_keys import read_private_key, read_public_key

NUMBER = "3a7509d6f3432d22c138aca7bd29f51ea6814f1eb2cf09c6183dc7c06ce3f5ad"
POINT = (
    "b0cc2fc88951722ce78f8c979b396209f233cd0e57f83d5156431f0d3bc3bc4d"
    "e8afad68910c49fe3ffe65e7df9b08a388b3941e3b814dc6995209cef554ef69"
)
PKCS8 = """\
-----BEGIN SM2 PARAMETERS-----
BggqgRzPVQGCLQ==
-----END SM2 PARAMETERS-----
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqBHM9VAYItBG0wawIBAQQgOnUJ1vNDLSLBOKyn
vSn1HqaBTx6yzwnGGD3HwGzj9a2hRANCAASwzC/IiVFyLOePjJebOWIJ8jPNDlf4
PVFWQx8NO8O8TeivrWiRDEn+P/5l59+bCKOIs5QeO4FNxplSCc71VO9p
-----END PRIVATE KEY-----
"""
SPKI = """\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAEsMwvyIlRciznj4yXmzliCfIzzQ5X
+D1RVkMfDTvDvE3or61okQxJ/j/+ZeffmwijiLOUHjuBTcaZUgnO9VTvaQ==
-----END PUBLIC KEY-----
"""
SPKI_COMPRESSED = """\
-----BEGIN PUBLIC KEY-----
MDkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DIgADsMwvyIlRciznj4yXmzliCfIzzQ5X
+D1RVkMfDTvDvE0=
-----END PUBLIC KEY-----
"""
P256_PRIVATE = """\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIBqKemaC0N3RzSmW/P68YKWp5/r50gnuc5+lZF8cHVQHoAoGCCqGSM49
AwEHoUQDQgAE9cuAc/DmoWXcJLLFqv0buDjhkRNG1mWHvMB0Ay70neUcy8nKtwRm
AXrs2uAN6+RHYnBXl7ucKol0u+EGTUMo/w==
-----END EC PRIVATE KEY-----
"""
P256_PUBLIC = """\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE9cuAc/DmoWXcJLLFqv0buDjhkRNG
1mWHvMB0Ay70neUcy8nKtwRmAXrs2uAN6+RHYnBXl7ucKol0u+EGTUMo/w==
-----END PUBLIC KEY-----
"""
PAIR = read_private_key(NUMBER)


def element(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    head = bytes([tag, len(content)]) if len(content) < 128 else bytes([tag, 0x81, len(content)])
    return head + content


ONE = element(2, b"\1")
OID = element(6, bytes.fromhex("2a811ccf5501822d"))
SEC1_PUBLIC = element(0xA1, element(3, b"\0\4", bytes.fromhex(POINT)))
SEC1 = element(0x30, ONE, element(4, bytes.fromhex(NUMBER)), element(0xA0, OID), SEC1_PUBLIC)


def pem(label: str, der: bytes) -> str:
    return f"-----BEGIN {label}-----\n{base64.b64encode(der).decode()}\n-----END {label}-----\n"


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    "text",
    [
        NUMBER,
        NUMBER.upper(),
        f"  {NUMBER[:32]}\n{NUMBER[32:]}\n",
        f"00{NUMBER}",
        b64(bytes.fromhex(NUMBER)),
        b64(b"\0" + bytes.fromhex(NUMBER)),
        PKCS8,
        "".join(PKCS8.splitlines()[4:-1]),
        pem("EC PRIVATE KEY", SEC1),
        pem("SM2 PRIVATE KEY", SEC1),
        pem("EC PRIVATE KEY", element(0x30, ONE, element(4, bytes.fromhex(NUMBER)), element(0xA0, OID))),
        SEC1.hex(),
    ],
)
def test_a_private_key_is_read_in_every_form(text: str) -> None:
    assert read_private_key(text) == PAIR


@pytest.mark.parametrize(
    "text",
    [
        POINT,
        f"04{POINT}",
        f"03{POINT[:64]}",
        b64(bytes.fromhex(POINT)),
        b64(bytes.fromhex(f"04{POINT}")),
        SPKI,
        SPKI_COMPRESSED,
        "".join(SPKI.splitlines()[1:-1]),
    ],
)
def test_a_public_key_is_read_in_every_form(text: str) -> None:
    assert read_public_key(text) == PAIR.public
    assert PAIR.public.fingerprint == "d6da151c7d46460b"


def test_a_compressed_key_has_the_y_that_its_sign_says() -> None:
    opposite = read_public_key(f"02{POINT[:64]}")
    assert opposite.raw[:32] == PAIR.public.raw[:32]
    assert int.from_bytes(opposite.raw[32:]) == SM2.p - int.from_bytes(PAIR.public.raw[32:])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no key",
        "0" * 64,
        f"{SM2.n - 1:064x}",
        f"{SM2.n:064x}",
        "f" * 64,
        NUMBER[:-2],
        f"01{NUMBER}",
        POINT,
        SPKI,
        P256_PRIVATE,
        "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----",
        pem("PRIVATE KEY", SEC1[:-3]),
        pem("PRIVATE KEY", SEC1 + b"\0"),
        pem("EC PRIVATE KEY", element(0x30, ONE, element(4, bytes.fromhex(NUMBER)))),
        pem("EC PRIVATE KEY", element(0x30, ONE, element(0xA0, OID))),
        pem("EC PRIVATE KEY", element(0x30, ONE, element(4, b"\5" * 32), element(0xA0, OID), SEC1_PUBLIC)),
        pem("EC PRIVATE KEY", element(0x30, ONE, element(4, b"\5" * 32), element(0xA0, OID), element(0xA1, ONE))),
        pem("EC PRIVATE KEY", element(0x30, ONE, element(4, b"\5" * 32), element(0xA0, OID), element(0xA1))),
        pem("EC PRIVATE KEY", b"\x30"),
        pem("EC PRIVATE KEY", b"\x30\x83\0\0\1\0"),
        pem("EC PRIVATE KEY", b"\x30\x82\1"),
        pem("EC PRIVATE KEY", b"\x30\x80\0\0"),
    ],
)
def test_what_is_no_private_key_is_refused(text: str) -> None:
    with pytest.raises(SecretsError):
        read_private_key(text)


def test_an_encrypted_private_key_says_so() -> None:
    for text in (pem("ENCRYPTED PRIVATE KEY", b"1"), "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"):
        with pytest.raises(SecretsError, match="encrypted"):
            read_private_key(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no key",
        POINT[:-1] + "8",
        "00" * 64,
        "ff" * 64,
        f"05{POINT}",
        f"04{POINT[:64]}",
        "02" + "ff" * 32,
        f"{SM2.p + 1:064x}"[:64] + POINT[64:],
        P256_PUBLIC,
        PKCS8,
        pem("PUBLIC KEY", element(0x30, element(0x30, OID), element(3, b"\1\4", bytes.fromhex(POINT)))),
        pem("PUBLIC KEY", element(0x30, element(0x30, OID), element(4, b"\0\4", bytes.fromhex(POINT)))),
        pem("PUBLIC KEY", element(0x30, element(0x30, OID), element(3, b"\0\4", bytes.fromhex(POINT[:64])))),
        pem("PUBLIC KEY", element(4, b"1" * 70)),
    ],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(SecretsError):
        read_public_key(text)


@given(st.one_of(st.text(max_size=100), st.binary(max_size=120).map(b64), st.binary(max_size=70).map(bytes.hex)))
def test_noise_is_a_key_of_this_curve_or_refused(noise: str) -> None:
    for read in (read_private_key, read_public_key):
        try:
            key = read(noise)
        except SecretsError:
            continue
        public = key if isinstance(key, Sm2PublicKey) else key.public
        assert SM2.holds((int.from_bytes(public.raw[:32]), int.from_bytes(public.raw[32:])))


def test_a_private_key_does_not_show_itself() -> None:
    assert NUMBER not in repr(PAIR)
    assert str(bytes.fromhex(NUMBER)) not in repr(PAIR)
