"""`yima edge certificate`: the certificate with which a terminal answers other machines."""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from codes.errors import ConfigError
from codes.words import Words
from edge.clock import SystemClock
from edge.config import ApiSection, load_config
from edge.errors import EdgeError
from web.faults import words_of_file
from web.self_signed import CertificateShown, make_self_signed, read_certificate

_DAYS = 825


class NoCertificatePathError(EdgeError, ConfigError):
    """The configuration does not say where the certificate belongs."""

    code: ClassVar[str] = "config.no_certificate_path"
    next_step: ClassVar[Words] = Words(
        "请在配置文件 [api] 中填写 certificate_file 和 key_file，再执行本命令。",
        "Name certificate_file and key_file in [api] of the configuration, then run this again.",
    )

    def __init__(self) -> None:
        super().__init__(Words("配置中没有证书路径", "The configuration names no certificate"))


class CertificateFileError(EdgeError, ConfigError):
    """The certificate or its key cannot be read or written."""

    code: ClassVar[str] = "config.certificate_file"
    next_step: ClassVar[Words] = Words(
        "请核对路径与权限，并以运行终端的账户执行；由别处签发的证书请照旧由签发处更换。",
        "Check paths and permissions, and run this as the terminal's account; one from elsewhere is renewed there.",
    )


def certificate(
    config: Annotated[Path, typer.Option("--config", help="配置文件 / Configuration file", show_default=False)],
    name: Annotated[
        list[str] | None,
        typer.Option(
            help="其他机器访问本终端用的名称或地址，可多次给出 / Name or address others use", show_default=False
        ),
    ] = None,
    days: Annotated[int, typer.Option(help="有效天数 / Days it is good", min=1, max=3_650)] = _DAYS,
    renew: Annotated[bool, typer.Option("--renew", help="重做证书，私钥不变 / Make it anew, for the same key")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")] = False,
) -> None:
    """生成或显示本机自签证书与指纹 / Make or show our own certificate.

    把证书文件复制到收银机并设为信任，或在对接程序里固定指纹 / Copy the certificate to the POS, or pin its fingerprint.
    已有证书时只显示；重做后须重启终端 / One that is there is only shown. Restart the terminal after a renewal.
    """
    api = load_config(config).api
    if api.certificate_file is None or api.key_file is None:
        raise NoCertificatePathError
    try:
        if api.certificate_file.exists() and not renew:
            shown, is_new = read_certificate(api.certificate_file), False
        else:
            now, lasts = SystemClock().now(), timedelta(days=days)
            names = _names(api, name or [])
            shown, is_new = make_self_signed(api.certificate_file, api.key_file, names, now=now, lasts=lasts), True
    except OSError as exc:
        why = words_of_file(exc)
        raise CertificateFileError(Words(f"证书无法读写：{why.zh}", f"The certificate: {why.en}")) from exc
    except ValueError as exc:
        raise CertificateFileError(Words(f"证书或私钥无法使用：{exc}", f"Certificate or key: {exc}")) from exc
    _show(shown, api.certificate_file, is_new=is_new, as_json=as_json)


def _names(api: ApiSection, given: list[str]) -> list[str]:
    """Return under which names the machine is reached: those that are given, and those the terminal answers to."""
    own = [*api.accepted_hosts, socket.gethostname(), "localhost", "127.0.0.1"]
    return list(dict.fromkeys(one for one in (*given, *own) if one))


def _show(shown: CertificateShown, path: Path, *, is_new: bool, as_json: bool) -> None:
    if as_json:
        told = {"file": str(path), "fingerprint": shown.fingerprint, "names": shown.names, "is_new": is_new}
        typer.echo(json.dumps({**told, "expires_at": shown.expires_at.isoformat()}))
        return
    typer.echo(f"证书 / certificate  {path}{'  （新 / new）' if is_new else ''}")
    typer.echo(f"指纹 / fingerprint  {shown.fingerprint}")
    typer.echo(f"名称 / names        {', '.join(shown.names)}")
    typer.echo(f"到期 / expires      {shown.expires_at:%Y-%m-%d}")
