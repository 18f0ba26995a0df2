"""Transactions of the interface that are known by their number alone: no source tells their fields."""

from __future__ import annotations

from typing import Final

from codes.words import Words

_WITHOUT_A_TABLE: Final = frozenset(
    """
    1161 1162 1304 1322 1323 1324 1325 1326 1327 1901 2161 2162 2163 2164 2165 2166 2167 2168 2169 2170 2171 2172 2173
    2174 2175 2176 2177 2178 2179 2180 2181 2203A 2304A 2403 3203 3204 4701 5102 5201 5202 5204 5205 5206 5301 5302 5303
    5304 7101 7102 7103 7104 7105 7201 7202 7203 7204 7205 7206 13203
    """.split()  # noqa: SIM905 - a list of sixty quoted numbers takes sixty lines
)
"""Of the interface as far as it is known, without a table of their fields."""
_E_PRESCRIPTIONS: Final = ("71", "72")
_NO_TABLE: Final = Words("其字段无可靠来源，不猜测", "no source tells its fields, and none are made up")
_IMPORTED: Final = Words(
    "电子处方由中心从处方平台的名单导入，其字段无可靠来源",
    "e-prescriptions are imported at the centre from the platform's list, and no source tells these fields",
)


def why_no_table(infno: str) -> Words | None:
    """Return why there is no table of a transaction of the interface; None: there is one, or no such transaction.

    >>> why_no_table("7101").en.startswith("e-prescriptions"), why_no_table("2102"), why_no_table("0000")
    (True, None, None)
    """
    if infno not in _WITHOUT_A_TABLE:
        return None
    return _IMPORTED if infno.startswith(_E_PRESCRIPTIONS) else _NO_TABLE
