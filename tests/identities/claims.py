"""What must be true of every settlement, whatever the rules: each claim returns what is wrong, or nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal

from rules.benefits import (
    Book,
    CaseError,
    Line,
    Person,
    Settlement,
    StepKind,
    Visit,
    YearTotals,
    check_identities,
    process_info,
    settle,
)
from rules.benefits.figures import HUNDRED
from rules.benefits.identities import AMOUNTS, area_reading, check_amounts
from rules.benefits.outcome import Fund
from rules.benefits.rule_set import Base, RuleSet
from rules.money import CENT, ONE, ZERO, to_cent, total
from tests.identities.random_cases import random_line
from tests.identities.sums_told import wrong_sums

STRETCH = re.compile(r"([0-9.]+)×([0-9.]+)%")
TWO_PLACES = -2
MOST_PARTS = 4
PAID = frozenset(fund.value for fund in Fund)
ADD_UP = (
    "medfee_sumamt",
    "fulamt_ownpay_amt",
    "overlmt_selfpay",
    "preselfpay_amt",
    "inscp_scp_amt",
    "act_pay_dedc",
    "hosp_part_amt",
    *sorted(PAID),
)
"""Amounts of a stay's parts that come to those of the whole; accounts pay what comes first."""


@dataclass(frozen=True)
class Case:
    """A case, and the settlement that it came to."""

    book: Book
    person: Person
    visit: Visit
    lines: Sequence[Line]
    totals: YearTotals
    settlement: Settlement

    def again(self, *, person: Person | None = None, lines: Sequence[Line] | None = None) -> Settlement:
        return settle(self.book, person or self.person, self.visit, lines or self.lines, self.totals)


Claim = Callable[[Case, random.Random], str]


def identities_hold(case: Case, _: random.Random) -> str:
    return "; ".join(check_identities(case.settlement))


def identities_hold_as_areas_read_them(case: Case, _: random.Random) -> str:
    for fund in (False, True):
        for family in (False, True):
            amounts = area_reading(case.settlement, fund_includes_account=fund, account_includes_family=family)
            wrong = check_amounts(amounts, fund_includes_account=fund, account_includes_family=family)
            if wrong:
                return "; ".join(wrong)
    return ""


def nothing_is_negative_or_finer_than_a_fen(case: Case, _: random.Random) -> str:
    amounts = [(name, getattr(case.settlement, name)) for name in AMOUNTS if name != "pool_prop_selfpay"]
    wrong = [name for name, amount in amounts if amount < 0 or amount.as_tuple().exponent != TWO_PLACES]
    wrong += [key for key, grown in case.settlement.increments.items() if grown <= 0]
    return ", ".join(wrong)


def funds_pay_no_more_than_is_in_scope(case: Case, _: random.Random) -> str:
    settled = case.settlement
    if settled.fund_pay_sumamt + settled.act_pay_dedc > settled.inscp_scp_amt and not _has_supplements(settled):
        return "the basic fund paid into the deductible"
    if not ZERO <= settled.pool_prop_selfpay <= ONE:
        return f"ratio {settled.pool_prop_selfpay}"
    return (
        f"{settled.fund_pay_sumamt} of {settled.inscp_scp_amt}"
        if settled.fund_pay_sumamt > settled.inscp_scp_amt
        else ""
    )


def _has_supplements(settled: Settlement) -> bool:
    return any(payment.paid for payment in settled.payments if not payment.rule.startswith("basic"))


def accounts_give_no_more_than_they_have(case: Case, _: random.Random) -> str:
    settled, person = case.settlement, case.person
    if settled.acct_pay > person.account_balance or settled.acct_mulaid_pay > person.mutual_aid:
        return "an account gave more than it has"
    given = settled.acct_pay + settled.acct_mulaid_pay
    return "an account was used though nobody asked" if given and not case.visit.uses_account else ""


