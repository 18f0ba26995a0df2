"""What is wrong with a scanner's settings, by what was learned: in words, with the next step. Pure.

What the terminal can put right by itself comes with the setting for the scanner's line in the configuration. What only
the scanner can (a separator that it drops, letters that it folds) comes with what to look for in its manual. The
programming codes themselves differ from model to model and are never shown here: scan them from the manual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from codes.words import Words
from drivers.scanner.conclusion_words import words_of_topic, words_of_values
from drivers.scanner.learning import SUFFIXES, Certainty, Conclusion, Topic
from drivers.scanner.selftest import CALIBRATION_SYMBOL, SHEET
from drivers.scanner.spec import (
    AimId,
    GsKey,
    KeyboardSpec,
    KeySuffix,
    PosSpec,
    ReportLayout,
    ScannerSpec,
    SerialSpec,
    Suffix,
)

SAFE_STAND_INS = frozenset("#@[\\]^`{|}~")
"""Characters that no GS1 element and no HIBC code holds, so that one can stand for the separator."""
_SYMBOLS = {symbol.name: symbol.words for symbol in SHEET}


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that should be changed."""

    code: str
    """Stable, dotted."""
    words: Words
    next_step: Words
    setting: str = ""
    """What the scanner's line in the configuration needs, if that puts it right: `key=value`."""
    is_fault: bool = True
    """False for what could be better but harms no code."""
    is_good: bool = False
    """The scanner is set well in this, and the configuration may say so."""


_Told = dict[Topic, Conclusion]

_GS_NEXT = Words(
    "请在扫码枪说明书里找到并扫描允许发送 GS 的设置码，常见名称：“发送控制字符”“GS/FNC1 → ASCII 29”"
    "；键盘模式下为 Alt+小键盘或 Ctrl+X（如 Zebra 的 Emulate Keypad、Honeywell 的 Control + X Mode On）。"
    "最好改为 USB 串口（USB-COM）模式。",
    "Scan the programming code of the scanner's manual that lets GS through; look for “transmit control characters” "
    "or “GS / FNC1 → ASCII 29”, in keyboard mode for Alt + keypad or Ctrl + X (Zebra: Emulate Keypad; Honeywell: "
    "Control + X Mode On). USB-COM mode is best.",
)
_CASE_NEXT = Words(
    "请在说明书里找到并扫描“大小写转换：不转换”的设置码。",
    "Scan “case conversion: none” from the scanner's manual.",
)
_RESCAN_NEXT = Words(
    "请重新设置一遍；仍不一致时，在说明书里检查该项是否按码制分别设置。",
    "Go through the set-up again. If it stays, look in the manual whether this is set for each kind of code by itself.",
)
_NOTHING = Words("", "")
_LINE_NEXT = Words("请把配置改为下方给出的写法。", "Write the line below into the configuration.")


def advise(conclusions: Sequence[Conclusion], spec: ScannerSpec, unread: Sequence[str]) -> tuple[Advice, ...]:
    """Return what should be changed at the scanner or in its line, the gravest first."""
    told = {one.topic: one for one in conclusions}
    found = [*_unread(unread), *_torn(conclusions)]
    for look in _LOOKS:
        found += look(told, spec)
    return tuple(sorted(found, key=lambda one: not one.is_fault))


def _value(told: _Told, topic: Topic) -> str | None:
    return told[topic].told if topic in told else None


def _unread(names: Sequence[str]) -> Iterator[Advice]:
    for name in names:
        words = _SYMBOLS[name]
        is_gs1 = name == CALIBRATION_SYMBOL.name
        tail = Words("是否保留分隔符 GS 也无法判断。", "Whether GS survives cannot be told either.")
        yield Advice(
            "scanner.setup.not_read",
            Words(
                f"没有读到{words.zh}。{tail.zh if is_gs1 else ''}",
                f"{words.en} was not read. {tail.en if is_gs1 else ''}".rstrip(),
            ),
            Words(
                "请在说明书里开启该码制，或把校准页打印得更大、屏幕调得更亮，然后重新设置。一维扫码枪读不了二维码，"
                "药品的二维码需要二维扫码枪。",
                "Switch this kind of code on by the manual, or print the sheet larger or make the screen brighter, and "
                "set up again. A bar code scanner reads no 2D code; those on medicine packs need a 2D scanner.",
            ),
        )


