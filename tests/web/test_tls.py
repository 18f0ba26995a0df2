"""A server does TLS only with a certificate and a key that were made for each other and that nobody else can read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.certificates import written_pair
from web.config_sections import BrokerSection, ListeningSection
from web.secret_file import SecretFileError
from web.tls import CertificateError, tls_files, try_broker_files


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


def test_an_encrypted_key_is_refused_instead_of_asked_for(tmp_path: Path) -> None:
    chain, key = written_pair(tmp_path, "a", b"secret")
    for attempt in (
        lambda: tls_files(ListeningSection(certificate_file=chain, key_file=key)),
        lambda: try_broker_files(BrokerSection(ca_file=chain, certificate_file=chain, key_file=key)),
    ):
        with pytest.raises(CertificateError, match=r"key_file .*a\.key.* encrypted") as caught:
            attempt()
        assert "openssl pkey" in caught.value.next_step.zh


def test_files_of_the_way_to_the_broker_pass_if_they_can_be_used(tmp_path: Path) -> None:
    chain, key = written_pair(tmp_path, "a")
    try_broker_files(BrokerSection())
    try_broker_files(BrokerSection(ca_file=chain, certificate_file=chain, key_file=key))


@pytest.mark.parametrize(("content", "reason"), [(None, "文件不存在"), (b"", ""), (b"no certificate\n", "")])
def test_an_authority_that_is_none_is_refused_by_option_and_file(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    authority = tmp_path / "ca.pem"
    if content is not None:
        authority.write_bytes(content)
    with pytest.raises(CertificateError, match=rf"ca_file（.*ca\.pem）无法使用：{reason}") as caught:
        try_broker_files(BrokerSection(ca_file=authority))
    assert "ca_file" in caught.value.next_step.zh


def test_a_folder_is_no_authority(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="这是一个目录"):
        try_broker_files(BrokerSection(ca_file=tmp_path))


def test_a_pair_for_the_broker_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    chain, key = written_pair(tmp_path, "a")
    _, other = written_pair(tmp_path, "b")
    with pytest.raises(CertificateError, match="certificate_file"):
        try_broker_files(BrokerSection(ca_file=chain, certificate_file=chain, key_file=other))
    key.unlink()
    with pytest.raises(CertificateError, match="key_file（"):
        try_broker_files(BrokerSection(ca_file=chain, certificate_file=chain, key_file=key))
