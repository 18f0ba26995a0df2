"""What is wrong with a value or a file that was given, in both languages; values by pydantic's name for the fault.

The words say what is wanted and never repeat what was given: a request may carry what no answer and no log should.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pydantic_core import ErrorDetails

from codes.words import Words

_EXACT: Final[Mapping[str, Words]] = {
    "missing": Words("缺少该项", "is missing"),
    "extra_forbidden": Words("没有这一项", "is not known here"),
    "json_invalid": Words("不是有效的 JSON", "is not valid JSON"),
    "exactly_one": Words("{one} 与 {other} 须且只能给一个", "should give exactly one of {one} and {other}"),
    "value_error": Words("不符合要求", "does not fit"),
    "greater_than": Words("应大于 {gt}", "should be greater than {gt}"),
    "greater_than_equal": Words("应不小于 {ge}", "should be {ge} or more"),
    "less_than": Words("应小于 {lt}", "should be less than {lt}"),
    "less_than_equal": Words("应不大于 {le}", "should be {le} or less"),
    "multiple_of": Words("应为 {multiple_of} 的倍数", "should be a multiple of {multiple_of}"),
    "finite_number": Words("应为有限的数", "should be a finite number"),
    "int_parsing_size": Words("数字过大", "is too large a number"),
    "too_short": Words("至少应有 {min_length} 项", "should have {min_length} entries or more"),
    "too_long": Words("最多只能有 {max_length} 项", "should have {max_length} entries or fewer"),
    "string_too_short": Words("至少应有 {min_length} 个字符", "should have {min_length} characters or more"),
    "string_too_long": Words("最多只能有 {max_length} 个字符", "should have {max_length} characters or fewer"),
    "string_unicode": Words("不是有效的 UTF-8 文字", "is not valid UTF-8 text"),
    "enum": Words("应为 {expected} 之一", "should be {expected}"),
    "literal_error": Words("应为 {expected} 之一", "should be {expected}"),
    "date_past": Words("应为过去的日期", "should be a date in the past"),
    "date_future": Words("应为将来的日期", "should be a date in the future"),
    "datetime_past": Words("应为过去的时间", "should be a time in the past"),
    "datetime_future": Words("应为将来的时间", "should be a time in the future"),
    "timezone_aware": Words("应注明时区", "should have a time zone"),
    "timezone_naive": Words("不应带时区", "should have no time zone"),
    "url_scheme": Words("地址的开头应为 {expected_schemes}", "should begin with {expected_schemes}"),
    "decimal_max_places": Words("最多只能有 {decimal_places} 位小数", "should have {decimal_places} decimals or fewer"),
    "decimal_max_digits": Words("最多只能有 {max_digits} 位数字", "should have {max_digits} digits or fewer"),
}
_PATTERNS: Final[Mapping[str, Words]] = {
    r"^[0-9]{6}$": Words("应为 6 位数字", "should be six digits"),
    r"^[0-9a-fA-F]{64}$": Words("应为 64 位十六进制数字", "should be 64 hexadecimal digits"),
    r"^[A-Za-z0-9_-]{1,40}$": Words(
        "应为 1 至 40 个字母、数字、“-”或“_”", "should be 1 to 40 letters, digits, “-” or “_”"
    ),
    r"^[\w.@-]{1,32}$": Words(
        "应为 1 至 32 个文字、数字、“.”、“@”、“-”或“_”", "should be 1 to 32 letters, digits, “.”, “@”, “-” or “_”"
    ),
    r"^([0-9]{17}[0-9Xx])?$": Words(
        "应为 18 位证件号码，或不填", "should be an identity number of 18 characters, or left out"
    ),
    r"^[A-Za-z0-9-]{1,60}$": Words("应为 1 至 60 个字母、数字或“-”", "should be 1 to 60 letters, digits or “-”"),
    r"^\S+ +\S+ +\S+$": Words(
        "应为用空格隔开的三项：编码、姓名、执业证号", "should be three words with blanks between: code, name, licence"
    ),
    r"^([0-9a-fA-F]{2})+$": Words("应为成对的十六进制数字", "should be hexadecimal digits in pairs"),
    r"^\][A-Za-z][0-9A-Za-z]$": Words(
        "应为 AIM 码制标识，如 ]d2", "should be an AIM symbology identifier, such as ]d2"
    ),
    **dict.fromkeys(
        (
            r"^[0-9]{1,18}\..+$",
            r"^[0-9]{1,18}\.[0-9]{1,18}$",
            r"^[0-9]{1,18}\.[0-9]{1,18}\.[0-9a-f]{64}$",
        ),
        Words("应为上一页给出的 next 值", "should be the `next` of the page before"),
    ),
}
"""What the patterns of options and requests mean: nobody should have to read a regular expression."""
_WRONG_TYPE: Final = Words(
    "应为 JSON，请求头须有 Content-Type: application/json",
    "should be JSON: set Content-Type: application/json",
)
_BY_KIND: Final[Mapping[str, Words]] = {
    "bool": Words("应为 true 或 false", "should be true or false"),
    "int": Words("应为整数", "should be a whole number"),
    "float": Words("应为数字", "should be a number"),
    "decimal": Words("应为数字", "should be a number"),
    "string": Words("应为文字", "should be text"),
    "bytes": Words("应为文字", "should be text"),
    "datetime": Words("应为日期和时间", "should be a date and time"),
    "date": Words("应为日期", "should be a date"),
    "time": Words("应为时间", "should be a time"),
    "url": Words("应为完整的网址", "should be a full address"),
    "uuid": Words("应为 UUID", "should be a UUID"),
    "list": Words("应为列表", "should be a list"),
    "tuple": Words("应为列表", "should be a list"),
    "set": Words("应为列表", "should be a list"),
    "dict": Words("应为一组键与值", "should be a group of keys and values"),
    "model": Words("应为一组键与值", "should be a group of keys and values"),
}
"""Every other fault whose name begins so, as `int_parsing` and `int_type`."""
_OTHERWISE: Final = Words("不符合要求", "does not fit")
_FILE_FAULTS: Final[tuple[tuple[type[OSError], Words], ...]] = (
    (FileNotFoundError, Words("文件不存在", "there is no such file")),
    (PermissionError, Words("没有权限", "permission denied")),
    (IsADirectoryError, Words("这是一个目录", "it is a folder")),
)


def words_of(fault: ErrorDetails) -> Words:
    """Return what is wrong with the value.

    >>> words_of({"type": "less_than_equal", "loc": (), "msg": "", "input": 7, "ctx": {"le": 5}}).zh
    '应不大于 5'
    """
    kind = fault["type"]
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(fault["ctx"]["pattern"], _OTHERWISE)
    if kind.startswith("model") and isinstance(fault["input"], bytes):
        # What is not declared as JSON is not taken for it, and so comes as it is.
        return _WRONG_TYPE
    found = _EXACT.get(kind) or _BY_KIND.get(kind.partition("_")[0]) or _OTHERWISE
    zh, en = dict(fault.get("ctx", {})), dict(fault.get("ctx", {}))
    if isinstance(expected := zh.get("expected"), str):
        zh["expected"] = expected.replace(" or ", "、").replace(", ", "、")
    return Words(found.zh.format_map(zh), found.en.format_map(en))


def place_of(fault: ErrorDetails) -> Words:
    """Return where in a request the value stood: the dotted name of the field, or the body as a whole.

    >>> place_of({"type": "missing", "loc": ("body", "lines", 0, "code"), "msg": "", "input": None}).en
    'lines.0.code'
    """
    inside = fault["loc"][1:] if fault["type"] != "json_invalid" else ()
    if not inside:
        return Words("请求内容", "the body")
    name = ".".join(str(part) for part in inside)
    return Words(name, name)


def words_of_file(error: OSError) -> Words:
    """Return why a file cannot be read.

    >>> words_of_file(FileNotFoundError(2, "No such file or directory")).zh
    '文件不存在'
    """
    known = (words for kind, words in _FILE_FAULTS if isinstance(error, kind))
    return next(known, Words(f"系统错误 {error.errno}", error.strerror or f"system error {error.errno}"))