def _torn(conclusions: Sequence[Conclusion]) -> Iterator[Advice]:
    for one in conclusions:
        if one.certainty is not Certainty.TORN:
            continue
        words, values = words_of_topic(one.topic), words_of_values(one)
        yield Advice(
            "scanner.setup.contradiction",
            Words(
                f"各个码的{words.zh}不一致（{values.zh}）。",
                f"The codes contradict each other about {words.en} ({values.en}).",
            ),
            _RESCAN_NEXT,
        )


def _separator(told: _Told, spec: ScannerSpec) -> Iterator[Advice]:
    value = _value(told, Topic.SEPARATOR)
    if value is None or value in {"gs", "alt_029", "ctrl_bracket"}:
        if value is not None and _configured_gs(spec):
            yield _gs_arrives(spec)
    elif value == "dropped":
        yield Advice(
            "scanner.setup.gs_dropped",
            Words(
                "这把扫码枪丢掉了分隔符 GS：批号和序列号会粘在一起，无法分开。",
                "This scanner drops GS, the group separator: lot and serial run together and cannot be told apart.",
            ),
            _GS_NEXT,
        )
    elif value in {GsKey.DOWN, GsKey.F8} and isinstance(spec, KeyboardSpec):
        if spec.gs != value:
            key = Words("“向下”键", "the Down arrow") if value == GsKey.DOWN else Words("F8 键", "F8")
            words = Words(f"扫码枪用{key.zh}表示分隔符 GS。", f"The scanner types the group separator as {key.en}.")
            yield Advice("scanner.setup.gs_by_key", words, _LINE_NEXT, f"gs={value}")
    elif value in SAFE_STAND_INS and not isinstance(spec, PosSpec):
        if _configured_gs(spec) != value:
            words = Words(f"扫码枪用“{value}”代替分隔符 GS。", f"The scanner sends {value!r} in place of GS.")
            yield Advice("scanner.setup.gs_replaced", words, _LINE_NEXT, f"gs={value}")
    else:
        yield _unusable(value)


def _unusable(value: str) -> Advice:
    if value.startswith("key "):
        words = Words(
            f"扫码枪用一个没有字符的键（键码 {value[4:]}）代替分隔符 GS，无法识别。",
            f"The scanner types a key without a character (key code {value[4:]}) in place of GS, which is not known.",
        )
        return Advice("scanner.setup.gs_unknown_key", words, _GS_NEXT)
    shown = Words("空格", "a space") if value == "space" else Words(f"“{_bare(value)}”", repr(_bare(value)))
    words = Words(
        f"扫码枪用{shown.zh}代替分隔符 GS，而药品码里本来就可能有它，无法还原。",
        f"The scanner sends {shown.en} in place of GS. Codes may hold that themselves, so it cannot be turned back.",
    )
    return Advice("scanner.setup.gs_replaced_unusable", words, _GS_NEXT)


def _bare(value: str) -> str:
    return value.removeprefix("text ").strip("'\"")


def _configured_gs(spec: ScannerSpec) -> str:
    """Return the character that the configuration takes for a separator; empty if none."""
    if isinstance(spec, SerialSpec):
        return spec.gs
    return spec.gs_stand_in if isinstance(spec, KeyboardSpec) else ""


def _gs_arrives(spec: ScannerSpec) -> Advice:
    shown = _configured_gs(spec)
    words = Words(
        f"扫码枪正确发送分隔符 GS，但配置把“{shown}”也当作分隔符，会改坏含有它的码。",
        f"The scanner sends GS as it should, but the configuration takes {shown!r} for one too and spoils codes.",
    )
    return Advice("scanner.setup.gs_replaced_in_vain", words, _LINE_NEXT, "gs=")


