"""The table of the national interface: which way it is reached, as which desk, and how this place speaks it.

Off unless it says so. What it needs of other tables (the institution's code and name, the way to the centre) is said
here too, before anybody stands at the counter.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import urlsplit

from codes.words import Words
from edge.config_person import InstitutionSection
from web.config_sections import Fault, Section, is_loopback
from web.option import option
from wire.fsi.areas import area_names

DESKS = 100
LONGEST_CODE = 14
"""An id of a message has 30 characters: the code, 14 of time, two for the desk and what is left for a count."""
_NEEDED = Words("启用医保接口时须填写", "is required with the interface")


class Way(StrEnum):
    """How messages reach the interface."""

    MQTT = "mqtt"
    """Over the line to our centre."""
    HTTP = "http"
    """To an address: of our centre, or of a gateway of the platform."""


class FsiSection(Section):
    """The national interface: insured settlement."""

    is_enabled: Annotated[
        bool, option(Words("启用", "Enabled"), Words("本机办理医保结算", "This terminal settles with the insurance"))
    ] = False
    way: Annotated[
        Way,
        option(
            Words("通道", "Way"),
            Words(
                "mqtt：经与中心的连接；http：经 url 所指的接口地址",
                "mqtt: over the line to the centre; http: to the address in url",
            ),
        ),
    ] = Way.MQTT
    desk: Annotated[
        int | None,
        option(
            Words("台号", "Desk"),
            Words(
                "0–99，同一机构内不得重复（包括直接连接接口的其他软件）；报文号由它区分",
                "0 to 99, no two alike in one institution, other software included: it keeps message ids apart",
            ),
            ge=0,
            lt=DESKS,
        ),
    ] = None
    area: Annotated[
        str,
        option(Words("地区规范", "Area"), Words("config/areas/ 中的一种", "One of those in config/areas/")),
    ] = "base"
    area_file: Annotated[
        Path | None,
        option(
            Words("地区文件", "Area file"), Words("自定义地区文件，优先于 area", "A file of one's own, before area")
        ),
    ] = None
    is_test_area: Annotated[
        bool,
        option(
            Words("测试环境", "Test area"),
            Words("以 signtype MOCK 代替签名", "Sends signtype MOCK in place of a signature"),
        ),
    ] = False
    url: Annotated[
        str,
        option(
            Words("接口地址", "Address"),
            Words("仅 http：完整地址，如 https://…/callService", "Only http: whole, such as https://…/callService"),
            max_length=400,
        ),
    ] = ""
    keeps_answers: Annotated[
        bool,
        option(
            Words("对方保留应答", "It keeps answers"),
            Words(
                "仅 http：同一 msgid 重发时对方不重复办理、只重发原应答（本系统的中心即是）；不能确定时为 false",
                "Only http: a msgid sent again is not done again, only answered again (our centre); false if in doubt",
            ),
        ),
    ] = False
    ca_file: Annotated[
        Path | None,
        option(
            Words("CA 证书", "CA certificate"),
            Words("仅 http：签发对方证书的 CA（PEM）", "Only http: authority of the other side's certificate (PEM)"),
        ),
    ] = None
    certificate_file: Annotated[
        Path | None,
        option(
            Words("本端证书", "Certificate"),
            Words("仅 http：双向 TLS 的本端证书（PEM）", "Only http: our own certificate for mutual TLS (PEM)"),
        ),
    ] = None
    key_file: Annotated[
        Path | None,
        option(
            Words("证书私钥", "Key"),
            Words("该证书的私钥（PEM，不加密）", "Private key of that certificate (PEM, not encrypted)"),
        ),
    ] = None
    token_file: Annotated[
        Path | None,
        option(
            Words("令牌文件", "Token file"),
            Words(
                "仅 http：中心发放的令牌（Authorization: Bearer），仅属主可读",
                "Only http: the token that the centre gave (Authorization: Bearer), readable by its owner only",
            ),
        ),
    ] = None
    headers_file: Annotated[
        Path | None,
        option(
            Words("报文头文件", "Headers file"),
            Words(
                "仅 http：网关另要求的报文头，每行一个“名称: 值”，仅属主可读",
                "Only http: what else a gateway wants, a “Name: value” a line, readable by its owner only",
            ),
        ),
    ] = None
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
    keys_folder: Annotated[
        Path | None,
        option(
            Words("密钥目录", "Keys folder"),
            Words(
                "签名与加密密钥：platform/ 与机构编码各一个子目录，其中每个文件一项（权限 600）",
                "Keys for signing and encryption: platform/ and a folder named by the institution's code, a file each",
            ),
        ),
    ] = None
    device: Annotated[
        str,
        option(
            Words("设备编号", "Device"),
            Words("报文头 dev_no，当地要求时填写", "dev_no of the envelope, where the bureau wants it"),
            max_length=100,
        ),
    ] = ""
    mac: Annotated[
        str,
        option(
            Words("签到 MAC", "MAC"),
            Words("9001 签到的 MAC；不填则取本机网卡的", "Of signing in (9001); that of this machine without it"),
            max_length=20,
        ),
    ] = ""
    ip: Annotated[
        str,
        option(
            Words("签到 IP", "IP"),
            Words("9001 签到的 IP；不填则取本机网卡的", "Of signing in (9001); that of this machine without it"),
            max_length=20,
        ),
    ] = ""
    is_sign_in_demanded: Annotated[
        bool | None,
        option(
            Words("要求签到", "Sign-in demanded"),
            Words(
                "未签到是否不得办理业务；不填则按地区文件", "Whether nothing goes without 9001; not given: as the area"
            ),
        ),
    ] = None
    read_s: Annotated[
        float,
        option(
            Words("查询时限", "Queries"),
            Words("查人员、预结算等最多等多久", "How long a person's record or a trial is waited for"),
            unit="s",
            ge=1,
            le=120,
        ),
    ] = 15.0
    ask_s: Annotated[
        float,
        option(
            Words("办理时限", "Settlements"),
            Words(
                "结算、撤销等最多等多久；之后自动查询结果", "How long a settlement is waited for; then it is looked up"
            ),
            unit="s",
            ge=1,
            le=120,
        ),
    ] = 30.0
    day_begins_h: Annotated[
        int,
        option(
            Words("营业日起点", "Day begins"),
            Words("日结的营业日从几点起；此前的销售算前一日", "The hour at which the business day turns, for day end"),
            unit="h",
            ge=0,
            le=12,
        ),
    ] = 0

    def faults(self) -> Iterator[Fault]:
        """Yield what is missing or would send people's names in the clear."""
        if not self.is_enabled:
            return
        if self.desk is None:
            yield Fault(("desk",), _NEEDED)
        if self.area_file is None and self.area not in area_names():
            known = area_names()
            words = Words(f"没有该地区，可用：{'、'.join(known)}", f"is none of {', '.join(known)}")
            yield Fault(("area",), words)
        if (self.certificate_file is None) != (self.key_file is None):
            missing = "certificate_file" if self.certificate_file is None else "key_file"
            yield Fault((missing,), Words("证书与私钥须一并填写", "certificate and key go together"))
        if self.way is Way.HTTP:
            yield from self._faults_of_address()

    def _faults_of_address(self) -> Iterator[Fault]:
        address = urlsplit(self.url)
        if address.scheme not in {"http", "https"} or not address.hostname:
            words = Words("应为完整地址，以 https:// 或 http:// 开头", "should be a whole address, https:// or http://")
            yield Fault(("url",), words)
        elif address.scheme == "http" and not is_loopback(address.hostname) and not self.is_plain_http_allowed:
            words = Words(
                "http:// 不加密，个人信息会以明文传输；请用 https://，专线上确需明文的设 is_plain_http_allowed = true",
                "http:// hides nothing, and messages name people: use https://, or set is_plain_http_allowed = true on "
                "a closed network",
            )
            yield Fault(("url",), words)