def steps_say_what_was_reckoned(case: Case, _: random.Random) -> str:
    """Work the payments out again from the text of the steps alone."""
    settled = case.settlement
    by_fund = dict.fromkeys(Fund, ZERO)
    for step in settled.steps:
        if step.kind is StepKind.PAYMENT:
            given, paid = dict(step.given), dict(step.result)["paid"]
            stretches = STRETCH.findall(str(given["bands"]))
            told = to_cent(total(Decimal(width) * Decimal(rate) / HUNDRED for width, rate in stretches))
            if told != given["reckoned"] or paid > told or paid > given.get("limit_left", paid):
                return step.sentence
            by_fund[Fund(str(given["fund"]))] += paid
    wrong = [fund for fund, paid in by_fund.items() if getattr(settled, fund.value) != paid]
    return f"steps tell of another {wrong}" if wrong else ""


def every_figure_follows_from_its_sentence(case: Case, _: random.Random) -> str:
    return wrong_sums(case.settlement)


def process_text_fits(case: Case, rng: random.Random) -> str:
    longest = rng.choice((4_000, 1_000, 500))
    text = process_info(case.settlement, longest)
    last = case.settlement.steps[-1].sentence
    return "" if len(text) <= longest and text.startswith("【待遇计算】") and text.endswith(last) else text


def the_same_case_comes_to_the_same(case: Case, _: random.Random) -> str:
    return "" if case.again() == case.settlement else "another settlement"


def order_of_lines_does_not_matter(case: Case, rng: random.Random) -> str:
    shuffled = list(case.lines)
    rng.shuffle(shuffled)
    return _difference(case.settlement, case.again(lines=shuffled))


def _is_in_portions(settled: Settlement) -> bool:
    """Tell whether lines were settled apart: what one portion uses of a cap, another with a better rate may lack."""
    return any(step.kind is StepKind.PORTION for step in settled.steps)


def more_in_scope_never_lowers_what_funds_pay(case: Case, rng: random.Random) -> str:
    """Hold for visits that are settled as one."""
    more = replace(random_line(rng, "more", rng.choice((1, 500, 50_000))), charge_class="01")
    settled, grown = case.settlement, case.again(lines=[*case.lines, more])
    if grown.fund_pay_sumamt < settled.fund_pay_sumamt and not _is_in_portions(grown):
        return f"{more.amount} more: funds pay {grown.fund_pay_sumamt} instead of {settled.fund_pay_sumamt}"
    return ""


def the_poor_never_pay_more(case: Case, _: random.Random) -> str:
    """Hold for visits that are settled as one."""
    if case.person.assistance is None or _is_in_portions(case.settlement):
        return ""
    other = case.again(person=replace(case.person, assistance=None))
    poor = case.settlement
    if poor.psn_part_amt > other.psn_part_amt:
        return f"{case.person.assistance} pays {poor.psn_part_amt}, others {other.psn_part_amt}"
    return ""


def reversal_leaves_what_others_brought(case: Case, _: random.Random) -> str:
    """Settle this, then another; taking this back leaves the other's increments alone, and this can be settled anew."""
    own = case.settlement.increments
    after = case.totals.plus(own)
    other = settle(case.book, case.person, case.visit, case.lines, after).increments
    left = after.plus(other).minus(own)
    if left != case.totals.plus(other):
        return f"{left} is left"
    anew = settle(case.book, case.person, case.visit, case.lines, left.minus(other))
    return "" if anew == case.settlement else "another settlement once it was taken back"


