"""A centre to be killed: all that the real one has in front of its settlements, and people on either side of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import select

from server.fsi.answering import Answering
from server.fsi.figures import Figures
from server.fsi.parts import Parts
from server.settlement.entitlements import StoredEntitlements
from server.settlement.pack_ledger import PackLedger
from server.settlement.reckoning import Ground as Reckoning
from server.settlement.settling import Settlements
from server.store.database import Store
from server.store.settlement_tables import settlement
from server.trace.history import find_history
from tests.server.fsi.counter import LI, WANG, Counter
from tests.server.fsi.entitled import RX, EntitledOffice, left_of, open_entitled, prescribe
from tests.server.fsi.office import books
from tests.server.fsi.ward import Ward, staff

PACKS = ("86000110000000000001", "86000110000000000002")
PRESCRIPTION = "E-1"


class WholeOffice(EntitledOffice):
    """An office whose settlements ask prescriptions, approvals and the ledger of packs."""

    def __post_init__(self) -> None:
        entitlements = StoredEntitlements(self.rules, lambda: self.clock.now)
        self.settlements = Settlements(Reckoning(books(), self.sealer, PackLedger(entitlements)))
        self.answering = Answering(
            store=self.store,
            area=self.area,
            secrets=self.secrets,
            district="350200",
            parts=Parts(self.sealer, self.terms, self.settlements),
            deeds=self.deeds,
            figures=Figures(self.deeds),
            now=self.clock,
            sleep=self.pauses.append,
        )


@dataclass(frozen=True, slots=True)
class Books:
    """What a settlement moves, as the books have it."""

    settlements: tuple[str, ...] = ()
    """Their states."""
    own: Decimal = Decimal(60)
    """What Li's account holds."""
    family: Decimal = Decimal(100)
    """What his wife's holds."""
    year: Mapping[str, Decimal] = field(default_factory=dict)
    """What his year has come to."""
    packs: tuple[str, ...] = ("unseen", "unseen")
    """What the ledger says of the two packs."""
    prescribed: Decimal = Decimal(5)
    """What is left of the e-prescription."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A pharmacy and a hospital at one centre."""

    counter: Counter
    ward: Ward

    @property
    def office(self) -> EntitledOffice:
        office = self.counter.office
        assert isinstance(office, EntitledOffice)
        return office

    @property
    def books(self) -> Books:
        """Read the books."""
        store = self.office.store
        with store.reading() as connection:
            states = tuple(sorted(connection.scalars(select(settlement.c.state))))
        return Books(
            states,
            self.counter.balance(LI),
            self.counter.balance(WANG),
            self.counter.totals(),
            tuple(find_history(store, code, self.office.clock.now).state.value for code in PACKS),
            left_of(store, PRESCRIPTION)[0],
        )


def furnish(store: Store) -> None:
    """Put people, goods, a pharmacy, hospitals and a prescription into a store that is empty."""
    staff(Ward(open_entitled(store, WholeOffice)))
    prescribe(store, PRESCRIPTION, {RX: "5"})


def ground_on(store: Store) -> Ground:
    """Stand on a store that is furnished; numbers begin anew."""
    counter = Counter(WholeOffice(store))
    return Ground(counter, Ward(counter))
