"""The gate of the support bundle: nothing goes through it that is secret, personal, or a whole code.

Three nets, one behind the other: names of fields that must not be told, the secrets that this machine's configuration
names, and shapes (long numbers, keys, passwords in addresses) wherever they stand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from codes.userinfo import without_userinfo
from edge.config import EdgeConfig
from web.logs import hide_private, masked
from wire.fsi.signing import SECRET_NAMES

HIDDEN = "…"
_SHORTEST_SECRET = 4
"""Shorter ones would blot out half of the text."""
_SHORTEST_NAME = 2
_SECRET_OPTIONS = frozenset({"username"})
_PLAIN = frozenset({"institution", "public_key", "area", "fingerprint", "epoch"})
"""Fields whose long values are no secret, and which whoever helps needs."""
_COUNTS = frozenset({"rows"})
"""Numbers by name, which are no values of what the names say."""
_SIZES = ("_bytes", "_us", "_ms", "_s", "hlc")
"""Endings of fields that hold long numbers and nobody's."""
_LONG_NUMBER = 10**10
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_NAMED = re.compile(
    r"(?i)((?:pass(?:word|wd|phrase)?|pwd|secret|token|authorization|cookie|api[_-]?key|credential"
    r"|psn_?n(?:o|ame)|cert_?no|id_?card|patient|insured|phone|mobile"
    r"|密码|口令|令牌|姓名|患者|身份证号?码?|证件号码?|手机号?码?|电话|参保号|医保号|医保编号)[\w-]*"
    r"[\"']?\s*[:=：]\s*(?:bearer\s+|basic\s+)?)(\"[^\"]*\"|'[^']*'|[^\s,;}，；]+)"
)
_BEARER = re.compile(r"(?i)((?:bearer|basic)\s+)[\w.~+/=-]+")
_FIELDS = frozenset({"operator", "login", "person", "raw", "name", "tel"})
_FIELD_PARTS = re.compile(
    r"(?i)pass(?:word|wd|phrase)|pwd|secret|token|authorization|cookie|api_?key|patient|psn_?n(?:o|ame)|cert_?no|id_?card"
    r"|insured|phone|mobile|(?:operator|person|login)_?name"
)
"""What a field holds that has this in its name, however it is written."""
_GROUPED = re.compile(
    r"(?<![0-9A-Za-z-])(?:(?:\+?86[ -]?)?1[0-9]{2}[ -][0-9]{4}[ -][0-9]{4}|0[0-9]{2,3}[ -][0-9]{7,8}"
    r"|[0-9]{6}[ -][0-9]{8}[ -][0-9]{3}[0-9Xx]|[0-9]{4}(?:[ -][0-9]{4}){3}(?:[ -][0-9]{1,4})?)(?![0-9A-Za-z-])"
)
"""Telephone, identity and card numbers as people write them."""
_BASE64 = re.compile(r"(?<![\w.+/=-])(?=[^\s]*[A-Z])(?=[^\s]*[a-z])(?=[^\s]*[0-9])[0-9A-Za-z+/]{40,}={0,2}(?![\w.-])")
"""A line of a key whose first line is not there any more."""
_WIDE = {0xFF10 + digit: ord("0") + digit for digit in range(10)} | {ord("Ｘ"): "X", ord("ｘ"): "x"}
"""Digits as an input method for Chinese writes them."""
_WORD = re.compile(r"\b[0-9A-Za-z]{24,}\b")
_HEXADECIMAL = re.compile(r"[0-9a-f]{32,}")