def _case(told: _Told, spec: ScannerSpec) -> Iterator[Advice]:
    value = _value(told, Topic.CASE)
    is_turned_back = isinstance(spec, KeyboardSpec) and spec.invert_case
    if value in {"upper", "lower"}:
        name = Words("大写", "upper case") if value == "upper" else Words("小写", "lower case")
        yield Advice(
            "scanner.setup.case_folded",
            Words(
                f"字母全部变成了{name.zh}，无法还原：序列号会认错。",
                f"All letters come in {name.en}, which cannot be undone: serials will be wrong.",
            ),
            _CASE_NEXT,
        )
    elif value == "inverted" and not is_turned_back:
        is_keyboard = isinstance(spec, KeyboardSpec)
        yield Advice(
            "scanner.setup.case_inverted",
            Words(
                "字母大小写颠倒：扫码枪跟随了电脑的大写锁定（Caps Lock）。",
                "Upper and lower case are swapped: the scanner follows the host's Caps Lock.",
            ),
            _LINE_NEXT if is_keyboard else _CASE_NEXT,
            "invert_case=yes" if is_keyboard else "",
        )
    elif value == "as_is" and is_turned_back:
        yield Advice(
            "scanner.setup.case_turned_in_vain",
            Words(
                "扫码枪没有颠倒大小写，但配置要求还原，结果反而颠倒了。",
                "The scanner does not swap upper and lower case, but the configuration turns them back.",
            ),
            _LINE_NEXT,
            "invert_case=no",
        )


def _layout(told: _Told, spec: ScannerSpec) -> Iterator[Advice]:
    value = _value(told, Topic.LAYOUT)
    if isinstance(spec, KeyboardSpec) and value not in {None, spec.layout}:
        yield Advice(
            "scanner.setup.layout",
            Words(
                f"扫码枪按 {value} 键盘布局输入，配置写的是 {spec.layout}。",
                f"The scanner types for keyboard layout {value}, but the configuration says {spec.layout}.",
            ),
            _LINE_NEXT,
            f"layout={value}",
        )
    if _value(told, Topic.MANNER) == "alt":
        yield Advice(
            "scanner.setup.alt_codes",
            Words(
                "扫码枪用 Alt+数字逐个输入字符：内容正确，但每个码要慢好几倍。",
                "The scanner types every character as Alt and a number: right, but several times slower.",
            ),
            Words(
                "请在说明书里关闭“Alt 码输出”（如 Emulate Keypad 只用于控制字符），布局设为美式英文（US）。",
                "Turn “Alt code output” off by the manual, at least for plain characters, and set layout US.",
            ),
            is_fault=False,
        )


def _suffix(told: _Told, spec: ScannerSpec) -> Iterator[Advice]:
    value = _value(told, Topic.SUFFIX)
    if value is None:
        return
    if isinstance(spec, PosSpec):
        if value != "none":
            yield _odd_affix("scanner.setup.suffix", "结束符", "suffix", value)
    elif value == "none":
        yield Advice(
            "scanner.setup.suffix_missing",
            Words(
                "扫码后没有结束符：每个码慢四分之一秒，连续扫码可能粘连。",
                "No suffix follows the code: each comes a quarter of a second late, and quick scans may be glued.",
            ),
            Words("请在说明书里扫描“后缀：回车（CR）”。", "Scan “suffix: CR (Enter)” from the scanner's manual."),
        )
    elif value not in _usable_suffixes(spec):
        yield _odd_affix("scanner.setup.suffix", "结束符", "suffix", value)
    elif (setting := _usable_suffixes(spec)[value]) != _suffix_of(spec):
        is_fault = _suffix_of(spec) not in {Suffix.AUTO, KeySuffix.ANY}
        configured = _suffix_of(spec).upper()
        tail = (
            Words(f"，配置写的是 {configured}", f", but the configuration says {configured}") if is_fault else _NOTHING
        )
        yield Advice(
            "scanner.setup.suffix_known",
            Words(f"结束符是 {value.upper()}{tail.zh}。", f"The suffix is {value.upper()}{tail.en}."),
            Words("把它写进配置，一个码就不会被断成两段。", "Written into the line, no code is cut in two."),
            f"suffix={setting}",
            is_fault=is_fault,
            is_good=not is_fault,
        )


