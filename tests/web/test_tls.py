"""A server does TLS only with a certificate and a key that were made for each other and that nobody else can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.certificates import written_pair
from web.config_sections import ListeningSection
from web.secret_file import SecretFileError
from web.tls import CertificateError, tls_files


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