def parts_of_a_stay_come_to_the_whole(case: Case, rng: random.Random) -> str:
    """Settle the same lines in parts, each handing on to the next: each keeps the claims, their sums are the whole.

    A cent for each layer and part is let pass. What parts cannot make good are payments that were cut because several
    funds wanted the same money, or had one cap between them: whoever comes first takes it, and nothing is paid back.
    """
    whole = case.settlement
    if _is_in_portions(whole) or not _adds_up(case.book.versions[0]):
        return ""
    settled = list(_settled_in_parts(case, rng))
    if sum(len(one.lines) for one in settled) < len(case.lines):
        return ""
    for one in settled:
        for claim in ALWAYS:
            if said := claim(one, rng):
                return f"{claim.__name__} of a part: {said}"
    parts = [one.settlement for one in settled]
    if any(_is_cut_short(one) for one in (whole, *parts)):
        return ""
    allowed = _cent(case.book.versions[0], whole) * len(parts)
    for name in ADD_UP:
        together = total(getattr(one, name) for one in parts)
        if abs(together - getattr(whole, name)) > (allowed if name in PAID else ZERO):
            return f"{name}: {together} in {len(parts)} parts, {getattr(whole, name)} as a whole"
    return ""


def _settled_in_parts(case: Case, rng: random.Random) -> Iterator[Case]:
    """Yield the parts of a random split; nothing if a part would take back more than it has."""
    parts: dict[int, list[Line]] = {}
    count = rng.randint(2, MOST_PARTS)
    for line in case.lines:
        parts.setdefault(rng.randrange(count), []).append(line)
    totals, visit = case.totals, case.visit
    for lines in parts.values():
        serials = frozenset(line.serial for line in lines)
        visit = replace(visit, dual_channel=case.visit.dual_channel & serials)
        try:
            settled = settle(case.book, case.person, visit, lines, totals)
        except CaseError:
            return
        yield Case(case.book, case.person, visit, lines, totals, settled)
        totals = totals.plus(settled.increments)
        visit = replace(visit, so_far=YearTotals(visit.so_far).plus(settled.carries).amounts)


def _adds_up(rules: RuleSet) -> bool:
    """Tell whether these rules can come to the same in parts: no money has two claims on it."""
    slots_of: dict[str, set[str]] = {}
    for layer in rules.layers:
        for cap in layer.caps:
            slots_of.setdefault(cap.pool, set()).add(layer.slot)
    is_shared = any(len(slots) > 1 for slots in slots_of.values())
    return not is_shared and not any(package.is_for_everything for package in rules.packages)


def _cent(rules: RuleSet, whole: Settlement) -> Decimal:
    """Return what a layer may round by: money over a cap is found by dividing, a fen of the cap by the rate."""
    if all(layer.base is not Base.OVER_CAP for layer in rules.layers):
        return CENT
    given = [dict(step.given) for step in whole.steps if step.kind is StepKind.PAYMENT]
    rates = [Decimal(rate) / HUNDRED for one in given for _, rate in STRETCH.findall(str(one["bands"]))]
    return CENT / min([rate for rate in rates if rate], default=ONE)


def _is_cut_short(settled: Settlement) -> bool:
    """Tell whether a fund paid less than it reckoned for another reason than its cap."""
    for step in settled.steps:
        if step.kind is StepKind.PAYMENT:
            given, paid = dict(step.given), dict(step.result)["paid"]
            if paid < min(given["reckoned"], given.get("limit_left", given["reckoned"])):
                return True
    return False


ALWAYS: tuple[Claim, ...] = (
    identities_hold,
    nothing_is_negative_or_finer_than_a_fen,
    funds_pay_no_more_than_is_in_scope,
)
"""Looked at for every case."""
BY_TURNS: tuple[Claim, ...] = (
    more_in_scope_never_lowers_what_funds_pay,
    the_poor_never_pay_more,
    order_of_lines_does_not_matter,
    reversal_leaves_what_others_brought,
    steps_say_what_was_reckoned,
    every_figure_follows_from_its_sentence,
    accounts_give_no_more_than_they_have,
    identities_hold_as_areas_read_them,
    the_same_case_comes_to_the_same,
    process_text_fits,
    parts_of_a_stay_come_to_the_whole,
)
"""One of these for each case, in turn."""


def _difference(one: Settlement, other: Settlement) -> str:
    names = [field.name for field in fields(Settlement) if field.name != "lines"]
    return ", ".join(name for name in names if getattr(one, name) != getattr(other, name))
