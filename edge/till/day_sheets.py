"""A business day as the screen shows it, ended or not, and in words why it is not closed and what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from codes.words import Words
from edge.store.day_ends import COUNTED_TWICE, DayState, Difference
from edge.store.unfinished import Unfinished
from edge.till.reconciling import ONLY_HERE, Compared
from rules.day_sheet import Group, Sums

_MOST_NAMED = 5
_END_AGAIN = Words("请说明原因重新打开，再日结一次。", "Open the day again, with a reason, and end it once more.")


@dataclass(frozen=True, slots=True)
class GroupShown:
    """One group of the day."""

    group: Group
    sums: Sums
    result: str
    """`stmt_rslt`; empty if it was not compared, as the sheet of another terminal was not at hand."""
    told: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a day is not closed for good."""

    why: Words
    next_step: Words


@dataclass(frozen=True, slots=True)
class OtherShown:
    """What another terminal settled within the business day."""

    terminal: str
    sums: Sums


@dataclass(frozen=True, slots=True)
class DaySheet:
    """A business day as the screen shows it, ended or not."""

    day: date
    first_date: date
    """Of the calendar days whose books are compared: the centre knows no others."""
    last_date: date
    sales: tuple[GroupShown, ...]
    """Insured, of this terminal, within the business day."""
    compared: tuple[GroupShown, ...]
    """Of the institution, within the calendar days."""
    self_paid: Decimal
    """Yuan in the drawer from self-pay sales, less what went back."""
    insured_cash: Decimal
    """Yuan in the drawer from insured sales, less what went back."""
    unread: int
    """Facts that could not be read: the sums lack them."""
    unfinished: Unfinished
    missing: tuple[str, ...]
    """Terminals whose sums were not at hand."""
    elsewhere: int
    """Records of other desks that the centre has and no terminal that was asked."""
    others: tuple[OtherShown, ...] = ()
    """What other terminals of the site told when the day was ended; of those that are not named nothing is known."""
    state: DayState | None = None
    """None while the day is open."""
    differences: tuple[Difference, ...] = ()
    reasons: tuple[Reason, ...] = ()
    """Why it differs, is incomplete or has changed: none of these is said without its reason and what comes next."""


def reasons_of(
    differences: Sequence[Difference], differing: Sequence[Compared], missing: Sequence[str]
) -> list[Reason]:
    """Return why a day is not closed.

    Args:
        differences: The records in which the books of the house differ from the centre's.
        differing: The groups of which the sums differ.
        missing: Terminals that were not asked.
    """
    found = []
    twice = [one for one in differences if one.result == COUNTED_TWICE]
    here = [one for one in differences if one.result == ONLY_HERE]
    there = [one for one in differences if one.result not in {COUNTED_TWICE, ONLY_HERE}]
    if twice:
        found.append(_twice(twice))
    if here:
        found.append(_only_here(here))
    if there:
        found.append(_there(there))
    if missing:
        found.append(_missing(missing))
    if differing and not found:
        found.append(_sums_alone(differing))
    return found


def changed(then: Sequence[GroupShown], now: Sequence[GroupShown], self_paid: Decimal) -> Reason:
    """Return that a day that was closed has changed.

    Args:
        then: The groups when it was closed.
        now: As they are now.
        self_paid: Yuan by which the self-pay sales differ.
    """
    count = sum(one.sums.count for one in now) - sum(one.sums.count for one in then)
    fee = sum((one.sums.fee for one in now), Decimal(0)) - sum((one.sums.fee for one in then), Decimal(0))
    return Reason(
        Words(
            f"日结后又有变化：医保 {count:+d} 笔、{fee:+.2f} 元，自费 {self_paid:+.2f} 元",
            f"It has changed since it was closed: insured records {count:+d}, ¥{fee:+.2f}; self-pay ¥{self_paid:+.2f}",
        ),
        _END_AGAIN,
    )


