"""The national interface: can messages be written, signed and sent as the configuration says? Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from cli.checks.finding import Finding, fault, fault_of, finding_of, fine, notice
from codes.errors import YimaError
from codes.words import Words
from edge.clock import SystemClock
from edge.config import EdgeConfig
from edge.config_fsi import Way
from edge.fsi.line import UnsendableError
from edge.fsi.numbering import Numbering
from edge.fsi.sign_ins import Operator, Place, sender_at, sign_in_nodes
from edge.fsi_opening import area_of, http_line, is_reachable, keys_of, place_of
from edge.till.passwords import pad_troubles
from wire.fsi.asking import Asker
from wire.fsi.signing import SigningError, protection_of

_NOBODY: Final = Operator("doctor", "检查")
_CHECK_ADDRESS: Final = Words(
    "请检查网络、防火墙和 [fsi] url；自费销售不受影响。",
    "Check network, firewall and [fsi] url; self-paid sales go on.",
)
_NOT_FOR_USE: Final = Words("正式使用前请设 is_test_area = false。", "Set is_test_area = false before it is used.")


def check_interface(config: EdgeConfig) -> Iterator[Finding]:
    """Look at it if it is configured."""
    section = config.fsi
    if not section.is_enabled:
        return
    try:
        area = area_of(section)
        asker = Asker(area, protection_of(area, is_test_area=section.is_test_area), keys_of(section))
        Numbering(section.desk or 0)
        if section.way is Way.HTTP:
            http_line(section, asker, SystemClock())
            _try_to_send(asker, place_of(config))
    except YimaError as exc:
        yield fault_of(exc)
        return
    way = Words("经中心的连接", "over the line to the centre") if section.way is Way.MQTT else Words("经", "to")
    place = "" if section.way is Way.MQTT else f" {section.url}"
    yield fine(
        "fsi.ready",
        f"医保接口配置可用：{area.title.zh}，台号 {section.desk}，{way.zh}{place}",
        f"The national interface can be used: {area.title.en}, desk {section.desk}, {way.en}{place}",
    )
    for trouble in pad_troubles(area, has_pad=bool(config.pinpad.path)):
        yield finding_of(trouble)
    if section.is_test_area:
        words = Words("[fsi] is_test_area 已打开，报文不签名", "[fsi] is_test_area is set: messages are not signed")
        yield fault("fsi.test_area", words, _NOT_FOR_USE)
    if section.way is Way.HTTP and not is_reachable(section.url):
        words = Words(f"医保接口 {section.url} 连不上", f"The interface at {section.url} cannot be reached")
        yield notice("fsi.unreachable", words, _CHECK_ADDRESS)


def _try_to_send(asker: Asker, place: Place) -> None:
    """Write and sign a 9001 and throw it away: what is missing for that is missing for everything."""
    now = datetime.now(UTC)
    draft = asker.compose(sender_at(place, _NOBODY), "9001", "", sign_in_nodes(place, _NOBODY), at=now)
    try:
        asker.outgoing(draft, now)
    except SigningError as exc:
        raise UnsendableError(exc.words) from exc
