"""GS1 Digital Link: the same element string, written as a web address.

`https://id.gs1.org/01/06901234567892/10/LOT1?17=280131`: any host may serve it, so the address proves nothing; the
check digit of the key in its path does.
"""

from __future__ import annotations

from urllib.parse import parse_qsl, unquote, urlsplit

from codes.check import is_digits
from codes.reading import Reason
from codes.text import GS
from codes.words import Words

LINK = Reason(
    "gs1.digital_link",
    Words("网址中带有 GS1 数字链接。", "The web address is a GS1 Digital Link."),
)

_PRIMARY_KEYS = ("01", "00")
_QUALIFIERS = frozenset({"22", "10", "21", "235"})


def element_string_of(address: str) -> str | None:
    """Return the element string that a GS1 Digital Link carries, or `None` if the address is none."""
    try:
        parts = urlsplit(address)
        path = [unquote(segment, errors="strict") for segment in parts.path.split("/")]
        query = parse_qsl(parts.query, errors="strict")
    except ValueError:
        return None
    elements = _key_and_qualifiers(path)
    if not elements or not parts.hostname:
        return None
    elements += [(ai, value) for ai, value in query if is_digits(ai)]
    return GS.join(ai + value for ai, value in elements)


def _key_and_qualifiers(path: list[str]) -> list[tuple[str, str]]:
    """Return the last primary key in the path with the qualifiers behind it, which must fill the rest of the path."""
    starts = [at for at, segment in enumerate(path[:-1]) if segment in _PRIMARY_KEYS]
    if not starts:
        return []
    rest = path[starts[0] :]
    pairs = list(zip(rest[::2], rest[1::2], strict=False))
    is_whole = len(rest) % 2 == 0 and all(ai in _QUALIFIERS for ai, _ in pairs[1:])
    return pairs if is_whole else []