def with_others(sheet: DaySheet, told: Mapping[str, Sums]) -> DaySheet:
    """Return a day that was closed with what the other terminals tell of it now; where that is news, it has changed."""
    moved = [(one, told[one.terminal]) for one in sheet.others if told.get(one.terminal, one.sums) != one.sums]
    if not moved:
        return sheet
    now = tuple(OtherShown(one.terminal, told.get(one.terminal, one.sums)) for one in sheet.others)
    reasons = sheet.reasons if sheet.state is DayState.CHANGED else ()
    return replace(sheet, others=now, state=DayState.CHANGED, reasons=(*reasons, _changed_there(moved)))


def _changed_there(moved: Sequence[tuple[OtherShown, Sums]]) -> Reason:
    told = [(one.terminal, now.count - one.sums.count, now.fee - one.sums.fee) for one, now in moved]
    zh = "；".join(f"{name} 医保 {count:+d} 笔、{fee:+.2f} 元" for name, count, fee in told)
    en = "; ".join(f"{name}: insured records {count:+d}, ¥{fee:+.2f}" for name, count, fee in told)
    return Reason(
        Words(f"日结后其他终端又有变化：{zh}", f"Other terminals have changed it since it was closed: {en}"), _END_AGAIN
    )


def _twice(found: Sequence[Difference]) -> Reason:
    return Reason(
        Words(
            f"{len(found)} 笔在本机构被多台终端各记一次：{_named(found)}",
            f"Records that several terminals count ({len(found)}): {_named(found, ', ')}",
        ),
        Words(
            "中心只有一次。请在差异所列台号核对该笔的收款、退款，只应各有一次；多退的追回后，请联系中心说明再日结。",
            "The centre has each once. Check at the desks named below what was taken and what was paid back for it: "
            "each happens once. Recover what was paid twice, tell the centre, and end the day again.",
        ),
    )


def _only_here(found: Sequence[Difference]) -> Reason:
    return Reason(
        Words(
            f"{len(found)} 笔本机构有而中心没有：{_named(found)}",
            f"Records that are here and not at the centre ({len(found)}): {_named(found, ', ')}",
        ),
        Words(
            "请在“售后”页查该结算号，向中心核实；已被冲正或中心丢失的，按提示处理后重新日结。",
            "Look these settlements up on the page of what comes after a sale and ask the centre; if they were taken "
            "back or lost there, do what is said there and end the day again.",
        ),
    )


def _there(found: Sequence[Difference]) -> Reason:
    return Reason(
        Words(
            f"{len(found)} 笔金额不同或仅中心有：{_named(found)}",
            f"Records with other figures, or at the centre alone ({len(found)}): {_named(found, ', ')}",
        ),
        Words(
            "请在差异所列台号核对该结算号：结果未明的等其查明；由收银软件直接办理的到该软件核对；仍不符的联系中心。",
            "Look these settlements up at the desks named below: wait for what is not known yet, check in the software "
            "that made them, and call the centre about the rest.",
        ),
    )


def _missing(terminals: Sequence[str]) -> Reason:
    return Reason(
        Words(
            f"这些终端未联系上，其记录未核对：{'、'.join(terminals)}",
            f"These terminals were not reached, and their records not compared: {', '.join(terminals)}",
        ),
        Words(
            "请开机联网后再日结一次；已停用的请从本店名单中移除。",
            "End the day once more when they are on; take those out of the list of the site that are no longer used.",
        ),
    )


def _sums_alone(differing: Sequence[Compared]) -> Reason:
    groups = [one.group for one in differing]
    named = [f"{one.insutype}/{one.clr_type}/{one.clr_optins}" for one in groups]
    return Reason(
        Words(
            f"逐笔一致而合计不同：{'、'.join(named)}；对账时正有结算，或险种归类与中心不同",
            f"Each record is equal, the sums are not: {', '.join(named)}. Something was settled meanwhile, or counts "
            "under another insurance at the centre",
        ),
        Words(
            "请稍后重新日结；仍不同的，请把上列险种、清算类别和参保地告知中心核对归类。",
            "End the day again in a minute. If it comes again, ask the centre which insurance it counts them under.",
        ),
    )


def _named(found: Sequence[Difference], joint: str = "、") -> str:
    shown = [one.setl_id for one in found[:_MOST_NAMED]]
    return joint.join([*shown, "…"] if len(found) > _MOST_NAMED else shown)
