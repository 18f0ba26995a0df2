"""What the screens are told of scans that the POS did not get. Of a credential nothing is told but that it was one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from codes.errors import YimaError
from codes.words import Words
from edge.alerts import Alert
from edge.counter.views import ScanShown
from edge.health import Trouble
from rules.scan_judgement import Tone

BACK: Final = Alert(
    "bridge.back",
    Tone.NOTICE,
    Words("收银软件已恢复接收", "The POS takes codes again"),
    Words("请继续扫码；刚才点名未输入的，请手工补上。", "Go on scanning; add by hand what was named as not typed."),
)
_CREDENTIAL: Final = Words("一个证件码", "A credential")
_CODE_END: Final = 6
_BY_HAND: Final = frozenset({"api", "picked", "typed", "wedge"})


def not_typed(shown: ScanShown, text: bytes | None, problem: YimaError) -> Alert:
    """Return what to tell of a scan that is recorded and did not reach the POS.

    Args:
        shown: The scan.
        text: What should have been typed, if that is known.
        problem: Why it was not.
    """
    name, typed = _name_of(shown), None if shown.id is None else _legible(text)
    step = Words(
        "请先清空收银软件输入框里的半个码，再在收银软件中录入；不要重扫。",
        "Clear any half code from the POS and enter it there; do not scan it again.",
    )
    if typed is not None:
        step = Words(f"{step.zh}应录入：{typed}", f"{step.en} Enter: {typed}")
    words = Words(
        f"{name.zh} 已记录，但没有完整输入收银软件。{problem.words.zh}",
        f"{name.en} is recorded but did not reach the POS as a whole. {problem.words.en}",
    )
    return Alert("bridge.not_typed", Tone.ALARM, words, step)


def no_barcode(shown: ScanShown) -> Alert:
    """Return what to tell of a scan for which there is nothing that the POS knows."""
    name = _name_of(shown)
    return Alert(
        "bridge.no_barcode",
        Tone.NOTICE,
        Words(f"{name.zh} 没有商品条码可输入收银软件", f"{name.en} has no known barcode; the POS was given none"),
        Words(
            "请在收银软件中手工录入；并请管理员在商品目录中补上商品条码。",
            "Enter it at the POS by hand, and have the barcode added to the catalogue.",
        ),
    )


def unsure(scans: Sequence[ScanShown], device: str) -> Trouble:
    """Return what to tell after a start of scans that may not have gone on before it."""
    names = [_name_of(shown) for shown in scans]
    zh, en = "、".join(name.zh for name in names), ", ".join(name.en for name in names)
    return Trouble(
        "bridge.unsure",
        Words(
            f"终端上次停止时，可能没有输入收银软件：{zh}", f"May not have reached the POS when the terminal ended: {en}"
        ),
        Words(
            "请在收银软件中核对，缺的手工录入；不要重扫。",
            "Look at the POS and enter by hand what is missing; do not scan again.",
        ),
        is_alarm=False,
        device=device,
    )


def is_by_hand(shown: ScanShown) -> bool:
    """Tell whether a scan came by the page or the interface, and so never goes on."""
    return shown.device in _BY_HAND or shown.device.startswith("pos:")


def _name_of(shown: ScanShown) -> Words:
    if shown.id is None:
        return _CREDENTIAL
    name = " ".join(part for part in (shown.name, f"…{shown.code[-_CODE_END:]}") if part)
    return Words(name, name)


def _legible(text: bytes | None) -> str | None:
    shown = "" if text is None else text.decode("ascii", "replace").strip()
    return shown if shown.isascii() and shown.isprintable() and shown else None