def _usable_suffixes(spec: ScannerSpec) -> dict[str, str]:
    """Return the value of the setting for each suffix that the driver of this kind knows."""
    if isinstance(spec, KeyboardSpec):
        return {"cr": KeySuffix.ENTER, "crlf": KeySuffix.ENTER, "lf": KeySuffix.ENTER, "tab": KeySuffix.TAB}
    return {name: name for name in SUFFIXES.values()}


def _suffix_of(spec: ScannerSpec) -> str:
    return spec.suffix if isinstance(spec, SerialSpec | KeyboardSpec) else ""


def _odd_affix(code: str, zh: str, en: str, value: str) -> Advice:
    shown = _bare(value)
    return Advice(
        code,
        Words(f"扫码枪给每个码加了{zh}“{shown}”。", f"The scanner adds the {en} {shown!r} to every code."),
        Words(
            f"请在说明书里取消该{zh}；结束符只保留回车（CR）。",
            f"Take the {en} away by the scanner's manual; keep CR as the only suffix.",
        ),
    )


def _prefix(told: _Told, spec: ScannerSpec) -> Iterator[Advice]:
    value = _value(told, Topic.PREFIX)
    is_framed = isinstance(spec, SerialSpec) and _value(told, Topic.SUFFIX) == "etx" and value == "text '\\x02'"
    if value not in {None, "none"} and not is_framed:
        yield _odd_affix("scanner.setup.prefix", "前缀", "prefix", value or "")


def _aim(told: _Told, spec: ScannerSpec) -> Iterator[Advice]:
    value = _value(told, Topic.AIM)
    if value == "off":
        configured = spec.aim if isinstance(spec, SerialSpec | KeyboardSpec) else AimId.AUTO
        yield Advice(
            "scanner.setup.aim_off",
            Words("扫码枪没有发送码制标识（AIM ID）。", "The scanner sends no symbology identifier (AIM ID)."),
            Words(
                "建议在说明书里开启“发送 AIM ID”，这样不必猜测码的种类。",
                "Turn “transmit AIM ID” on by the manual: the kind of code need not be guessed then.",
            ),
            "aim=auto" if configured is AimId.ON else "",
            is_fault=False,
        )
    elif value == "on" and isinstance(spec, SerialSpec | KeyboardSpec) and spec.aim is not AimId.ON:
        is_denied = spec.aim is AimId.OFF
        tail = Words("，配置却写着不发送", ", but the configuration says that it does not") if is_denied else _NOTHING
        yield Advice(
            "scanner.setup.aim_on",
            Words(
                f"扫码枪发送码制标识（AIM ID）{tail.zh}。",
                f"The scanner sends the symbology identifier (AIM ID){tail.en}.",
            ),
            Words("把它写进配置，标识就不会被当成码的一部分。", "Written into the line, it never passes for code."),
            "aim=on",
            is_fault=is_denied,
            is_good=not is_denied,
        )


def _reports(told: _Told, spec: ScannerSpec) -> Iterator[Advice]:
    value = _value(told, Topic.REPORTS)
    if not isinstance(spec, PosSpec) or value is None or spec.reports == value:
        return
    is_found_anyway = spec.reports is ReportLayout.AUTO and value != ReportLayout.BARE
    yield Advice(
        "scanner.setup.reports",
        Words(f"HID-POS 报文格式是 {value}。", f"The HID-POS reports are laid out as {value}."),
        _LINE_NEXT,
        f"reports={value}",
        is_fault=not is_found_anyway,
        is_good=is_found_anyway,
    )


_LOOKS: tuple[Callable[[_Told, ScannerSpec], Iterator[Advice]], ...] = (
    _separator,
    _case,
    _layout,
    _reports,
    _suffix,
    _prefix,
    _aim,
)
