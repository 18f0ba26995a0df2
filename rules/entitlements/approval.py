"""Whether an approval lets a dual-channel drug be settled at the hospital's ratio, and what is in the way if not.

An approval names person, drug, responsible doctor, one pharmacy, the days on which it holds, and perhaps a quantity
within so many days. Several may be good for one drug, for as many pharmacies or doctors; one that fits is enough. If
none does, what the nearest one asks for is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from codes.words import Words
from rules.entitlements.purchase import Drug, Earlier, Lack

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval of one drug for one person."""

    doctor: str
    pharmacy: str
    begins: date
    ends: date | None
    """The last day; None until further notice."""
    is_withdrawn: bool = False
    quantity: Decimal | None = None
    """That may be had within the window; None for any."""
    window_days: int = 1

    def holds_on(self, day: date) -> bool:
        """Tell whether a day is one of its days."""
        return self.begins <= day and (self.ends is None or day <= self.ends)


@dataclass(frozen=True, slots=True)
class Claim:
    """A line that would be settled on an approval."""

    serial: str
    drug: Drug
    day: date
    count: Decimal
    pharmacy: str
    is_dual_channel_pharmacy: bool
    doctor: str
    """Who prescribed it; empty if nobody is named."""
    is_prescribed: bool
    earlier: Sequence[Earlier] = ()
    """Of the same drug, lines before this one in the same sale included."""


def lacks_of_claim(claim: Claim, approvals: Sequence[Approved]) -> tuple[Lack, ...]:
    """Return what keeps a line from being settled on any of these approvals; nothing if one fits."""
    looked_at = [tuple(_lacks(claim, one, approvals)) for one in approvals]
    return min(looked_at, key=len, default=(missing(claim),))


def missing(claim: Claim) -> Lack:
    """Return that nobody approved the drug for the person."""
    return _lack(
        claim,
        "approval_missing",
        Words("没有双通道用药审批", "has no dual-channel approval"),
        Words("请责任医师向医保经办机构办理双通道备案。", "Have the responsible doctor apply for an approval."),
    )


def _lacks(claim: Claim, one: Approved, all_of_drug: Sequence[Approved]) -> Iterator[Lack]:
    yield from _standing(claim, one)
    if not claim.is_dual_channel_pharmacy:
        yield _lack(
            claim,
            "pharmacy_not_dual_channel",
            Words(
                f"{claim.pharmacy} 不是双通道药店",
                f"is not sold at {claim.pharmacy}, which is no dual-channel pharmacy",
            ),
            Words("请到双通道药店购药。", "Buy it at a dual-channel pharmacy."),
        )
    if one.pharmacy != claim.pharmacy:
        named = "、".join(sorted({each.pharmacy for each in all_of_drug if not each.is_withdrawn}) or [one.pharmacy])
        yield _lack(
            claim,
            "approval_pharmacy",
            Words(f"审批的药店为 {named}", f"is approved for the pharmacy {named}"),
            Words(f"请到 {named} 购药，或变更审批药店。", f"Buy it at {named}, or have the pharmacy changed."),
        )
    yield from _prescription(claim, one)
    yield from _quantity(claim, one)


def _standing(claim: Claim, one: Approved) -> Iterator[Lack]:
    renew = Words("请重新办理双通道备案。", "Have it approved anew.")
    if one.is_withdrawn:
        yield _lack(claim, "approval_withdrawn", Words("双通道审批已撤销", "had an approval that was withdrawn"), renew)
    elif claim.day < one.begins:
        words = Words(f"双通道审批自 {one.begins} 起有效", f"is approved from {one.begins} on")
        step = Words(f"请在 {one.begins} 起购药。", f"Buy it from {one.begins} on.")
        yield _lack(claim, "approval_not_yet", words, step)
    elif not one.holds_on(claim.day):
        words = Words(f"双通道审批已于 {one.ends} 到期", f"was approved until {one.ends}")
        yield _lack(claim, "approval_expired", words, renew)


def _prescription(claim: Claim, one: Approved) -> Iterator[Lack]:
    step = Words(f"请由责任医师 {one.doctor} 开具处方。", f"Have it prescribed by {one.doctor}.")
    if not claim.is_prescribed:
        words = Words(
            "缺责任医师的处方 rxno", "needs a prescription (rxno) of the responsible doctor, which is missing"
        )
        yield _lack(claim, "approval_prescription", words, step)
    if claim.doctor != one.doctor:
        said = Words(claim.doctor or "未填", claim.doctor or "not stated")
        words = Words(
            f"责任医师为 {one.doctor}，处方医师（bilg_dr_codg）{said.zh}",
            f"has {one.doctor} for its responsible doctor; bilg_dr_codg is {said.en}",
        )
        yield _lack(claim, "approval_doctor", words, step)


def _quantity(claim: Claim, one: Approved) -> Iterator[Lack]:
    if one.quantity is None:
        return
    since = claim.day - timedelta(days=one.window_days - 1)
    had = sum((each.count for each in claim.earlier if since <= each.day <= claim.day), _ZERO)
    if had + claim.count > one.quantity:
        limit, got, asked = (f"{number.normalize():f}" for number in (one.quantity, had, claim.count))
        words = Words(
            f"审批为 {one.window_days} 天 {limit}，已购 {got}，本次 {asked}",
            f"is approved for {limit} in {one.window_days} days, had {got}, this line has {asked}",
        )
        step = Words("请减少数量，或在期满后再购。", "Sell less, or after those days.")
        yield _lack(claim, "approval_quantity", words, step)


def _lack(claim: Claim, code: str, words: Words, step: Words) -> Lack:
    drug = claim.drug.name or claim.drug.item
    told = Words(f"双通道药品 {drug}：{words.zh}", f"Dual-channel drug {drug}: it {words.en}")
    return Lack(claim.serial, f"entitlement.{code}", told, step)