class _Centre(Protocol):
    @property
    def public_key(self) -> str | None: ...


class _Link(Protocol):
    @property
    def is_enabled(self) -> bool: ...


def fsi_faults(
    fsi: FsiSection, institution: InstitutionSection, *, terminal: str, centre: _Centre, link: _Link
) -> Iterator[Fault]:
    """Yield what other tables lack for the interface, or say otherwise.

    Args:
        fsi: The interface.
        institution: The institution as the interface is told of it.
        terminal: The institution as the centre is told of it.
        centre: Whom the terminal believes.
        link: The way to the centre.
    """
    if institution.code and institution.code != terminal:
        words = Words(
            f"与 [terminal] institution（{terminal}）不一致，须为同一机构",
            f"is another institution than [terminal] institution ({terminal})",
        )
        yield Fault(("institution", "code"), words)
    if not fsi.is_enabled:
        return
    for name, value in (("code", institution.code), ("name", institution.name)):
        if not value:
            yield Fault(("institution", name), _NEEDED)
    if len(institution.code) > LONGEST_CODE:
        words = Words(f"最多 {LONGEST_CODE} 位才能编制报文号", f"{LONGEST_CODE} characters at most leave room for ids")
        yield Fault(("institution", "code"), words)
    if fsi.way is Way.MQTT:
        if not link.is_enabled:
            words = Words("mqtt 须连接中心：[link] is_enabled = true", "mqtt needs the line: [link] is_enabled = true")
            yield Fault(("fsi", "way"), words)
        elif centre.public_key is None:
            words = Words("经 mqtt 办理医保结算时须填写", "is required for the interface over mqtt")
            yield Fault(("centre", "public_key"), words)
