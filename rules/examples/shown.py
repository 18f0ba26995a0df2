"""A value as a file of examples writes it, for whoever reads what was expected or what is wrong."""

from __future__ import annotations

from decimal import Decimal

_LONGEST = 60
"""Characters of a text that is no number; a whole paragraph in a message helps nobody."""


def shown(raw: object) -> str:
    """Return a value as a file writes it."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if raw is None:
        return "null"
    if isinstance(raw, Decimal):
        return _decimal(raw)
    if isinstance(raw, list):
        return f"[{', '.join(map(shown, raw))}]"
    if isinstance(raw, dict):
        return f"{{{', '.join(f'{key}: {shown(value)}' for key, value in raw.items())}}}"
    text = str(raw)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _decimal(raw: Decimal) -> str:
    if not raw.is_finite() or abs(raw.adjusted()) > _LONGEST:
        return str(raw)
    return f"{raw:f}"
