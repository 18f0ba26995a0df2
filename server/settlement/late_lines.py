"""Lines that come too late to be settled: remarked as they are uploaded, since only the settlement refuses them.

A hospital uploads when it charges and settles when the patient pays; told at the counter only, it could not mend it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from codes.words import Words
from server.settlement.charging import probe_of
from server.settlement.checks import check_in_time
from server.settlement.errors import TooLateError
from server.settlement.reckoning import Ground
from server.settlement.sale import Caller, SaleLine
from server.store.visits import Visit
from wire.fsi.values import BEIJING

_SHOWN = 3


def remarks_on_late_lines(visit: Visit, lines: Iterable[SaleLine], ground: Ground, by: Caller) -> list[Words]:
    """Return which lines a settlement of today would refuse, together by how late they are."""
    book, today = ground.books.for_district(visit.insured_district), by.at.astimezone(BEIJING).date()
    found: dict[str, tuple[list[str], Words]] = {}
    for line in lines:
        probe = probe_of(visit, (line,), by)
        # A stay that has not ended is as if it ended now.
        sale = replace(probe, ends=probe.ends or by.at)
        try:
            check_in_time(sale, book.days_late(sale.day), today)
        except TooLateError as exc:
            found.setdefault(exc.words.zh, ([], exc.words))[0].append(line.serial)
    return [_remark(serials, why) for serials, why in found.values()]


def _remark(serials: list[str], why: Words) -> Words:
    more = len(serials) - _SHOWN
    zh, en = "、".join(serials[:_SHOWN]), ", ".join(serials[:_SHOWN])
    return Words(
        f"明细 {zh}{f' 等 {len(serials)} 条' if more > 0 else ''}：{why.zh}，结算时将被拒绝",
        f"line {en}{f' and {more} more' if more > 0 else ''}: {why.en}; its settlement would be refused",
    )
