"""What a settlement comes to: the amounts by the interface's names, and every step on the way to them.

The amounts follow the reading that leaves the personal account out of the funds' total; `readings.area_reading` gives
them as an area writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from codes.words import Words
from rules.benefits.case import Line
from rules.benefits.figures import Value
from rules.benefits.sentences import StepKind, sentence
from rules.money import ZERO, to_places

RATIO_PLACES = 4


class Fund(StrEnum):
    """Who pays, by the name of the amount in the interface."""

    HIFP = "hifp_pay"
    """Pooled fund (统筹基金)."""
    CVLSERV = "cvlserv_pay"
    """Civil servants' subsidy (公务员补助)."""
    HIFES = "hifes_pay"
    """Enterprise supplement (企业补充)."""
    HIFMI = "hifmi_pay"
    """Residents' critical-illness insurance (居民大病)."""
    HIFOB = "hifob_pay"
    """Employees' large-sum subsidy (职工大额)."""
    MAF = "maf_pay"
    """Medical assistance (医疗救助)."""
    OTH = "oth_pay"
    """Any other."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a rule, the numbers that went in, and those that came out."""

    kind: StepKind
    rule: str
    """Id of the rule, or of the area where no single rule is at work."""
    version: str
    """Version of the rule file."""
    title: Words
    given: tuple[tuple[str, Value], ...]
    result: tuple[tuple[str, Value], ...]
    _told: list[Words] = field(default_factory=list, init=False, repr=False, compare=False)
    """The sentence once it was asked for: text, record and funds all tell it."""

    @property
    def words(self) -> Words:
        """Return the step as a sentence in both languages."""
        if not self._told:
            self._told.append(sentence(self.kind, self.title, dict((*self.given, *self.result))))
        return self._told[0]

    @property
    def sentence(self) -> str:
        """Return the step as a Chinese sentence."""
        return self.words.zh


@dataclass(frozen=True, slots=True)
class RuleUse:
    """A rule that had a say."""

    id: str
    version: str


@dataclass(frozen=True, slots=True)
class SplitLine:
    """A line in its four parts."""

    line: Line
    over_limit: Decimal
    """Above the price ceiling."""
    outside: Decimal
    """Outside the catalogue."""
    pays_first: Decimal
    in_scope: Decimal
    shares: tuple[Decimal, ...] = ()
    """Of what lies below the ceiling and in the catalogue the share paid first, and of the rest a further one."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What one fund pays by one rule (`setldetail`)."""

    fund: Fund
    fund_type: str
    """`fund_pay_type` of the local dictionary, as the rule says; may be empty."""
    rule: str
    title: Words
    base: Decimal
    """In-scope money that the rule looked at."""
    limit_left: Decimal | None
    """What the fund could still have paid under its caps before this payment; none: no cap."""
    paid: Decimal


@dataclass(frozen=True, slots=True)
class Settlement:
    """A settlement that was worked out; whether it is kept is the caller's business."""

    area: str
    version: str
    day: date
    """The day whose rules were used."""
    year: int
    """The year whose totals `increments` belong to."""
    medfee_sumamt: Decimal
    fulamt_ownpay_amt: Decimal
    overlmt_selfpay: Decimal
    preselfpay_amt: Decimal
    inscp_scp_amt: Decimal
    act_pay_dedc: Decimal
    hifp_pay: Decimal
    pool_prop_selfpay: Decimal
    """Ratio at which the pooled fund paid what is above the deductible, four decimals."""
    cvlserv_pay: Decimal
    hifes_pay: Decimal
    hifmi_pay: Decimal
    hifob_pay: Decimal
    maf_pay: Decimal
    oth_pay: Decimal
    fund_pay_sumamt: Decimal
    psn_part_amt: Decimal
    acct_pay: Decimal
    """From the person's own account, without the family's."""
    acct_mulaid_pay: Decimal
    psn_cash_pay: Decimal
    hosp_part_amt: Decimal
    lines: tuple[SplitLine, ...]
    payments: tuple[Payment, ...]
    steps: tuple[Step, ...]
    increments: Mapping[str, Decimal]
    """What the year totals grow by; never negative."""
    carries: Mapping[str, Decimal]
    """What the next part of the stay has to know of this one: deductible paid, place in the bands, caps of a visit."""
    rules: tuple[RuleUse, ...]

    @property
    def in_scope_ratio(self) -> Decimal:
        """Share of the in-scope money that funds pay (政策范围内报销比例)."""
        return to_places(self.fund_pay_sumamt / self.inscp_scp_amt, RATIO_PLACES) if self.inscp_scp_amt else ZERO

    @property
    def real_ratio(self) -> Decimal:
        """Share of the whole fee that funds pay (实际报销比例)."""
        return to_places(self.fund_pay_sumamt / self.medfee_sumamt, RATIO_PLACES) if self.medfee_sumamt else ZERO
