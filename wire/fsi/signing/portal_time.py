"""The `timestamp` of the portal's form: seconds, milliseconds, or Beijing time as fourteen digits."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from codes.words import Words
from wire.fsi.signing.errors import WrongSignatureError

_BEIJING = timezone(timedelta(hours=8))
_DIGITS = re.compile(r"[0-9]{10}|[0-9]{13}|[0-9]{14}", re.ASCII)
_SECONDS_DIGITS, _MILLISECONDS_DIGITS = 10, 13


def moment_of(text: str) -> datetime:
    """Return the moment that `text` names.

    Raises:
        WrongSignatureError: It names none.
    """
    if not _DIGITS.fullmatch(text):
        raise WrongSignatureError(_words())
    if len(text) == _SECONDS_DIGITS:
        return datetime.fromtimestamp(int(text), UTC)
    if len(text) == _MILLISECONDS_DIGITS:
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=_BEIJING)
    except ValueError as exc:
        raise WrongSignatureError(_words()) from exc


def _words() -> Words:
    return Words(
        "timestamp 应为秒、毫秒或 yyyyMMddHHmmss", "timestamp should be seconds, milliseconds or yyyyMMddHHmmss"
    )
