"""What a sale comes to: its lines by the lists, its person by the register, both by the rules; nothing is kept here.

The same reckoning serves the trial and the settlement, so that a trial promises what the settlement does if nothing
changes in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from codes.words import Words
from rules.benefits.book import Books
from rules.benefits.case import Visit, YearTotals
from rules.benefits.engine import settle
from rules.benefits.outcome import Settlement
from rules.benefits.stay_facts import StayFacts
from rules.benefits.tally import STAYS
from server.people.sealing import Sealer
from server.settlement.categories import check_category, remarks_on
from server.settlement.entitlement import Entitled, Entitlements
from server.settlement.persons import Insured, as_ruled, load_insured, referral_of
from server.settlement.pricing import Priced, price_lines
from server.settlement.rest_of_sale import check_days
from server.settlement.sale import Sale
from server.store import increments, settlements
from server.store.database import Connection
from server.store.institutions import Institution
from wire.fsi.values import BEIJING


@dataclass(frozen=True, slots=True)
class Ground:
    """What every reckoning stands on; made once."""

    books: Books
    sealer: Sealer
    entitlements: Entitlements


@dataclass(frozen=True, slots=True)
class Reckoned:
    """A sale, and what it comes to."""

    sale: Sale
    institution: Institution
    insured: Insured
    priced: tuple[Priced, ...]
    entitled: Entitled
    outcome: Settlement
    remarks: tuple[Words, ...]
    """What the sender should know of the whole."""


def reckon(connection: Connection, sale: Sale, institution: Institution, ground: Ground, now: datetime) -> Reckoned:
    """Return what a sale comes to.

    Raises:
        SettlementError: Person, credential, day or entitlement stand in the way.
        BenefitError: No rules hold, or the case contradicts itself.
    """
    person = load_insured(connection, sale, ground.sealer, now, of_stay(sale, ground))
    book = ground.books.for_district(person.insurance.district)
    check_days(connection, sale, book.days_late(sale.day), now.astimezone(BEIJING).date())
    priced = price_lines(connection, sale, institution, person.insurance)
    entitled = ground.entitlements.look(connection, sale, institution, priced)
    visit = _visit(sale, institution, person, entitled)
    force = book.for_visit(visit)
    check_category(force.rules, sale)
    totals = settlements.load_year_totals(connection, sale.psn_no, force.day.year)
    if sale.stay_number is not None:
        visit = _going_on(connection, visit, sale, force.day.year)
    ruled = as_ruled(person, force.rules, force.day)
    outcome = settle(
        book,
        ruled,
        replace(visit, stay_number=sale.stay_number or _stay_number(totals)),
        [one.reckoned for one in priced],
        YearTotals(totals),
    )
    remarks = (*entitled.remarks, *remarks_on(force.rules, ruled, sale, outcome))
    return Reckoned(sale, institution, person, priced, entitled, outcome, remarks)


def of_stay(sale: Sale, ground: Ground) -> StayFacts:
    """Return on which day of a stay facts must hold, by the rules of the admission."""
    return ground.books.for_district(sale.insured_district).near(sale.admitted or sale.day).stay_facts


def _visit(sale: Sale, institution: Institution, person: Insured, entitled: Entitled) -> Visit:
    return Visit(
        med_type=sale.med_type,
        # Only a stay lasts: what crosses the turn of a year in an open registration is of the day of its fees.
        begins=sale.day if sale.stay_number is None else sale.begins.astimezone(BEIJING).date(),
        ends=None if sale.stay_number is None else sale.day,
        level=institution.level,
        institution_kind=institution.kind,
        district=sale.by.district,
        disease=sale.disease or None,
        referral=referral_of(person, sale),
        uses_account=sale.uses_account,
        dual_channel=entitled.dual_channel,
    )


def _going_on(connection: Connection, visit: Visit, sale: Sale, year: int) -> Visit:
    """Return a stay as it goes on from its parts that stand."""
    carried = increments.load_carried(connection, sale.visit)
    is_continued = carried.first_year is not None and carried.first_year < year
    return replace(visit, so_far=carried.amounts, is_continued=is_continued)


def _stay_number(totals: Mapping[str, Decimal]) -> int:
    return int(totals.get(STAYS, Decimal(0))) + 1
