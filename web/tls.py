"""The certificate of a web server, tried before anything else starts."""

from __future__ import annotations

import ssl
from typing import ClassVar, TypedDict

from codes.errors import ConfigError
from codes.words import Words
from web.config_sections import ListeningSection
from web.errors import WebError
from web.secret_file import refuse_open_file


class CertificateError(WebError, ConfigError):
    """Certificate and key cannot be used."""

    code: ClassVar[str] = "config.certificate"
    next_step: ClassVar[Words] = Words(
        "请检查 certificate_file 与 key_file：须为 PEM 格式且相互匹配。",
        "Check certificate_file and key_file: both in PEM, and made for each other.",
    )


class TlsFiles(TypedDict, total=False):
    """What uvicorn is told."""

    ssl_certfile: str
    ssl_keyfile: str


def tls_files(section: ListeningSection) -> TlsFiles:
    """Return what uvicorn needs to do TLS; nothing if it shall not.

    Raises:
        CertificateError: They cannot be read, are none, or do not belong together.
        SecretFileError: Others may read the key.
    """
    certificate, key = section.certificate_file, section.key_file
    if certificate is None or key is None:
        return {}
    refuse_open_file(key)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as exc:
        raise CertificateError(
            Words(f"证书 {certificate} 无法使用：{exc}", f"The certificate {certificate} cannot be used: {exc}")
        ) from exc
    return {"ssl_certfile": str(certificate), "ssl_keyfile": str(key)}
