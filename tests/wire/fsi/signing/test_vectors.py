"""The examples of GM/T 0002, 0003 and 0004, and a signature that another implementation made."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.fsi.signing import sm4
from wire.fsi.signing.curve import SM2, Curve, Point
from wire.fsi.signing.sm2 import DEFAULT_USER_ID, HALF_BYTES, Sm2PrivateKey, Sm2PublicKey, digest_of, sm3, z_of
from wire.fsi.signing.sm2_keys import read_private_key, read_public_key
from wire.fsi.signing.sm4 import BLOCK_BYTES, decrypt_ecb, encrypt_ecb

KEY_0002 = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")

TEST_CURVE = Curve(
    p=0x8542D69E4C044F18E8B92435BF6FF7DE457283915C45517D722EDB8B08F1DFC3,
    a=0x787968B4FA32C3FD2417842E73BBFEFF2F3C848B6831D7E0EC65228B3937E498,
    b=0x63E4C6D3B23B0C849CF84241484BFE48F61D59A5B16BA06E6E12D1DA27C5249A,
    n=0x8542D69E4C044F18E8B92435BF6FF7DD297720630485628D5AE74EE7C32E79B7,
    generator=(
        0x421DEBD61B62EAB6746434EBC3CC315E32220B3BADD50BDC4C4E6C147FEDD43D,
        0x0680512BCBB42C07D47349D2153B70C4E5D7FDFCBFA36EA1A85841B9E46E09A2,
    ),
)


class Example:
    """One example of GM/T 0003, all its numbers."""

    def __init__(self, curve: Curve, user_id: bytes, **numbers: str) -> None:
        self.curve = curve
        self.user_id = user_id
        self.text = b"message digest"
        value = {name: int(digits, 16) for name, digits in numbers.items()}
        self.private, self.nonce = value["d"], value["k"]
        self.public: Point = (value["x"], value["y"])
        self.z, self.e, self.signature = value["z"], value["e"], (value["r"], value["s"])

    @property
    def public_raw(self) -> bytes:
        return b"".join(number.to_bytes(HALF_BYTES) for number in self.public)

    @property
    def signature_raw(self) -> bytes:
        return b"".join(number.to_bytes(HALF_BYTES) for number in self.signature)


EXAMPLES = {
    "0003.2": Example(
        TEST_CURVE,
        b"ALICE123@YAHOO.COM",
        d="128B2FA8BD433C6C068C8D803DFF79792A519A55171B1B650C23661D15897263",
        x="0AE4C7798AA0F119471BEE11825BE46202BB79E2A5844495E97C04FF4DF2548A",
        y="7C0240F88F1CD4E16352A73C17B7F16F07353E53A176D684A9FE0C6BB798E857",
        z="F4A38489E32B45B6F876E3AC2168CA392362DC8F23459C1D1146FC3DBFB7BC9A",
        e="B524F552CD82B8B028476E005C377FB19A87E6FC682D48BB5D42E3D9B9EFFE76",
        k="6CB28D99385C175C94F94E934817663FC176D925DD72B727260DBAAE1FB2F96F",
        r="40F1EC59F793D9F49E09DCEF49130D4194F79FB1EED2CAA55BACDB49C4E755D1",
        s="6FC6DAC32C5D5CF10C77DFB20F7C2EB667A457872FB09EC56327A67EC7DEEBE7",
    ),
    "0003.5": Example(
        SM2,
        DEFAULT_USER_ID,
        d="3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8",
        x="09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020",
        y="CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13",
        z="B2E14C5C79C6DF5B85F4FE7ED8DB7A262B9DA7E07CCB0EA9F4747B8CCDA8A4F3",
        e="F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640",
        k="59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21",
        r="F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3",
        s="B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA",
    ),
}


def sign_as_written(curve: Curve, private: int, e: int, k: int) -> tuple[int, int]:
    """Sign by the formulas of the standard, with a given k: to compare the library with."""
    point = curve.multiply(k, curve.generator)
    assert point is not None
    r = (e + point[0]) % curve.n
    s = pow(1 + private, -1, curve.n) * (k - r * private) % curve.n
    return r, s


def is_signature_as_written(curve: Curve, public: Point, e: int, signature: tuple[int, int]) -> bool:
    r, s = signature
    t = (r + s) % curve.n
    if not (0 < r < curve.n and 0 < s < curve.n and t):
        return False
    point = curve.add(curve.multiply(s, curve.generator), curve.multiply(t, public))
    return point is not None and (e + point[0]) % curve.n == r


@pytest.mark.req("T-44")
def test_sm4_encrypts_the_standards_block() -> None:
    hidden = encrypt_ecb(KEY_0002, KEY_0002)
    assert hidden[:BLOCK_BYTES].hex().upper() == "681EDF34D206965E86B3E94F536E4246"
    assert decrypt_ecb(KEY_0002, hidden) == KEY_0002


@pytest.mark.req("T-44")
@pytest.mark.slow
def test_sm4_encrypts_the_standards_block_a_million_times() -> None:
    encrypt = sm4._cipher(KEY_0002).encryptor().update
    block = KEY_0002
    for _ in range(1_000_000):
        block = encrypt(block)
    assert block.hex().upper() == "595298C7C6FD271F0402F804C33D3F66"


@pytest.mark.req("T-44")
@pytest.mark.parametrize(
    ("text", "digest"),
    [
        (b"abc", "66C7F0F462EEEDD9D1F2D46BDC10E4E24167C4875CF2F7A2297DA02B8F4BA8E0"),
        (b"abcd" * 16, "DEBE9FF92275B8A138604889C18E5A4D6FDB70E5387E5765293DCBA39C0C5732"),
    ],
)
def test_sm3_digests_the_standards_texts(text: bytes, digest: str) -> None:
    assert sm3(text).hex().upper() == digest


@pytest.mark.req("T-44")
@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_sm2_has_the_standards_numbers_at_every_step(example: Example) -> None:
    curve = example.curve
    assert curve.holds(example.public)
    assert curve.multiply(example.private, curve.generator) == example.public
    assert int.from_bytes(z_of(example.user_id, example.public_raw, curve)) == example.z
    assert int.from_bytes(digest_of(example.text, example.user_id, example.public_raw, curve)) == example.e
    assert sign_as_written(curve, example.private, example.e, example.nonce) == example.signature
    assert is_signature_as_written(curve, example.public, example.e, example.signature)


@pytest.mark.req("T-44")
def test_the_library_verifies_the_standards_signature_and_no_neighbour_of_it() -> None:
    example = EXAMPLES["0003.5"]
    key, signature = Sm2PublicKey(example.public_raw), example.signature_raw
    assert key.verifies(signature, example.text, example.user_id)
    assert not key.verifies(signature, example.text, b"1234567812345679")
    assert not key.verifies(signature, b"message digesu", example.user_id)
    assert not key.verifies(signature[32:] + signature[:32], example.text, example.user_id)
    assert not key.verifies(signature[:-1], example.text, example.user_id)
    assert not key.verifies(signature + b"\0", example.text, example.user_id)


@pytest.mark.req("T-44")
def test_a_signature_by_openssl_verifies() -> None:
    """Made by OpenSSL 3.0: `pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:test-client`."""
    key = read_public_key(
        "MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAEsMwvyIlRciznj4yXmzliCfIzzQ5X"
        "+D1RVkMfDTvDvE3or61okQxJ/j/+ZeffmwijiLOUHjuBTcaZUgnO9VTvaQ=="
    )
    signature = bytes.fromhex(
        "b3968479e92e616aa74bda6f193a28c2cad0759220764017c0815581ac5eb0fc"
        "6686508eeb0f08c9c6155d89448371d72cb27a0c432aa5d076b429ec1c6f7f11"
    )
    assert key.verifies(signature, b"message digest", b"test-client")


scalars = st.integers(1, SM2.n - 2)


@settings(max_examples=20, deadline=None)
@given(scalars, scalars, st.binary(max_size=200), st.binary(max_size=40))
def test_the_library_and_the_standards_formulas_verify_each_other(d: int, k: int, text: bytes, user_id: bytes) -> None:
    key = Sm2PrivateKey(d.to_bytes(HALF_BYTES))
    e = int.from_bytes(digest_of(text, user_id, key.public.raw))
    ours = key.sign(text, user_id)
    point = (int.from_bytes(key.public.raw[:HALF_BYTES]), int.from_bytes(key.public.raw[HALF_BYTES:]))
    assert is_signature_as_written(
        SM2, point, e, (int.from_bytes(ours[:HALF_BYTES]), int.from_bytes(ours[HALF_BYTES:]))
    )
    r, s = sign_as_written(SM2, d, e, k)
    assert key.public.verifies(r.to_bytes(HALF_BYTES) + s.to_bytes(HALF_BYTES), text, user_id)


def test_the_ends_of_the_range_of_keys_sign() -> None:
    for number in (1, 2, SM2.n - 2):
        key = read_private_key(f"{number:064x}")
        assert key.public.verifies(key.sign(b"text", b"id"), b"text", b"id")


def test_the_curves_arithmetic_knows_the_point_at_infinity() -> None:
    generator = SM2.generator
    opposite = (generator[0], SM2.p - generator[1])
    assert SM2.add(generator, opposite) is None
    assert SM2.add(None, generator) == generator == SM2.add(generator, None)
    assert SM2.multiply(SM2.n, generator) is None
    assert SM2.multiply(SM2.n - 1, generator) == opposite
