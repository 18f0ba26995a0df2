"""Who pays the person's part: the own account, the family's accounts, and cash for the rest.

An area says which parts an account may pay. The own account is used only where the visit asks for it; what the family
gives comes after it and pays only what the own account has left.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Final

from codes.words import Words
from rules.benefits.case import Person, Visit
from rules.benefits.facts import Facts
from rules.benefits.figures import Value
from rules.benefits.rule_set import Part
from rules.benefits.sentences import StepKind
from rules.benefits.worksheet import Worksheet
from rules.money import CENT, ZERO, at_least_zero, to_cent, total

PARTS: Final[Mapping[Part, Words]] = {
    Part.IN_SCOPE: Words("范围内", "in scope"),
    Part.PAYS_FIRST: Words("先行自付", "paid first"),
    Part.OVER_LIMIT: Words("超限价", "above the limit"),
    Part.OUTSIDE: Words("全自费", "outside the catalogue"),
}


@dataclass(frozen=True, slots=True)
class Purse:
    """The person's part by who pays it."""

    account: Decimal
    family: Decimal
    cash: Decimal


def pay_from_accounts(
    sheet: Worksheet, facts: Facts, person: Person, visit: Visit, borne: Mapping[Part, Decimal]
) -> Purse:
    """Return how the person's part is paid.

    Args:
        sheet: Where it is written.
        facts: The case.
        person: Whose account it is.
        visit: Says whether the account is used.
        borne: The person's part.
    """
    whole = total(borne.values())
    rule = next((use for use in sheet.rules.accounts if use.when.fits(facts)), None)
    if rule is None or not visit.uses_account or not whole:
        return Purse(to_cent(ZERO), to_cent(ZERO), whole)
    own, family = _sum(borne, rule.own), _sum(borne, rule.family)
    balance, family_balance = _whole_fen(person.account_balance), _whole_fen(person.mutual_aid)
    account = min(own, balance)
    # What the account has paid is taken from the parts that the family may not pay first.
    left = _sum(borne, rule.own | rule.family) - account
    aid = min(family, family_balance, left)
    given: dict[str, Value] = {"psn_part_amt": whole, "own_may_pay": own, "balance": balance}
    given |= {"family_may_pay": family, "family_balance": family_balance}
    given |= {"own_parts": _told(borne, rule.own), "family_parts": _told(borne, rule.family)}
    if left < min(family, family_balance):
        given["family_left"] = left
    sheet.write(StepKind.ACCOUNT, rule.id, rule.title, given, {"acct_pay": account, "acct_mulaid_pay": aid})
    return Purse(account, aid, whole - account - aid)


def _told(borne: Mapping[Part, Decimal], parts: Collection[Part]) -> Words:
    """Return parts of what the person bears as a sum."""
    held = [(PARTS[part], borne[part]) for part in Part if part in parts and borne[part]]
    return Words(
        " + ".join(f"{words.zh} {amount}" for words, amount in held),
        " + ".join(f"{words.en} {amount}" for words, amount in held),
    )


def _whole_fen(balance: Decimal) -> Decimal:
    """Return what a balance can give."""
    return at_least_zero(balance).quantize(CENT, ROUND_DOWN)


def _sum(borne: Mapping[Part, Decimal], parts: Collection[Part]) -> Decimal:
    return to_cent(total(borne[part] for part in parts))
