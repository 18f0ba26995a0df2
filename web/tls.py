"""Certificates and keys, tried before anything else starts: those of the web server and of the way to the broker."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import ClassVar, NoReturn, Protocol, TypedDict

from codes.errors import ConfigError
from codes.words import Words
from web.config_sections import ListeningSection
from web.errors import WebError
from web.faults import words_of_file
from web.secret_file import refuse_open_key


class CertificateError(WebError, ConfigError):
    """Certificate and key cannot be used."""

    code: ClassVar[str] = "config.certificate"
    next_step: ClassVar[Words] = Words(
        "请检查 certificate_file 与 key_file：须为 PEM 格式且相互匹配。",
        "Check certificate_file and key_file: both in PEM, and made for each other.",
    )


_CHECK_CA = Words(
    "请检查 ca_file：须为签发对方证书的 CA 的证书（PEM）。",
    "Check ca_file: the certificate, in PEM, of the authority that signed those of the other side.",
)
_DECRYPT = Words(
    "请去掉私钥的口令（如 openssl pkey -in 原文件 -out 新文件），并把权限设为 600。",
    "Write the key without its passphrase (openssl pkey -in OLD -out NEW), with mode 600.",
)


class TlsFiles(TypedDict, total=False):
    """What uvicorn is told."""

    ssl_certfile: str
    ssl_keyfile: str


class MutualFiles(Protocol):
    """A section that names an authority for the other side and a certificate of our own."""

    @property
    def ca_file(self) -> Path | None: ...

    @property
    def certificate_file(self) -> Path | None: ...

    @property
    def key_file(self) -> Path | None: ...


def tls_files(section: ListeningSection) -> TlsFiles:
    """Return what uvicorn needs to do TLS; nothing if it shall not.

    Raises:
        CertificateError: They cannot be read, are none, or do not belong together.
        SecretFileError: Others may read the key.
    """
    certificate, key = section.certificate_file, section.key_file
    if certificate is None or key is None:
        return {}
    _try_pair(certificate, key)
    return {"ssl_certfile": str(certificate), "ssl_keyfile": str(key)}


def try_broker_files(section: MutualFiles) -> None:
    """Make sure that the way to the other side, mostly the broker, can be opened with the files that the section names.

    Raises:
        CertificateError: They cannot be read, are none, or do not belong together.
        SecretFileError: Others may read the key.
    """
    if section.ca_file is not None:
        _refuse_unreadable("ca_file", section.ca_file, next_step=_CHECK_CA)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(section.ca_file)
        except OSError as exc:
            raise _unusable("ca_file", section.ca_file, Words(str(exc), str(exc)), next_step=_CHECK_CA) from exc
    if section.certificate_file is not None and section.key_file is not None:
        _try_pair(section.certificate_file, section.key_file)


def _try_pair(certificate: Path, key: Path) -> None:
    _refuse_unreadable("certificate_file", certificate)
    _refuse_unreadable("key_file", key)
    refuse_open_key(key)

    def refuse_to_decrypt() -> NoReturn:
        # Without this, OpenSSL would ask for a passphrase on the terminal and wait.
        words = Words(
            "私钥已加密，启动时无法输入口令", "the key is encrypted, and nobody is there to type its passphrase"
        )
        raise _unusable("key_file", key, words, next_step=_DECRYPT)

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, refuse_to_decrypt)
    except OSError as exc:
        raise _unusable("certificate_file", certificate, Words(str(exc), str(exc))) from exc


def _refuse_unreadable(option: str, path: Path, *, next_step: Words | None = None) -> None:
    try:
        path.open("rb").close()
    except OSError as exc:
        raise _unusable(option, path, words_of_file(exc), next_step=next_step) from exc


def _unusable(option: str, path: Path, reason: Words, *, next_step: Words | None = None) -> CertificateError:
    return CertificateError(
        Words(f"{option}（{path}）无法使用：{reason.zh}", f"{option} ({path}) cannot be used: {reason.en}"),
        next_step=next_step,
    )
