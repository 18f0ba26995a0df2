"""What handlers work with beside the store: made once, shared by all messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from rules.entitlements.book import EntitlementBook
from server.lists.marks import PageMarks
from server.lists.shelf import Shelf
from server.people.sealing import Sealer
from server.settlement.settling import Settlements
from wire.fsi.values import BEIJING


@dataclass(frozen=True, slots=True)
class SignInTerms:
    """How long a sign-in (9001) is good, and whether business asks for one."""

    is_demanded: bool = True
    lasts: timedelta = timedelta(hours=24)
    ends_with_day: bool = True
    """It also ends with the Beijing day, so that each day begins with a sign-in."""

    def end_of(self, begun: datetime) -> datetime:
        """Return when a sign-in that begins now ends."""
        end = begun + self.lasts
        if not self.ends_with_day:
            return end
        tomorrow = begun.astimezone(BEIJING).date() + timedelta(days=1)
        return min(end, datetime.combine(tomorrow, time(), BEIJING))


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts; `server.centre` puts them together."""

    sealer: Sealer
    """Opens and closes what is personal."""
    sign_in: SignInTerms
    settlements: Settlements
    rules: EntitlementBook | None = None
    """What may be sold to whom, for remarks on sales that nobody insures; None for none."""
    shelf: Shelf = field(default_factory=Shelf)
    """Files of lists that were made lately."""
    page_marks: PageMarks = field(default_factory=PageMarks)
    """Where pages of lists end."""
