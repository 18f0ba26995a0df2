"""What is wrong with a file that is no TOML, in both languages: the parser of Python says it in English only."""

from __future__ import annotations

import re
from typing import Final

from codes.words import Words

_MESSAGE: Final = re.compile(r"(?P<cause>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)", re.DOTALL)
_CAUSES: Final[tuple[tuple[str, str], ...]] = (
    ("Invalid value", "值有误或没有写完"),
    ("Invalid statement", "不是有效的写法"),
    ("Expected newline or end of document", "一行只能写一项"),
    ("Expected '=' after", "选项名后缺少“=”"),
    ("Expected ']", "表名后缺少“]”"),
    ("Expected ", "引号没有成对"),
    ("Invalid initial character for a key", "选项名缺失或含有不允许的字符"),
    ("Unclosed array", "列表没有写完，或两项之间缺少逗号"),
    ("Unclosed inline table", "内联表没有写完，或两项之间缺少逗号"),
    ("Unterminated string", "文字缺少结尾的引号"),
    ("Unescaped '\\'", "文字中的“\\”须写成“\\\\”，或改用单引号"),
    ("Invalid hex value", "“\\u”后的十六进制数字有误"),
    ("Escaped character", "“\\u”后的数字不是字符"),
    ("Illegal character", "含有不允许的字符，例如引号没有写完就换行"),
    ("Found invalid character", "含有不允许的字符"),
    ("Invalid date", "日期或时间有误"),
    ("Cannot declare", "同一个表写了两次"),
    ("Cannot overwrite", "同一个选项写了两次"),
    ("Duplicate inline table key", "同一个选项写了两次"),
    ("Cannot ", "与前面已写的表或选项冲突"),
)
"""How the parser's messages begin, the longer before the shorter."""


def toml_fault(message: str) -> tuple[int | None, Words]:
    """Return the line and the cause that the parser's message names; no line means the end of the file.

    >>> toml_fault("Unclosed array (at end of document)")[1].zh
    '列表没有写完，或两项之间缺少逗号'
    """
    found = _MESSAGE.fullmatch(message)
    cause, line = (found["cause"], found["line"]) if found else (message, None)
    zh = next((words for start, words in _CAUSES if cause.startswith(start)), "写法有误")
    return int(line) if line else None, Words(zh, cause)
