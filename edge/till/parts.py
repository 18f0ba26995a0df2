"""What the till is made of, handed in when the terminal is put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from drivers.card.port import CardReader
from drivers.pinpad.port import PinPad
from drivers.voucher.port import VoucherTerminal
from edge.clock import Clock
from edge.counter.counter import Counter
from edge.fsi.interface import Interface
from edge.operators.sign_in import SignIn
from edge.store.lane import InStore
from edge.store.outbox import Outbox
from edge.till.basket import Outside
from edge.till.checks import Limits
from edge.till.errors import NoInterfaceError, OfflineError
from edge.till.outcomes import NoteSale, nothing_owed
from web.live import LiveBus

Afterwards = Callable[[Callable[[], None]], object]
"""Runs work in the thread that owns the store, after what is done there now; from that thread itself."""


@dataclass(frozen=True, slots=True)
class Devices:
    """What tells who a person is; None where there is none."""

    voucher: VoucherTerminal | None = None
    card: CardReader | None = None
    pinpad: PinPad | None = None
    office: str = "1"
    office_name: str = "1"


@dataclass(frozen=True, slots=True)
class Habits:
    """How this shop settles."""

    limits: Limits = field(default_factory=Limits)
    outside: Outside = field(default_factory=Outside)
    checks_card_pin: bool = True
    """Whether the holder of a social-security card types its PIN when the card is read."""
    remembers_s: float = 600.0
    """How long a person who was identified is remembered, in memory alone."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The terminal, as its till sees it."""

    connection: Connection
    """The writer's; used in the thread that owns the store only."""
    in_store: InStore
    afterwards: Afterwards
    outbox: Outbox
    counter: Counter
    bus: LiveBus
    clock: Clock
    interface: Interface | None = None
    """None where there is no way to the insurance: nothing is settled then, all else goes on."""
    sign_in: SignIn | None = None
    """By which a second operator vouches; None where nobody can."""
    devices: Devices = field(default_factory=Devices)
    habits: Habits = field(default_factory=Habits)
    note_sale: NoteSale = nothing_owed

    def asked_interface(self) -> Interface:
        """Return the way to the insurance.

        Raises:
            NoInterfaceError: There is none.
            OfflineError: It is down.
        """
        if self.interface is None:
            raise NoInterfaceError
        if not self.interface.is_up():
            raise OfflineError
        return self.interface
