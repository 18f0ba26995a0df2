"""Which field of a message differs from the one that had its `msgid` first: its name alone, as values are personal."""

from __future__ import annotations

from codes.errors import YimaError
from wire.fsi.json_text import decode_json

_SAME_ALL_THE_SAME = frozenset(
    {"inf_time", "dev_no", "dev_safe_info", "opter_name", "fixmedins_name", "sign_no", "cainfo", "signtype", "enc_type"}
)
"""Fields of the envelope that make no other message."""


def first_difference(before: bytes, now: bytes) -> str:
    """Return the path of the first field that differs, or nothing where that cannot be told."""
    try:
        was, is_now = decode_json(before), decode_json(now)
    except YimaError:
        return ""
    if not isinstance(was, dict) or not isinstance(is_now, dict):
        return ""
    kept = [{name: one for name, one in said.items() if name not in _SAME_ALL_THE_SAME} for said in (was, is_now)]
    return _differing(kept[0], kept[1], "")


def _differing(was: object, is_now: object, path: str) -> str:
    if isinstance(was, dict) and isinstance(is_now, dict):
        for name in dict.fromkeys((*is_now, *was)):
            found = _differing(was.get(name), is_now.get(name), f"{path}.{name}" if path else str(name))
            if found:
                return found
        return ""
    if isinstance(was, list) and isinstance(is_now, list) and len(was) == len(is_now):
        parts = (_differing(a, b, f"{path}[{n}]") for n, (a, b) in enumerate(zip(was, is_now, strict=True)))
        return next((one for one in parts if one), "")
    return "" if was == is_now else path
