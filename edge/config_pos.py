"""The table of the proxy: the institution's own software calls the terminal in place of the interface."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from codes.words import Words
from web.config_sections import Fault, ListeningSection, is_loopback
from web.option import option

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class PosMode(StrEnum):
    """What the terminal does for that software."""

    NONE = "none"
    PROXY = "proxy"
    LISTEN = "listen"


class CodesPolicy(StrEnum):
    """What happens where codes are short or extra."""

    BLOCK = "block"
    WARN = "warn"


class PosSection(ListeningSection):
    """Where the institution's software asks, and whom it is passed on to."""

    mode: Annotated[
        PosMode,
        option(
            Words("方式", "Mode"),
            Words(
                "none 关闭；proxy 转发医保接口报文并补入追溯码；listen 只旁听，一个字节也不改",
                "none; proxy: passes messages on and puts trace codes in; listen: watches and changes not one byte",
            ),
        ),
    ] = PosMode.NONE
    port: Annotated[
        int,
        option(
            Words("端口", "Port"),
            Words("收银软件或 HIS 的接口地址填本机此端口", "Where that software's interface address points to"),
            ge=1,
            le=65535,
        ),
    ] = 8622
    allowed_addresses: Annotated[
        tuple[str, ...],
        option(
            Words("允许的地址", "Allowed addresses"),
            Words(
                "可来访的其他机器或网段，如 192.168.1.20、192.168.1.0/24；对外开放时必填",
                "Which other machines may ask, such as 192.168.1.20 or 192.168.1.0/24; required where it is exposed",
            ),
        ),
    ] = ()
    url: Annotated[
        str,
        option(
            Words("转发到", "Upstream"),
            Words(
                "原来填在该软件里的接口地址（中心或医保网关）；其中的路径接在每条报文的路径前面",
                "The interface's address as that software had it (centre or gateway); a path in it goes before each "
                "message's own",
            ),
            max_length=400,
        ),
    ] = ""
    is_plain_http_allowed: Annotated[
        bool,
        option(
            Words("允许明文", "Plain HTTP"),
            Words(
                "其他机器的 http:// 地址（不加密）须打开；仅限专线等可信网络",
                "Needed for http:// to another machine, which hides nothing: on a closed network only",
            ),
        ),
    ] = False
    ca_file: Annotated[
        Path | None,
        option(
            Words("CA 证书", "CA certificate"),
            Words("签发对方证书的 CA（PEM）", "Authority of the upstream's certificate (PEM)"),
        ),
    ] = None
    answer_s: Annotated[
        float,
        option(
            Words("应答时限", "Answers"),
            Words(
                "最多等对方多久；应短于该软件自己的时限",
                "How long an answer is waited for; less than that software itself waits",
            ),
            unit="s",
            ge=1,
            le=300,
        ),
    ] = 50.0
    keeps_answers: Annotated[
        bool,
        option(
            Words("对方保留应答", "It keeps answers"),
            Words(
                "同一 msgid 重发时对方不重复办理、只重发原应答（本系统的中心即是）；不能确定时为 false",
                "A msgid sent again is not done again, only answered again (our centre); false if in doubt",
            ),
        ),
    ] = False
    policy: Annotated[
        CodesPolicy,
        option(
            Words("缺码多码", "Short or extra codes"),
            Words(
                "结算与上传时追溯码缺少或多余：warn 提示后放行，block 拦下",
                "Codes short or extra at a settlement or upload: warn shows it and goes on, block stops it",
            ),
        ),
    ] = CodesPolicy.WARN
    signs_unsigned: Annotated[
        bool,
        option(
            Words("代为签名", "Sign"),
            Words(
                "该软件未签名、本地要求签名且本机有机构密钥（[fsi] keys_folder）时由本机签名",
                "Sign what came unsigned where the area wants it and the institution's key is in [fsi] keys_folder",
            ),
        ),
    ] = True
    desk: Annotated[
        str,
        option(
            Words("本机台名", "Desk"),
            Words("本终端柜台的名称，报文未指明时即为它", "What this counter is called; where a message names none"),
            min_length=1,
            max_length=40,
        ),
    ] = "1"
    desk_header: Annotated[
        str,
        option(
            Words("台名报文头", "Desk header"),
            Words("该软件可用此 HTTP 头指明柜台", "HTTP header by which that software may name the desk"),
            pattern=r"^[A-Za-z0-9-]{1,60}$",
        ),
    ] = "x-yima-desk"
    desk_of_operator: Annotated[
        Mapping[str, str],
        option(
            Words("操作员所在台", "Desks of operators"),
            Words("按报文的 opter 指定柜台", "The desk by opter of the envelope"),
        ),
    ] = {}
    desk_of_address: Annotated[
        Mapping[str, str],
        option(
            Words("地址所在台", "Desks of addresses"),
            Words("按来访机器的地址指定柜台", "The desk by the address of the machine that asks"),
        ),
    ] = {}
    scanner_of_desk: Annotated[
        Mapping[str, str],
        option(
            Words("各台扫码枪", "Scanners of desks"),
            Words(
                "另有一把扫码枪的柜台：台名与该枪的名称；其余扫码都算本机台",
                "Desks with a scanner of their own, and its name; all other scans are of this terminal's desk",
            ),
        ),
    ] = {}
    sees_scans: Annotated[
        bool,
        option(
            Words("看得到扫码", "Sees scans"),
            Words(
                "旁听时：扫码枪接在本机，没有扫码就是没有扫",
                "When listening: the scanners are this terminal's, so that nothing scanned means that nothing was",
            ),
        ),
    ] = True
    operator: Annotated[
        str,
        option(
            Words("经办人", "Operator"),
            Words("本机补传 3505 时的经办人", "Who stands for a 3505 of the terminal's own"),
            min_length=1,
            max_length=20,
        ),
    ] = "yima"
    pharmacist: Annotated[
        str,
        option(
            Words("药师", "Pharmacist"),
            Words(
                "本机补传 3505 时填写的药师姓名；不填用 [till] pharmacists 的第一位",
                "The pharmacist whom a 3505 of the terminal's own names; else the first of [till] pharmacists",
            ),
            max_length=50,
        ),
    ] = ""
    pharmacist_licence: Annotated[
        str,
        option(Words("药师执业证号", "Licence"), Words("该药师的执业证号", "That pharmacist's licence"), max_length=50),
    ] = ""
    keep_days: Annotated[
        int,
        option(
            Words("保留天数", "Kept"),
            Words("往来记录与旁听结果保留多久", "How long the journal and what listening found is kept"),
            unit="d",
            ge=7,
            le=400,
        ),
    ] = 90

    def networks(self) -> tuple[Network, ...]:
        """Return who may ask besides this machine."""
        return tuple(ipaddress.ip_network(one, strict=False) for one in self.allowed_addresses)

    def faults(self) -> Iterator[Fault]:
        """Yield what is missing, lets strangers in, or sends people's names in the clear."""
        yield from super().faults()
        for index, one in enumerate(self.allowed_addresses):
            try:
                ipaddress.ip_network(one, strict=False)
            except ValueError:
                yield Fault(("allowed_addresses", index), Words("应为地址或网段", "should be an address or a network"))
        if self.mode is PosMode.NONE:
            return
        if self.is_exposed and not self.allowed_addresses:
            words = Words(
                "对外开放时须列出可来访的机器：本机可能替它们签名",
                "is required where it is exposed: the terminal may sign for whoever asks",
            )
            yield Fault(("allowed_addresses",), words)
        yield from self._faults_of_upstream()

    def _faults_of_upstream(self) -> Iterator[Fault]:
        address = urlsplit(self.url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            words = Words("应为完整地址，以 https:// 或 http:// 开头", "should be a whole address, https:// or http://")
            yield Fault(("url",), words)
        elif address.scheme == "http" and not is_loopback(address.hostname) and not self.is_plain_http_allowed:
            words = Words(
                "http:// 不加密；请用 https://，专线上确需明文的设 is_plain_http_allowed = true",
                "http:// hides nothing: use https://, or set is_plain_http_allowed = true on a closed network",
            )
            yield Fault(("url",), words)
        elif is_loopback(address.hostname) and address.port == self.port:
            yield Fault(("url",), Words("指向了本代理自己", "is this proxy itself"))
