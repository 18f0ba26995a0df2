"""What a set-up learned, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from codes.words import Words
from drivers.scanner.learning import Certainty, Conclusion, Topic

_TOPICS: Mapping[Topic, Words] = MappingProxyType(
    {
        Topic.SUFFIX: Words("结束符", "suffix"),
        Topic.PREFIX: Words("前缀", "prefix"),
        Topic.AIM: Words("码制标识（AIM ID）", "symbology identifier (AIM ID)"),
        Topic.SEPARATOR: Words("分隔符 GS", "group separator (GS)"),
        Topic.CASE: Words("大小写", "upper and lower case"),
        Topic.LAYOUT: Words("键盘布局", "keyboard layout"),
        Topic.MANNER: Words("按键方式", "way of typing"),
        Topic.REPORTS: Words("HID-POS 报文格式", "layout of HID-POS reports"),
    }
)
_VALUES: Mapping[tuple[Topic, str], Words] = MappingProxyType(
    {
        (Topic.SUFFIX, "cr"): Words("回车（CR）", "CR (Enter)"),
        (Topic.SUFFIX, "lf"): Words("换行（LF）", "LF"),
        (Topic.SUFFIX, "crlf"): Words("回车换行（CR LF）", "CR LF"),
        (Topic.SUFFIX, "tab"): Words("制表符（Tab）", "Tab"),
        (Topic.SUFFIX, "etx"): Words("ETX", "ETX"),
        (Topic.SUFFIX, "none"): Words("没有", "none"),
        (Topic.PREFIX, "none"): Words("没有", "none"),
        (Topic.AIM, "on"): Words("发送", "sent"),
        (Topic.AIM, "off"): Words("不发送", "not sent"),
        (Topic.SEPARATOR, "gs"): Words("原样发送", "sent as it is"),
        (Topic.SEPARATOR, "alt_029"): Words("Alt+029", "Alt+029"),
        (Topic.SEPARATOR, "ctrl_bracket"): Words("Ctrl+]", "Ctrl+]"),
        (Topic.SEPARATOR, "down"): Words("“向下”键", "Down arrow"),
        (Topic.SEPARATOR, "f8"): Words("F8 键", "F8"),
        (Topic.SEPARATOR, "space"): Words("变成空格", "turned into a space"),
        (Topic.SEPARATOR, "dropped"): Words("被丢掉", "dropped"),
        (Topic.CASE, "as_is"): Words("不变", "as printed"),
        (Topic.CASE, "inverted"): Words("大小写颠倒", "swapped"),
        (Topic.CASE, "upper"): Words("全部变成大写", "all upper case"),
        (Topic.CASE, "lower"): Words("全部变成小写", "all lower case"),
        (Topic.MANNER, "keys"): Words("主键区", "main keys"),
        (Topic.MANNER, "keypad"): Words("数字用小键盘", "digits on the keypad"),
        (Topic.MANNER, "alt"): Words("Alt+数字", "Alt and a number"),
    }
)
_UNKNOWN = Words("还不知道", "not known yet")


def words_of_topic(topic: Topic) -> Words:
    """Return what people call a topic."""
    return _TOPICS[topic]


def words_of_values(conclusion: Conclusion) -> Words:
    """Return the values of a conclusion, joined by “or” where they are open."""
    each = [_value(conclusion.topic, value) for value in conclusion.values]
    if not each:
        return _UNKNOWN
    is_open = conclusion.certainty is Certainty.OPEN
    zh = "或".join(one.zh for one in each) if is_open else "、".join(one.zh for one in each)
    return Words(zh, (" or " if is_open else ", ").join(one.en for one in each))


def _value(topic: Topic, value: str) -> Words:
    known = _VALUES.get((topic, value))
    if known is not None:
        return known
    if value.startswith("key "):
        return Words(f"键码 {value[4:]}", value)
    shown = value.removeprefix("text ")
    is_own = topic in {Topic.SEPARATOR, Topic.PREFIX, Topic.SUFFIX}
    return Words(f"“{shown}”", f"“{shown}”") if is_own else Words(shown, shown)
