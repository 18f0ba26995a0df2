"""The table of visits by one 医保码: whether this terminal keeps their steps, and which system is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from codes.words import Words
from web.config_sections import Fault, Section, is_loopback
from web.option import option


class Order(StrEnum):
    """Who knows which steps were done before one."""

    TERMINAL = "terminal"
    """This terminal: all steps of a visit are done at it."""
    HOSPITAL = "hospital"
    """The hospital's system: steps are done at other terminals, in its app and at its windows too."""


class VisitsSection(Section):
    """Steps of visits to a hospital. Off unless it says so."""

    is_enabled: Annotated[
        bool,
        option(
            Words("启用", "Enabled"),
            Words("本机办理就诊各环节的用码", "This terminal takes credentials for the steps of visits"),
        ),
    ] = False
    url: Annotated[
        str,
        option(
            Words("医院系统地址", "The hospital's system"),
            Words(
                "每个环节以 POST 通知的地址（见 docs/integrators.md）；不填则不通知",
                "Where each step is posted, see docs/integrators.md; without it nobody is told",
            ),
        ),
    ] = ""
    token_file: Annotated[
        Path | None,
        option(
            Words("令牌文件", "Token file"),
            Words("通知时出示的令牌（文件权限须为 600）", "The token that is shown to it (mode 600)"),
        ),
    ] = None
    ca_file: Annotated[
        Path | None,
        option(
            Words("CA 证书", "CA certificate"),
            Words(
                "签发医院系统证书的 CA（PEM）；不填则用系统自带的",
                "Authority of its certificate (PEM); the system's own without it",
            ),
        ),
    ] = None
    order: Annotated[
        Order,
        option(
            Words("环节先后", "Order of steps"),
            Words(
                "terminal 各环节都在本机办理，由本机判断先后；hospital 也在其他终端、App 或窗口办理，由医院系统判断",
                "terminal: all are done here, and judged here; hospital: also elsewhere, and its system judges",
            ),
        ),
    ] = Order.TERMINAL
    kiosk_operator: Annotated[
        str,
        option(
            Words("自助机操作员", "Kiosk's operator"),
            Words(
                "无人值守的自助机以此工号办理（先建号，勿与人共用）；不填则须有人在本机登录",
                "In whose name an unattended kiosk does its steps: a login of its own; without it somebody signs in",
            ),
            max_length=32,
        ),
    ] = ""
    keep_days: Annotated[
        int,
        option(
            Words("保留天数", "Days kept"),
            Words("已通知的环节在本机保留多少天", "How many days steps that were told are kept here"),
            unit="d",
            ge=1,
            le=3660,
        ),
    ] = 90


def visits_faults(section: VisitsSection) -> Iterator[Fault]:
    """Yield what is wrong with the table as a whole.

    A step names a person: in clear it goes to this machine alone.
    """
    if not section.url:
        if section.order is Order.HOSPITAL:
            yield Fault(
                ("visits", "order"),
                Words("为 hospital 时须填写 url", "is hospital: then url has to say where that is asked"),
            )
        return
    place = urlsplit(section.url)
    if place.scheme not in {"http", "https"} or not place.hostname:
        yield Fault(("visits", "url"), Words("应为 http:// 或 https:// 地址", "is no http:// or https:// address"))
    elif place.scheme == "http" and not is_loopback(place.hostname):
        yield Fault(
            ("visits", "url"),
            Words("含个人信息，本机以外须用 https", "names people: beyond this machine it has to be https"),
        )
