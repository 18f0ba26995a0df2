"""The one table of what the centre does: transaction number, handler, whether it reads or changes.

A number that is not here is either one of the interface that this centre does not handle, or none of it at all; the
sender is told which.
"""

from __future__ import annotations

from collections import ChainMap
from types import MappingProxyType
from typing import Final

from codes.words import Words
from server.fsi.desk import Deed, Deeds
from server.fsi.refusals import NotHandledError
from server.fsi.transactions import (
    accounts,
    catalogue,
    entitlement,
    files,
    inpatient,
    institution,
    listing,
    matching,
    outpatient,
    person,
    pharmacy,
    queries,
    reversal,
    session,
    stock,
    trace,
)
from wire.fsi.tables import UnknownTransactionError, transactions

GROUPS: Final = (
    session,
    person,
    institution,
    files,
    catalogue,
    listing,
    matching,
    entitlement,
    pharmacy,
    outpatient,
    inpatient,
    reversal,
    accounts,
    stock,
    trace,
    queries,
)
"""Modules with a mapping `TRANSACTIONS`."""

HANDLERS: Final[Deeds] = MappingProxyType(dict(ChainMap(*(dict(group.TRANSACTIONS) for group in GROUPS))))

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
_NO_AUDIT: Final = Words("中心尚不受理事前、事中审核", "the centre does not take audits before or during treatment yet")
_IMPORTED: Final = Words(
    "电子处方由中心从处方平台的名单导入，其字段无可靠来源",
    "e-prescriptions are imported at the centre from the platform's list, and no source tells these fields",
)


def deed_of(infno: str, deeds: Deeds = HANDLERS) -> Deed:
    """Return what is done for a transaction.

    Raises:
        NotHandledError: The interface has it, and this centre does not handle it; the words say why.
        UnknownTransactionError: The interface has no such transaction.
    """
    found = deeds.get(infno)
    if found is not None:
        return found
    if infno in transactions() or infno in _WITHOUT_A_TABLE:
        why = _why_not(infno)
        raise NotHandledError(
            Words(f"本中心未实现交易 {infno}：{why.zh}", f"This centre does not implement {infno}: {why.en}")
        )
    raise UnknownTransactionError(
        Words(f"infno（交易编号）{infno} 不存在", f"There is no transaction {infno} (infno)"),
        next_step=Words("请核对 infno。", "Check infno."),
    )


def _why_not(infno: str) -> Words:
    if infno in transactions():
        return _NO_AUDIT
    return _IMPORTED if infno.startswith(_E_PRESCRIPTIONS) else _NO_TABLE
