"""To which day of a stay its insurance is in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from rules.benefits.book import Book
from rules.benefits.stay_facts import Covers, StayFacts
from server.store import insured
from server.store.database import Connection
from server.store.insured import Insurance
from server.store.visits import Visit
from wire.fsi.values import BEIJING

IN_FORCE: Final = "1"
"""`psn_insu_stas`."""
_PREFECTURE: Final = 4
_DAY: Final = timedelta(days=1)


def is_same_place(district: str, stated: str) -> bool:
    """Tell whether a stated place of insurance is that of an insurance: the district, or another of its prefecture."""
    return not stated or district[:_PREFECTURE] == stated[:_PREFECTURE]


def stay_facts_of(visit: Visit, book: Book) -> StayFacts:
    """Return on which day of a stay facts must hold, by the rules of its admission."""
    return book.near(_day(visit.begins_at)).stay_facts


def insured_to(connection: Connection, visit: Visit, facts: StayFacts, now: datetime) -> date | None:
    """Return the last day of a stay on which its insurance is in force; None if that is its last day, or it pays all.

    Also None where it was not even in force at the admission: that is said when the person is looked up.
    """
    first, last = _day(visit.begins_at), _day(visit.ends_at or now)
    if facts.insurance is Covers.BEGIN:
        return None
    rows = [
        one
        for one in insured.load_insurances(connection, visit.psn_no)
        if one.insutype == visit.insutype
        and one.state == IN_FORCE
        and is_same_place(one.district, visit.insured_district)
    ]
    covered = _covered_to(rows, first, last)
    return covered if covered is not None and covered < last else None


def last_moment(day: date) -> datetime:
    """Return the last second of a day in Beijing."""
    return datetime.combine(day, time(23, 59, 59), BEIJING)


def _covered_to(rows: Sequence[Insurance], first: date, last: date) -> date | None:
    """Return up to which day the rows cover without a gap, no further than `last`; None if not even `first`."""
    covered: date | None = None
    day = first
    while day <= last:
        ends = [one.to_day or last for one in rows if one.from_day <= day and (one.to_day is None or day <= one.to_day)]
        if not ends:
            break
        covered = max(ends)
        if covered >= last:
            return last
        day = covered + _DAY
    return covered


def _day(moment: datetime) -> date:
    return moment.astimezone(BEIJING).date()
