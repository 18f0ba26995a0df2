"""The gate of the support bundle: nothing goes through it that is secret, personal, or a whole code.

Three nets, one behind the other: names of fields that must not be told, the secrets that this machine's configuration
names, and shapes (long numbers, keys, passwords in addresses) wherever they stand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from codes.userinfo import without_userinfo
from edge.config import EdgeConfig
from web.logs import hide_private, masked

HIDDEN = "…"
_SHORTEST_SECRET = 4
"""Shorter ones would blot out half of the text."""
_SECRET_OPTIONS = frozenset({"username"})
_PLAIN = frozenset({"institution", "public_key", "area", "fingerprint", "epoch"})
"""Fields whose long values are no secret, and which whoever helps needs."""
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_NAMED = re.compile(
    r"(?i)((?:pass(?:word|wd|phrase)?|pwd|secret|token|authorization|cookie|api[_-]?key|credential)s?"
    r"[\"']?\s*[:=]\s*(?:bearer\s+)?)(\"[^\"]*\"|'[^']*'|[^\s,;}]+)"
)
_BEARER = re.compile(r"(?i)(bearer\s+)[\w.~+/=-]+")
_FIELDS = frozenset(
    {"password", "passphrase", "secret", "token", "operator", "login", "patient", "person", "raw", "name"}
)
_WORD = re.compile(r"\b[0-9A-Za-z]{24,}\b")
_HEXADECIMAL = re.compile(r"[0-9a-f]{32,}")


@dataclass(frozen=True, slots=True)
class Gate:
    """What the texts of one bundle go through."""

    secrets: tuple[str, ...] = ()
    """Known secrets of this machine, longest first."""

    def text(self, text: str) -> str:
        """Return what may be told of a text."""
        text = _PRIVATE_KEY.sub(HIDDEN, text)
        for secret in self.secrets:
            text = text.replace(secret, HIDDEN)
        text = _NAMED.sub(rf"\1{HIDDEN}", _BEARER.sub(rf"\1{HIDDEN}", without_userinfo(text)))
        return _WORD.sub(_unless_digest, masked(text))

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
        if name in _FIELDS and value is not None and not isinstance(value, int):
            return HIDDEN
        if isinstance(value, str):
            return value if name in _PLAIN and value not in self.secrets else self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(str(key), one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(name, one) for one in value]
        return value

    def _option(self, name: str, value: object) -> object:
        if name in _SECRET_OPTIONS and value is not None:
            return HIDDEN
        return self.options(value) if isinstance(value, Mapping) else value


def gate_for(config: EdgeConfig | None) -> Gate:
    """Return the gate that knows the secrets which a configuration names."""
    if config is None:
        return Gate()
    known = set()
    for path in (config.link.password_file, config.link.key_file, config.api.key_file):
        with suppress(OSError, UnicodeDecodeError):
            known |= set(path.read_text(encoding="utf-8").split("\n")) if path is not None else set()
    if config.link.username is not None:
        known.add(config.link.username)
    known = {one.strip() for one in known}
    return Gate(tuple(sorted((one for one in known if len(one) >= _SHORTEST_SECRET), key=len, reverse=True)))


def _unless_digest(found: re.Match[str]) -> str:
    """Leave digests and keys in hexadecimal, which name things; hide other long words, which may open them."""
    word = found[0]
    return word if _HEXADECIMAL.fullmatch(word) else f"{HIDDEN}{len(word)}"
