"""A certificate that a machine makes for itself: for a handful of programs that are told whom to believe.

Nobody else vouches for it. A program believes the file itself, or its fingerprint.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CLOCKS_DIFFER = timedelta(days=1)
_LONGEST_NAME = 64
_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True, slots=True)
class CertificateShown:
    """A certificate as people compare it."""

    names: tuple[str, ...]
    """Under which it is good."""
    fingerprint: str
    """SHA-256 of the certificate, as browsers and openssl show it: `AB:CD:…`."""
    expires_at: datetime


def make_self_signed(
    certificate: Path, key: Path, names: Sequence[str], *, now: datetime, lasts: timedelta
) -> CertificateShown:
    """Write a new key, readable by its owner only, and the certificate for it.

    Args:
        certificate: Where the certificate goes; what is there is replaced.
        key: Where the key goes; a file that is there is used again, so that it may be one of the machine's own.
        names: Host names and addresses under which the machine is reached, the first one first.
        now: From when it is good.
        lasts: For how long.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: The key that is there is none.
    """
    private = _load_or_make(key)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:_LONGEST_NAME])])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        # It is its own authority: programs may be told to believe it, and it can vouch for no other.
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .sign(private, hashes.SHA256())
    )
    replacement = certificate.with_name(f"{certificate.name}.new")
    replacement.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    replacement.replace(certificate)
    return _shown(made)


def read_certificate(certificate: Path) -> CertificateShown:
    """Return what a certificate says.

    Raises:
        OSError: It cannot be read.
        ValueError: It is none.
    """
    return _shown(x509.load_pem_x509_certificate(certificate.read_bytes()))


def _load_or_make(path: Path) -> ec.EllipticCurvePrivateKey:
    if path.exists():
        found = serialization.load_pem_private_key(path.read_bytes(), None)
        if not isinstance(found, ec.EllipticCurvePrivateKey):
            raise ValueError("the key is of another kind")
        return found
    made = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8
    pem = made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    return made


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _shown(certificate: x509.Certificate) -> CertificateShown:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    names = (*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress)))
    digest = certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    return CertificateShown(names, digest, certificate.not_valid_after_utc)
