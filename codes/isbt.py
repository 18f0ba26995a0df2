"""ISBT 128, the coding of blood and tissue: recognised and passed through, not interpreted.

A text is ISBT 128 if it is a row of its data structures, each begun by a data identifier of two characters and as
long as the standard says. The donation number is the one structure whose second character belongs to its content.
"""

from __future__ import annotations

import re
from types import MappingProxyType

from codes.finding import Finding
from codes.reading import Confidence, Kind, Reason
from codes.words import Words

_STRUCTURES = re.compile(
    r"(?P<compound>=\+)(?:[0-9]{5})"
    r"|(?P<donation>=)(?:[A-NP-Z1-9][A-NP-Z0-9]{4}[0-9]{8}[0-9A-Z]{2})"
    r"|(?P<coded>=%)(?:[0-9A-Z]{4})"
    r"|(?P<product>=<)(?:[A-Z][0-9A-Z]{7})"
    r"|(?P<day>=[>*}])(?:[0-9]{6})"
    r"|(?P<minute>&[>*}])(?:[0-9]{10})"
    r"|(?P<tissue>=/)(?:[0-9A-Z]{16})"
    r"|(?P<division>=,)(?:[0-9A-Z]{6})"
    r"|(?P<lot>&,1)(?:[0-9A-Z]{18})"
)

_ISBT = Reason(
    "isbt.structures",
    Words(
        "符合 ISBT 128 血液或组织编码结构，原样保留。",
        "Data structures of ISBT 128 (blood, tissue), passed through as they are.",
    ),
)


def find(code: str) -> Finding | None:
    """Read a row of ISBT 128 data structures."""
    if not code.startswith(("=", "&")):
        return None
    structures: dict[str, str] = {}
    position = 0
    while position < len(code):
        match = _STRUCTURES.match(code, position)
        if match is None:
            return None
        identifier = next(group for group in match.groups() if group)
        content = match.group()[len(identifier) :]
        if structures.setdefault(identifier, content) != content:
            return None
        position = match.end()
    fields = {"structures": MappingProxyType(structures)}
    return Finding(Kind.ISBT, code, Confidence.LIKELY, fields, reasons=(_ISBT,))
