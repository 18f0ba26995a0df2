"""Something a person at the counter should know that is no scan: a device, the disk, a colleague."""

from __future__ import annotations

import msgspec

from codes.errors import YimaError
from codes.words import Words
from rules.scan_judgement import Tone


class Alert(msgspec.Struct, frozen=True, rename={"next_step": "next"}):
    """One message on the live bus, event `alert`."""

    code: str
    """Stable, dotted."""
    tone: Tone
    words: Words
    next_step: Words


def alert_json(alert: Alert) -> str:
    """Return the alert as it goes over the bus."""
    return msgspec.json.encode(alert).decode()


def alert_of(error: YimaError, tone: Tone) -> Alert:
    """Return the alert that tells an error."""
    return Alert(error.code, tone, error.words, error.next_step)
