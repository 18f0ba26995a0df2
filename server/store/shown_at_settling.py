"""With what insured settlements were made: counted as they are made, cancelled and stand again, and read by month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, Connection, bindparam, func, insert, literal_column, select

from server.store import tallies
from server.store.direct import Asked
from server.store.settlement_tables import settlement
from server.store.tables import tally_change
from server.store.tallies import CELL, SHOWN, Months

_VOUCHER, _ID_CARD, _INSURANCE_CARD = "01", "02", "03"
"""`mdtrt_cert_type`; a face is verified for the token of a voucher."""
_COUNT = Asked(
    insert(tally_change).from_select(
        [*CELL, "times"],
        select(
            literal_column(f"'{SHOWN}'"),
            func.substr(settlement.c.day, literal_column("1"), literal_column("7")),
            settlement.c.institution,
            settlement.c.credential_kind,
            literal_column("0"),
            bindparam("more", type_=BigInteger),
        ).where(settlement.c.setl_id == bindparam("changed"), settlement.c.cancels.is_(None)),
    )
)


@dataclass(frozen=True, slots=True)
class ShownAtSettling:
    """With what the insured settlements of one institution and month that stand were made."""

    institution: str
    month: str
    settled: int
    by_voucher: int
    by_id_card: int
    by_insurance_card: int


def count(connection: Connection, setl_id: str, more: int) -> None:
    """Count a settlement that stands from now on (1), or does no more (-1); a negative never counts."""
    _COUNT.run(connection, {"changed": setl_id, "more": more})


def load_shown_at_settling(connection: Connection, chosen: Months) -> Sequence[ShownAtSettling]:
    """Return with what insured settlements were made that stand, by institution and month."""
    found = tallies.totals(SHOWN, chosen).c
    asked = select(found.institution, found.month, found.name, func.sum(found.times)).group_by(
        found.institution, found.month, found.name
    )
    counted: dict[tuple[str, str], Counter[str]] = {}
    for institution, month, kind, times in connection.execute(asked):
        counted.setdefault((institution, month), Counter())[kind] += int(times)
    return [
        ShownAtSettling(*place, kinds.total(), kinds[_VOUCHER], kinds[_ID_CARD], kinds[_INSURANCE_CARD])
        for place, kinds in counted.items()
        if kinds.total()
    ]
