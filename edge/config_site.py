"""The table of the terminals of one site."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from codes.words import Words
from web.config_sections import Fault, Section
from web.option import option


class SiteSection(Section):
    """How the terminals of one site tell each other what they sold. Off unless there is a list."""

    file: Annotated[
        Path | None,
        option(
            Words("本店终端名单", "List of the site's terminals"),
            Words(
                "本店各终端的编号、地址和公钥，各台用同一份文件；不填则不与其他终端通信",
                "Id, address and public key of each terminal of the site, the same file on each; without it no other "
                "terminal is asked or answered",
            ),
        ),
    ] = None
    host: Annotated[
        str,
        option(
            Words("监听地址", "Address"),
            Words(
                "其他终端来询问的地址：本机在店内局域网上的地址",
                "Where the others ask: the address of this machine on the site's own network",
            ),
            min_length=1,
        ),
    ] = "127.0.0.1"
    port: Annotated[
        int, option(Words("端口", "Port"), Words("其他终端来询问的端口", "Where the others ask"), ge=1, le=65535)
    ] = 8621
    ca_file: Annotated[
        Path | None,
        option(
            Words("CA 证书", "CA certificate"),
            Words(
                "签发各终端证书的 CA（PEM）；填写后各终端之间一律加密（TLS）",
                "Authority of the terminals' certificates (PEM); with it they speak TLS and nothing else",
            ),
        ),
    ] = None
    certificate_file: Annotated[
        Path | None,
        option(Words("本端证书", "Certificate"), Words("本终端的证书（PEM）", "Certificate of this terminal (PEM)")),
    ] = None
    key_file: Annotated[
        Path | None,
        option(
            Words("证书私钥", "Key"),
            Words("本端证书的私钥（PEM，不加密）", "Private key of that certificate (PEM, not encrypted)"),
        ),
    ] = None

    def faults(self) -> Iterator[Fault]:
        """Yield what would listen where nobody of the site is, or leave half of the way unencrypted."""
        if self.host in {"0.0.0.0", "::"}:
            words = Words(
                "请填写本机在店内局域网上的地址，不要监听所有网络",
                "give the address of this machine on the site's own network, not all networks",
            )
            yield Fault(("host",), words)
        tls = {"ca_file": self.ca_file, "certificate_file": self.certificate_file, "key_file": self.key_file}
        if any(tls.values()):
            words = Words(
                "ca_file、certificate_file 与 key_file 须一并填写",
                "ca_file, certificate_file and key_file go together",
            )
            yield from (Fault((name,), words) for name, path in tls.items() if path is None)
