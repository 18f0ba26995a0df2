"""What a transaction leaves behind, and so what may be done when its answer is lost.

Whoever is not named here changes something, as far as is known: it is asked once, and its outcome is found out.
"""

from __future__ import annotations

READS = frozenset(
    """
    1101 1201 1312 1316 1317 1318 1319 2001 2101 2206 2303 3508 3509 3510 3511 3512 3513 5203 9102
    """.split()  # noqa: SIM905 - as the list of dispatch
)
"""They only tell: persons, trials, lists by page, queries."""
_LISTS = frozenset("1301 1302 1303 1305 1306 1307 1308 1309 1310 1311 1313 1314 1315 1320 1321".split())  # noqa: SIM905
_OF_THE_SESSION = frozenset({"9001", "9002", "9101"})
_COMPARES = frozenset({"3201", "3202"})
"""They compare books as they are; asked again they compare again."""
REVERSAL = "2601"
REVERSIBLE = frozenset({"2102", "2103", "2207", "2208", "2304", "2305", "2401"})
"""What 2601 takes back by its msgid."""


def may_be_asked_anew(infno: str) -> bool:
    """Say whether a second one, under another number, does no harm: it reads, compares, makes a file, signs in or out.

    >>> may_be_asked_anew("1101"), may_be_asked_anew("2102"), may_be_asked_anew("X900")
    (True, False, False)
    """
    return infno in READS or infno in _LISTS or infno in _OF_THE_SESSION | _COMPARES
