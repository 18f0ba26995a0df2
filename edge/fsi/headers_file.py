"""Headers that a gateway wants besides those of the area: one a line, in a file that only its owner reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from codes.errors import ConfigError
from codes.words import Words
from edge.errors import EdgeError
from web.faults import words_of_file
from web.secret_file import refuse_open_file

_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e\t]*)")


class HeadersFileError(EdgeError, ConfigError):
    """A line is no header, or the file cannot be read."""

    code: ClassVar[str] = "fsi.headers_file"
    next_step: ClassVar[Words] = Words(
        "请按每行一个“名称: 值”填写 [fsi] headers_file，只用 ASCII 字符。",
        "Write one “Name: value” a line into [fsi] headers_file, in ASCII.",
    )


def read_headers(path: Path) -> dict[str, str]:
    """Return the headers by name. Empty lines and lines that begin with # say nothing.

    Raises:
        HeadersFileError: A line is no header, or the file cannot be read.
        SecretFileError: Others may read it.
    """
    refuse_open_file(path)
    try:
        text = path.read_text(encoding="ascii")
    except OSError as exc:
        why = words_of_file(exc)
        raise HeadersFileError(Words(f"无法读取 {path}：{why.zh}", f"Cannot read {path}: {why.en}")) from exc
    except UnicodeDecodeError as exc:
        raise HeadersFileError(Words(f"{path} 含非 ASCII 字符", f"{path} is not ASCII")) from exc
    headers = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _HEADER.fullmatch(line.rstrip())
        if found is None:
            # The line itself may be a secret.
            raise HeadersFileError(Words(f"{path} 第 {number} 行不是报文头", f"{path}, line {number}: no header"))
        headers[found[1]] = found[2]
    return headers
