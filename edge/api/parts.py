"""What the interface needs of the terminal. Everything is handed in; the interface owns nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from edge.clock import Clock
from edge.counter.counter import Counter
from edge.health import TerminalStatus
from edge.operators.desk import OperatorDesk
from edge.operators.pos_tokens import TokenGuesses
from edge.operators.sign_in import SignIn
from edge.pos.kept_report import KeptReport
from edge.setup_desk import SetupDesk
from edge.store.lane import InStore, Reading
from edge.store.outbox import Outbox
from edge.till.aftercare import Aftercare
from edge.till.day_end import DayEnds
from edge.till.parts import Devices
from edge.till.till import Till
from edge.visits.desk import VisitDesk
from web.live import LiveBus

COOKIE = "yima_terminal"
BODY_LIMIT = 256 * 1024
"""Requests here are small; the largest returns a few thousand packs."""


@dataclass(frozen=True, slots=True)
class ApiParts:
    """The terminal, as the interface sees it."""

    counter: Counter
    operators: OperatorDesk
    sign_in: SignIn
    outbox: Outbox
    in_store: InStore
    """Runs work in the thread that owns the store: counter, operators and outbox."""
    read: Reading
    status: Callable[[], Awaitable[TerminalStatus]]
    setup: SetupDesk
    """Runs in the event loop that answers, as the scanners do."""
    bus: LiveBus
    clock: Clock
    session_s: int
    """How long a browser's cookie lasts."""
    is_open: bool = True
    """Reading needs no sign-in, because only this machine can ask. Changing anything always does."""
    allowed_hosts: tuple[str, ...] = ()
    is_proof: Callable[[str], bool] = lambda _: False
    """Tells whether a header proves that a program of this machine asks (`edge.local_proof`)."""
    guesses: TokenGuesses = field(default_factory=TokenGuesses)
    """Wrong tokens, while the terminal runs."""
    days: DayEnds | None = None
    """Ends of business days; None where nothing is settled with the insurance."""
    aftercare: Aftercare | None = None
    """What comes after a sale; None where nothing is settled with the insurance."""
    till: Till | None = None
    """None only where lists cannot even be put aside."""
    visits: VisitDesk | None = None
    """Steps of visits; None where they are off."""
    report: KeptReport | None = None
    """What listening to the institution's software found; None where nothing of it passes here."""
    kiosk_operator: str = ""
    """In whose name steps of visits are done at this machine while nobody is signed in; empty: in nobody's."""
    credentials: Devices = field(default_factory=Devices)
    """Where people show who they are."""
