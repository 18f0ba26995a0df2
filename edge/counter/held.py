"""Packs on a list that the institution's own software is settling through the proxy, or has settled: not sold here too.

Its message keeps them from before it leaves until its outcome is known; whoever is at the counter meanwhile is told.
"""

from __future__ import annotations

from sqlalchemy import Connection

from edge.counter.errors import HeldByPosError
from edge.store.pos_codes import held_by_pos


def refuse_held_by_pos(tx: Connection, sale: str) -> None:
    """Refuse to have packs settled that the software has settled, or asks to.

    Raises:
        HeldByPosError: It does.
    """
    held = held_by_pos(tx, sale)
    if held is not None:
        raise HeldByPosError(sale, held.msgid, held.setl_id)


def refuse_asked_by_pos(tx: Connection, sale: str, code: str = "") -> None:
    """Refuse to take money for packs, or to let them go, as long as nobody knows whether the software has settled them.

    Args:
        tx: The transaction.
        sale: The list that they lie on.
        code: The pack that is meant; empty for all of the list.

    Raises:
        HeldByPosError: Nobody does.
    """
    held = held_by_pos(tx, sale, code)
    if held is not None and held.is_open:
        raise HeldByPosError(sale, held.msgid, held.setl_id)
