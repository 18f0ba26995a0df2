"""SM2 signatures with SM3 (GM/T 0003.2), in the form the insurance interface uses: 64 bytes, R then S.

The digest is made here, because the user id goes into it; the arithmetic is done by `gmssl-pyx`, which is imported at
the first signature so that a command line without it still starts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from codes.words import Words
from wire.fsi.signing.curve import SM2, Curve, Point
from wire.fsi.signing.errors import SmLibraryMissingError

DEFAULT_USER_ID = b"1234567812345678"
"""GM/T 0009: the user id where the two sides have agreed on none."""
LONGEST_USER_ID = 8191
"""Its length in bits must fit into two bytes."""
HALF_BYTES = 32
SIGNATURE_BYTES = 2 * HALF_BYTES
_FINGERPRINT_BYTES = 8


class _Library(Protocol):
    """The two functions of gmssl-pyx that are used; signatures in DER."""

    def sm2_sign_sm3_digest(self, private_key: bytes, digest: bytes) -> bytes: ...
    def sm2_verify_sm3_digest(self, public_key: bytes, digest: bytes, signature: bytes) -> bool: ...


# No slots: what is computed once needs a place in the instance.
@dataclass(frozen=True)
class Sm2PublicKey:
    """The half that verifies. Made by `read_public_key`, which refuses points that are not on the curve."""

    raw: bytes
    """64 bytes: x, then y."""

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that name the key in records."""
        return sm3(self.raw)[:_FINGERPRINT_BYTES].hex()

    def verifies(self, signature: bytes, text: bytes, user_id: bytes) -> bool:
        """Tell whether `signature` was made over `text` by the private half."""
        if len(signature) != SIGNATURE_BYTES:
            return False
        r, s = int.from_bytes(signature[:HALF_BYTES]), int.from_bytes(signature[HALF_BYTES:])
        # The library would say no as well, but prints a trace for each: a flood of nonsense must not fill the log.
        if not (0 < r < SM2.n and 0 < s < SM2.n):
            return False
        digest = digest_of(text, user_id, self.raw)
        return bool(_library().sm2_verify_sm3_digest(self.raw, digest, encode_dss_signature(r, s)))


@dataclass(frozen=True)
class Sm2PrivateKey:
    """The half that signs. Made by `read_private_key`."""

    raw: bytes = field(repr=False)
    """32 bytes, between 1 and n - 2."""

    @cached_property
    def public(self) -> Sm2PublicKey:
        point = SM2.multiply(int.from_bytes(self.raw), SM2.generator)
        assert point is not None  # noqa: S101 - the order of the generator is n, and the key is below it
        return Sm2PublicKey(_raw(point))

    def sign(self, text: bytes, user_id: bytes) -> bytes:
        """Return R and S, 32 bytes each."""
        digest = digest_of(text, user_id, self.public.raw)
        r, s = decode_dss_signature(_library().sm2_sign_sm3_digest(self.raw, digest))
        return r.to_bytes(HALF_BYTES) + s.to_bytes(HALF_BYTES)


def sm3(text: bytes) -> bytes:
    """Return the 32-byte SM3 digest (GM/T 0004)."""
    digest = hashes.Hash(hashes.SM3())
    digest.update(text)
    return digest.finalize()


def z_of(user_id: bytes, public: bytes, curve: Curve = SM2) -> bytes:
    """Return the standard's Z: a digest of user id, curve and public key, which is signed before the text."""
    length_bits = (8 * len(user_id)).to_bytes(2)
    numbers = (curve.a, curve.b, *curve.generator)
    return sm3(length_bits + user_id + b"".join(number.to_bytes(HALF_BYTES) for number in numbers) + public)


def digest_of(text: bytes, user_id: bytes, public: bytes, curve: Curve = SM2) -> bytes:
    """Return what is signed: SM3 over Z and the text."""
    return sm3(z_of(user_id, public, curve) + text)


def _raw(point: Point) -> bytes:
    x, y = point
    return x.to_bytes(HALF_BYTES) + y.to_bytes(HALF_BYTES)


def _library() -> _Library:
    try:
        import gmssl_pyx  # noqa: PLC0415 - only where SM2 is used; the base installation has none
    except ImportError as exc:
        words = Words("缺少组件 gmssl-pyx，无法使用 SM2 签名", "gmssl-pyx is not installed: SM2 signatures need it")
        raise SmLibraryMissingError(words) from exc
    library: _Library = gmssl_pyx
    return library
