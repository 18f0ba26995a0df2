"""Which packs of a sale came back, whatever the centre says: it may have gone back to a backup and lost the return.

What was taken back at this terminal stays known here; of the other terminals of the site it is known as far as they
were heard. Who relies on the centre alone pays a pack back as often as the centre forgets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from sqlalchemy import Connection

from codes.words import Words
from edge.sealing import Sealer
from edge.store import undertakings as kept
from edge.store.came_back import came_back_at_site, came_back_here
from edge.store.undertakings import Kind, plan_place
from edge.till.after_errors import ReturnLostError
from edge.till.plans import Ending, Plan

HERE = ""
_CAME = frozenset({Ending.DONE, Ending.SELF_PAID, Ending.ELSEWHERE})


def came_back(tx: Connection, sealer: Sealer, sale: str, codes: Iterable[str]) -> dict[str, str]:
    """Return which of these packs came back of a sale, and at which other terminal; `HERE`: at this one."""
    here = _taken_back(tx, sealer, sale)
    found = {code: _where(tx, code, sale, here) for code in codes}
    return {code: where for code, where in found.items() if where is not None}


def refuse_lost_return(sale: str, back: Mapping[str, str]) -> None:
    """Refuse to go by what the centre says of a sale if packs are out by it that came back.

    Raises:
        ReturnLostError: There are some.
    """
    if back:
        raise ReturnLostError(sale, tuple(back), tuple(sorted(set(back.values()) - {HERE})))


def to_be_told_there(back: Mapping[str, str]) -> Words | None:
    """Say where else something has to be told again once the sale was told; None: nowhere."""
    others = {code: where for code, where in back.items() if where != HERE}
    if not others:
        return None
    names, codes = sorted(set(others.values())), list(others)
    return Words(
        f"{'、'.join(codes)} 已在 {'、'.join(names)} 退回，请再到该终端对该单重新上报",
        f"{', '.join(codes)} came back at {', '.join(names)}: tell the sale again there as well",
    )


def _where(tx: Connection, code: str, sale: str, here: frozenset[str]) -> str | None:
    if code in here or came_back_here(tx, code, sale):
        return HERE
    return came_back_at_site(tx, code, sale)


def _taken_back(tx: Connection, sealer: Sealer, sale: str) -> frozenset[str]:
    """Return the packs that ended undertakings of a sale have taken back here."""
    ended = [one for one in kept.undertakings_of(tx, sale) if one.kind is Kind.RETURN and one.outcome in _CAME]
    plans = (msgspec.json.decode(sealer.open(one.plan, plan_place(one.id)), type=Plan) for one in ended)
    return frozenset(code for plan in plans for code in plan.codes)
