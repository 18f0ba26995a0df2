"""A server does TLS only with a certificate and a key that were made for each other and that nobody else can read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from web.config_sections import ListeningSection
from web.secret_file import SecretFileError
from web.tls import CertificateError, tls_files


def written_pair(folder: Path, name: str) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()))
    secret.chmod(0o600)
    return chain, secret


def test_without_files_there_is_no_tls() -> None:
    assert tls_files(ListeningSection()) == {}


def test_a_pair_is_handed_to_the_server(tmp_path: Path) -> None:
    chain, key = written_pair(tmp_path, "a")
    told = tls_files(ListeningSection(certificate_file=chain, key_file=key))
    assert told == {"ssl_certfile": str(chain), "ssl_keyfile": str(key)}


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    chain, key = written_pair(tmp_path, "a")
    key.chmod(0o644)
    with pytest.raises(SecretFileError, match=r"a\.key"):
        tls_files(ListeningSection(certificate_file=chain, key_file=key))


def test_a_pair_that_does_not_fit_or_is_not_there_is_refused(tmp_path: Path) -> None:
    chain, key = written_pair(tmp_path, "a")
    _, other = written_pair(tmp_path, "b")
    for files in (
        {"certificate_file": chain, "key_file": other},
        {"certificate_file": tmp_path / "c", "key_file": key},
    ):
        with pytest.raises(CertificateError, match="无法使用"):
            tls_files(ListeningSection(**files))
