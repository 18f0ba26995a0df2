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
from wire.fsi.without_tables import why_no_table

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

_NO_AUDIT: Final = Words("中心尚不受理事前、事中审核", "the centre does not take audits before or during treatment yet")


def deed_of(infno: str, deeds: Deeds = HANDLERS) -> Deed:
    """Return what is done for a transaction.

    Raises:
        NotHandledError: The interface has it, and this centre does not handle it; the words say why.
        UnknownTransactionError: The interface has no such transaction.
    """
    found = deeds.get(infno)
    if found is not None:
        return found
    why = _NO_AUDIT if infno in transactions() else why_no_table(infno)
    if why is not None:
        raise NotHandledError(
            Words(f"本中心未实现交易 {infno}：{why.zh}", f"This centre does not implement {infno}: {why.en}")
        )
    raise UnknownTransactionError(
        Words(f"infno（交易编号）{infno} 不存在", f"There is no transaction {infno} (infno)"),
        next_step=Words("请核对 infno。", "Check infno."),
    )
