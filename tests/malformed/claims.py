"""What has to hold of the answer to a malformed message, whoever gives it."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field

from tests.malformed.messages import Malformed

MEMBERS = {"infcode", "inf_refmsgid", "refmsg_time", "respond_time", "err_msg", "output", "warn_msg"}
_INNARDS = re.compile(r'Traceback|File "|sqlalchemy|psycopg|sqlite3|msgspec|[a-z]+\.[a-z_]+Error|\w+Error\(')
_PLACE = re.compile(r"第 \d+ 行第 \d+ 列")
_CODE = re.compile(r"\[([a-z_.]+)\] ")
MOST_SHOWN = 20


def broken_claims(message: Malformed, status: int, body: bytes) -> list[str]:
    """Return what does not hold."""
    if status >= 500:
        return [f"answered with {status}"]
    try:
        answer = json.loads(body)
    except ValueError:
        return [f"the answer is no JSON: {body[:80]!r}"]
    if not isinstance(answer, dict) or answer.keys() != MEMBERS:
        return ["the answer is none of the interface"]
    error, warning = str(answer["err_msg"]), str(answer["warn_msg"])
    claims = {
        "has the status 200": status == 200,
        "is a refusal": str(answer["infcode"]) != "0",
        "has a code, and no more characters than the interface": bool(_CODE.match(error)) and len(error) <= 200,
        "shows none of our innards": not _INNARDS.search(error + warning),
        "names what is wrong": _names(message, error, error + warning),
    }
    return [f"not so: {claim}: {error}" for claim, holds in claims.items() if not holds]


def _names(message: Malformed, error: str, told: str) -> bool:
    """Return whether the field is named, with its Chinese name; or line and column of what cannot be read."""
    if message.is_named_by_place and error.startswith("[fsi.not_json]"):
        return _PLACE.search(error) is not None
    return bool(message.path) and message.path in told and message.label in told


@dataclass
class Tally:
    """What was sent, and what did not hold."""

    sent: Counter[str] = field(default_factory=Counter)
    """By kind of damage."""
    fields: set[tuple[str, str]] = field(default_factory=set)
    """Transaction and field."""
    codes: Counter[str] = field(default_factory=Counter)
    """Of the refusals."""
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def take(self, message: Malformed, status: int, body: bytes) -> None:
        """Count a message and judge its answer."""
        self.sent[message.kind] += 1
        self.statuses[status] += 1
        if message.path:
            self.fields.add((message.infno, re.sub(r"\[\d+\]", "", message.path)))
        code = _CODE.search(body.decode(errors="replace"))
        self.codes[code[1] if code else "none"] += 1
        for claim in broken_claims(message, status, body):
            self.fail(f"{message.kind} {message.infno} {message.path}: {claim}")

    def take_noise(self, kind: str, status: int, body: bytes, *, expected: int = 200) -> None:
        """Count what names no field, or may even be taken: its answer has the form of the interface."""
        self.sent[kind] += 1
        self.statuses[status] += 1
        if status != expected:
            self.fail(f"{kind}: answered with {status}, not {expected}")
        try:
            is_answer = json.loads(body).keys() == MEMBERS
        except (ValueError, AttributeError):
            is_answer = False
        if not is_answer or _INNARDS.search(body.decode(errors="replace")):
            self.fail(f"{kind}: no answer of the interface: {body[:200]!r}")

    def fail(self, what: str) -> None:
        """Keep a failure; of many the first ones are enough."""
        if len(self.failures) < MOST_SHOWN:
            self.failures.append(what)

    @property
    def total(self) -> int:
        """All messages."""
        return self.sent.total()