@dataclass(frozen=True, slots=True)
class Gate:
    """What the texts of one bundle go through."""

    secrets: tuple[str, ...] = ()
    """Known secrets of this machine, longest first."""

    def text(self, text: str) -> str:
        """Return what may be told of a text."""
        text = _PRIVATE_KEY.sub(HIDDEN, text).translate(_WIDE)
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        text = _NAMED.sub(rf"\1{HIDDEN}", _BEARER.sub(rf"\1{HIDDEN}", without_userinfo(text)))
        return _WORD.sub(_unless_digest, _BASE64.sub(_unless_digest, _GROUPED.sub(HIDDEN, masked(text))))

    def log(self, text: str) -> str:
        """Return what may be told of a log. A key takes many lines of it."""
        return "".join(f"{self._line(line)}\n" for line in _PRIVATE_KEY.sub(HIDDEN, text).splitlines())

    def _line(self, line: str) -> str:
        """Return what may be told of a line: ours are JSON, and have fields that are never told."""
        with suppress(ValueError):
            fields = json.loads(line)
            if isinstance(fields, dict):
                return json.dumps(self.value("", dict(hide_private(None, "", fields))), ensure_ascii=False)
        return self.text(line)

    def json(self, value: object) -> str:
        """Return a value as JSON, every text in it through the gate."""
        return json.dumps(self.value("", value), ensure_ascii=False, indent=1)

    def options(self, tree: Mapping[str, object]) -> dict[str, object]:
        """Return a configuration with the values left out that say how to log in."""
        return {name: self._option(name, value) for name, value in tree.items()}

    def value(self, name: str, value: object) -> object:
        """Return what may be told of a field."""
        if value is None or isinstance(value, bool):
            return value
        if _is_private(name):
            return HIDDEN
        if isinstance(value, Mapping):
            is_count = name in _COUNTS
            return {self.text(str(key)): one if is_count else self.value(str(key), one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(name, one) for one in value]
        return self._plain(name, value)

    def _plain(self, name: str, value: object) -> object:
        if isinstance(value, str):
            return value if name in _PLAIN and value not in self.secrets else self.text(value)
        if isinstance(value, int | float) and abs(value) >= _LONG_NUMBER and not name.endswith(_SIZES):
            return HIDDEN
        return value

    def _option(self, name: str, value: object) -> object:
        if name in _SECRET_OPTIONS and value is not None:
            return HIDDEN
        return self.options(value) if isinstance(value, Mapping) else value


def gate_for(config: EdgeConfig | None, people: Iterable[str] = ()) -> Gate:
    """Return the gate that knows the secrets which a configuration names.

    Args:
        config: The configuration, or what is legible of it.
        people: Names of people that this machine knows.
    """
    known = {one.strip() for one in _secrets_of(config)} if config is not None else set()
    told = {one for one in known if len(one) >= _SHORTEST_SECRET} | {one for one in people if _is_telling(one)}
    # The same as it stands in JSON and in addresses.
    told |= {json.dumps(one, ensure_ascii=False)[1:-1] for one in told} | {quote(one, safe="") for one in told}
    return Gate(tuple(sorted(told, key=len, reverse=True)))


def _secrets_of(config: EdgeConfig) -> Iterator[str]:
    started_with = [value for value in config.card.started_with.values() if isinstance(value, Path)]
    fsi = config.fsi
    of_interface = (fsi.token_file, fsi.key_file, fsi.headers_file, *_keys_in(fsi.keys_folder))
    for path in (config.link.password_file, config.link.key_file, config.api.key_file, *started_with, *of_interface):
        with suppress(OSError, UnicodeDecodeError):
            for line in path.read_text(encoding="utf-8").split("\n") if path is not None else ():
                yield line
                # Of a header the value is the secret.
                yield line.partition(":")[2]
    if config.link.username is not None:
        yield config.link.username


def _keys_in(folder: Path | None) -> Iterator[Path]:
    """Yield the files of the interface's keys that are nobody else's."""
    with suppress(OSError):
        yield from (one for one in folder.glob("*/*") if one.name in SECRET_NAMES) if folder is not None else ()


def _is_private(name: str) -> bool:
    """Tell whether a field is never told. Where a secret lies is no secret."""
    return name in _FIELDS or (_FIELD_PARTS.search(name) is not None and not name.endswith("_file"))


def _is_telling(name: str) -> bool:
    """Tell whether a name stands for a person wherever it is found. A Chinese one may have two characters."""
    return len(name) >= (_SHORTEST_SECRET if name.isascii() else _SHORTEST_NAME)


def _unless_digest(found: re.Match[str]) -> str:
    """Leave digests and keys in hexadecimal, which name things; hide other long words, which may open them."""
    word = found[0]
    return word if _HEXADECIMAL.fullmatch(word) else f"{HIDDEN}{len(word)}"
