"""What a person is told about a line that is down, or up without an answer.

Being offline is no alarm (T-66). An alarm is what will not pass by itself: certificates, the login, a second terminal
with the same id.
"""

from __future__ import annotations

from typing import Final

from codes.words import Words
from edge.health import Trouble
from wire.link_loss import Cause

NO_ANSWER: Final = Trouble(
    "link.no_answer",
    Words(
        "已连上消息代理，但中心没有应答，记录仍在本机",
        "The line is up, but the centre does not answer; records stay on this machine",
    ),
    Words(
        "请管理员确认中心正在运行，并在中心控制台核对本终端的编号、区划和指纹（同一编号可能已登记了另一把密钥）。",
        "An administrator checks that the centre runs, and compares id, area and fingerprint of this terminal at its "
        "console: the id may be taken by another key.",
    ),
    is_alarm=False,
)
REVOKED: Final = Trouble(
    "terminal.revoked",
    Words(
        "中心已吊销本终端的密钥，记录暂存本机",
        "The centre has revoked the key of this terminal; records are kept here",
    ),
    Words(
        "请联系中心管理员；若属误吊销，核对指纹后可重新批准，记录随后自动上传。",
        "Ask the centre's administrator; if it was a mistake, the fingerprint is compared and the terminal approved "
        "again, and records go up by themselves.",
    ),
)


def _cannot_connect(cause: Cause, words: Words, next_step: Words, *, is_alarm: bool = False) -> Trouble:
    return Trouble(f"link.cannot_connect.{cause}", words, next_step, is_alarm=is_alarm)


CANNOT_CONNECT: Final = {
    Cause.NAME: _cannot_connect(
        Cause.NAME,
        Words("找不到消息代理的主机名", "The name of the broker leads nowhere"),
        Words("请检查网络和 DNS，以及 [link] host 是否正确。", "Check network and DNS, and [link] host."),
    ),
    Cause.REFUSED: _cannot_connect(
        Cause.REFUSED,
        Words("消息代理的地址无人应答", "Nothing listens at the address of the broker"),
        Words(
            "请确认消息代理正在运行，[link] host 和 port 正确。",
            "Make sure that the broker runs, and check [link] host and port.",
        ),
    ),
    Cause.UNREACHABLE: _cannot_connect(
        Cause.UNREACHABLE,
        Words("连不上消息代理：网络不通或超时", "The broker cannot be reached: no way there, or no answer in time"),
        Words(
            "请检查网线、路由和防火墙；网络恢复后会自动重连。",
            "Check cable, router and firewall; the line comes back by itself.",
        ),
    ),
    Cause.CLOSED: _cannot_connect(
        Cause.CLOSED,
        Words("消息代理接受了连接，但没有建立会话", "The broker takes the connection, but opens no session"),
        Words(
            "请核对 [link] port；若代理要求 TLS 或客户端证书，请填写 ca_file、certificate_file 和 key_file。",
            "Check [link] port; give ca_file, certificate_file and key_file if the broker wants TLS or a certificate.",
        ),
    ),
    Cause.BROKER: _cannot_connect(
        Cause.BROKER,
        Words("消息代理拒绝了会话", "The broker refuses the session"),
        Words("请查看消息代理的日志；会自动重试。", "See the broker's log; it is tried again by itself."),
    ),
    Cause.TLS: _cannot_connect(
        Cause.TLS,
        Words("与消息代理的加密连接（TLS）无法建立", "TLS with the broker cannot be set up"),
        Words(
            "请管理员检查 [link] ca_file 和本端证书，以及代理的证书是否过期、名称是否与 host 一致；详情见日志。",
            "An administrator checks [link] ca_file and our certificate, and whether the broker's has expired or names "
            "another host; the log says more.",
        ),
        is_alarm=True,
    ),
    Cause.LOGIN: _cannot_connect(
        Cause.LOGIN,
        Words("消息代理不允许本终端登录", "The broker refuses the login of this terminal"),
        Words(
            "请管理员核对 [link] username、password_file 和本端证书，以及代理的访问权限。",
            "An administrator checks [link] username, password_file and our certificate, and the broker's own rules.",
        ),
        is_alarm=True,
    ),
    Cause.TAKEN_OVER: _cannot_connect(
        Cause.TAKEN_OVER,
        Words(
            "另有一台终端以同一编号连接，把本终端挤下线",
            "Another terminal connects under the same id and pushes this one off the line",
        ),
        Words(
            "请管理员确认每台终端的 terminal.id 各不相同；由本机复制出的终端须换编号，并使用新的数据目录。",
            "An administrator gives each terminal a terminal.id of its own; a copied terminal also needs a new data "
            "folder.",
        ),
        is_alarm=True,
    ),
    Cause.UNSTEADY: _cannot_connect(
        Cause.UNSTEADY,
        Words(
            "连接刚建立就被断开，反复多次：很可能另有终端使用同一编号",
            "The line breaks off as soon as it is open, again and again: most likely another terminal has the same id",
        ),
        Words(
            "请管理员确认每台终端的 terminal.id 各不相同；若无重复，请检查网络和消息代理。",
            "An administrator makes sure that each terminal has a terminal.id of its own; if so, check network and "
            "broker.",
        ),
        is_alarm=True,
    ),
    Cause.ENDED: _cannot_connect(
        Cause.ENDED,
        Words("与消息代理的连接中断，正在重连", "The connection to the broker broke off and is opened again"),
        Words("一般无需处理；反复出现请检查网络。", "Nothing to do; check the network if it happens often."),
    ),
    Cause.FAILED: _cannot_connect(
        Cause.FAILED,
        Words("上传程序出错，正在重启", "The uplink failed and is started again"),
        Words("反复出现请联系厂商，并提供日志。", "Tell the vendor if it happens again, with the log."),
    ),
}
"""One for each cause; kept apart from the values of a moment, so that what is shown does not flicker."""
