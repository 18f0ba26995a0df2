"""What the proxy and the watcher need of the rest of the terminal, as narrow as they need it.

Whoever keeps what is named here keeps it sealed where the docstring says so: a message of the interface names people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from codes.words import Words
from edge.pos.upstream import Reply
from edge.store.settlements import Paid
from rules.scan_binding import SaleLine, ScannedPack
from rules.unpaid import AboutCode


class Stage(StrEnum):
    """How far an exchange has come."""

    SENDING = "sending"
    ANSWERED = "answered"
    UNKNOWN = "unknown"
    """It was sent, and no answer came."""
    NOT_SENT = "not_sent"
    REFUSED_HERE = "refused_here"
    """Codes are missing and the policy is to stop that, or an earlier message for the same sale is still open."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message and its answer, without anything of a person: it may be kept as it is."""

    infno: str
    """Empty if the body does not say one."""
    msgid: str
    institution: str
    stage: Stage
    at: datetime
    took_s: float = 0.0
    status: int = 0
    """Of the answer; 0 while there is none."""
    infcode: str = ""
    request_bytes: int = 0
    answer_bytes: int = 0
    request_digest: str = ""
    """SHA-256 of what the POS sent."""
    sent_digest: str = ""
    """SHA-256 of what was sent on; the same, unless codes or a signature were put in."""
    answer_digest: str = ""
    added: int = 0
    """Codes that were put in."""
    remarks: tuple[Words, ...] = ()
    """What was strange or short. They name lines and drugs, never a person."""


@dataclass(frozen=True, slots=True)
class SaleRef:
    """Which sale codes belong to."""

    institution: str
    setl_id: str = ""
    """Empty as long as the centre has given none."""
    msgid: str = ""
    number: str = ""
    """The software's own; it is settled anew under the same where packs of it came back."""
    person: str = field(default="", repr=False)
    """Whose sale it is: where the software counts anew each day, a number is another person's tomorrow."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A settlement of the software, as its message and the answer to it say."""

    institution: str
    msgid: str
    number: str
    """The software's own number of the sale; empty if it gives none."""
    operator: str
    person: str = field(repr=False)
    insutype: str
    district: str
    """Where the person is insured, as the envelope says."""
    category: str
    uses_account: bool
    begun: datetime
    fee: Decimal
    paid: Paid
    is_found: bool = False
    """The answer names another message that made it: this one made nothing."""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A settlement was cancelled, or a message about one was taken back."""

    institution: str
    msgid: str
    """Of the message that did it."""
    at: datetime
    setl_id: str = ""
    omsgid: str = ""
    """What a 2601 takes back."""
    is_found: bool = False
    """The answer names another message that had cancelled it before."""


@dataclass(frozen=True, slots=True)
class LineScans:
    """The codes of one line."""

    line: SaleLine
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A message whose outcome is not known. It holds the message: keep it sealed."""

    institution: str
    msgid: str
    infno: str
    at: datetime
    request_digest: str
    """Of what the POS sent: only the very same message is a repeat."""
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    """Exactly what was sent on."""
    method: str = "POST"
    target: str = "/"
    """Path and query, as they came (latin-1)."""
    sale_key: str = field(default="", repr=False)
    """Equal for a settlement of the same sale under another number; empty where the message does not say."""
    bound: tuple[LineScans, ...] = ()
    """Codes from the desk that belong to it, whatever comes of it: no other sale may have them meanwhile."""
    owed: tuple[LineScans, ...] = ()
    """Those of them that could not go with the message."""
    is_hidden_here: bool = False
    """The POS asked in clear, and is to be answered in clear."""
    is_signed_here: bool = False
    """Its signature is ours: sent again, it is made anew."""
    setl_id: str = ""
    """Of the sale that a ledger message belongs to."""
    reply: Reply | None = field(default=None, repr=False)
    """It was answered; what follows from that is still to be written down."""
    is_doubtful: bool = False
    """It comes from a damaged or copied store, may have been answered elsewhere, and is never taken back from here."""
    is_unread: bool = False
    """The software has an answer that cannot be read here: it may stand there as done, and is never taken back."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was found out of a message after its sender had been told that nobody knows."""

    request_digest: str
    reply: Reply | None = field(repr=False)
    """None: it was taken back."""


class Journal(Protocol):
    """Keeps what went through."""

    async def note(self, exchange: Exchange) -> None:
        """Keep it; twice for a message: before it is sent, and when it is known what came of it."""
        ...


class Open(Protocol):
    """Keeps the questions whose answer is not known, over restarts too."""

    async def note(self, question: Question) -> None:
        """Keep it before the message leaves; noting it again changes nothing."""
        ...

    async def all(self) -> Sequence[Question]:
        """Return what is open and can be read, the oldest first."""
        ...

    async def find(self, institution: str, msgid: str) -> Question | None:
        """Return the question of this message, if it is open."""
        ...

    async def of_sale(self, institution: str, sale_key: str) -> Question | None:
        """Return an open question about the same sale."""
        ...

    async def done_of_sale(self, institution: str, sale_key: str) -> str | None:
        """Return the number of a message that settled the same sale, as was found out unheard by the software."""
        ...

    async def known(self, institution: str, msgid: str) -> Known | None:
        """Return what was found out of this message since, if it was ever open for long."""
        ...

    async def answered(self, institution: str, msgid: str, reply: Reply) -> None:
        """Keep the answer to an open question, before anything that follows from it is done."""
        ...

    async def unread(self, institution: str, msgid: str) -> None:
        """Note that an answer goes to the software which cannot be read here, before it goes."""
        ...

    async def close(self, institution: str, msgid: str) -> None:
        """The answer went to whoever asked, or the message provably never left."""
        ...

    async def found_out(self, institution: str, msgid: str, reply: Reply, setl_id: str) -> None:
        """Keep what came of an open question, for whoever asks again; `setl_id` if it is a settlement that stands."""
        ...

    async def taken_back(self, institution: str, msgid: str) -> None:
        """Keep that nothing stands of a message, open or found out before."""
        ...

    async def cancelled(self, institution: str, setl_id: str) -> None:
        """Note that a settlement does not stand any more."""
        ...

    async def told(self, institution: str, msgid: str) -> None:
        """Note that the software has heard what was found out."""
        ...


class Later(Protocol):
    """Uploads codes that could not go with the message, by a 3505 of our own."""

    async def note(self, sale: SaleRef, codes: Sequence[LineScans]) -> None:
        """Keep what is to be uploaded once the sale is settled."""
        ...

    async def done(self, codes: Iterable[str], setl_id: str) -> None:
        """The POS has told these codes itself, of this settlement; of all, where it names none."""
        ...


class Scans(Protocol):
    """The codes that were scanned at the desks."""

    async def at_desk(self, desk: str, *, is_delivery: bool = False) -> Sequence[ScannedPack]:
        """Return what was scanned at a desk for a sale, or for a delivery, and belongs to none yet, in its order."""
        ...

    async def of_sale(self, sale: SaleRef) -> Sequence[ScannedPack]:
        """Return what was taken for a settlement before."""
        ...

    async def still_out(self, sale: SaleRef) -> Sequence[ScannedPack]:
        """Return what is still out of a cancelled sale that this one settles anew: by its number or its receipt."""
        ...

    async def told(self, codes: Iterable[str], sale: SaleRef) -> None:
        """The software has told the ledger of a settlement's codes, whoever put them in, under a receipt (`number`)."""
        ...

    async def take(self, codes: Iterable[str], sale: SaleRef) -> None:
        """Let codes belong to a sale from now on."""
        ...

    async def hold(self, codes: Iterable[str], sale: SaleRef, *, desk: str, lacks: frozenset[str]) -> None:
        """Keep codes for a settlement that is about to be asked for.

        Args:
            codes: Of the packs that were scanned for it.
            sale: Whose it is.
            desk: Where it is asked for.
            lacks: National codes of the drugs of which packs were not scanned.

        Raises:
            TillSettlesError: The till asks for these packs, or has settled or sold them.
        """
        ...

    async def is_return_unheard(self, codes: Iterable[str]) -> bool:
        """Say whether the centre is about to hear that one of these packs came back; not while the line is down."""
        ...

    async def leave(self, lines: Sequence[LineScans], number: str, *, is_insured: bool) -> None:
        """The sale stands: its packs leave the counter, whole or in part, and are told under this number."""
        ...

    async def release(self, institution: str, msgid: str) -> None:
        """What was kept for a message that was not done lies at the desk again."""
        ...

    async def undone(self, sale: SaleRef) -> None:
        """A sale does not stand any more: nothing of it is owed, and its packs may be scanned for another."""
        ...

    async def free(self, codes: Iterable[str]) -> None:
        """Packs came back; they may be sold again."""
        ...


class Books(Protocol):
    """Who paid, as the rest of the terminal sees it."""

    async def settled(self, one: Settled) -> str:
        """Keep a settlement; return the number under which its sale is told."""
        ...

    async def number_of(self, setl_id: str, otherwise: str) -> str:
        """Return the number under which the sale of a settlement is told; of one that is not kept here, another."""
        ...

    async def undone(self, one: Cancelled) -> None:
        """Let a settlement not stand any more, or stand again."""
        ...


class Hears(Protocol):
    """Listens in listen-only mode."""

    async def hear(
        self, at: datetime, request: bytes, answer: Reply | None, scans: Sequence[ScannedPack] | None
    ) -> None:
        """Watch one exchange; what it cannot read it says so, and never stops anything."""
        ...


class Goods(Protocol):
    """What the matching library knows of drugs and codes."""

    def needs_code(self, item: str) -> bool:
        """Tell whether a pack of this national code must be told with its code."""
        ...

    def units_per_pack(self, item: str) -> int:
        """Return how many smallest units a pack holds; 1 if nobody knows."""
        ...

    def name(self, item: str) -> str:
        """Return what people call it, or nothing."""
        ...

    def about(self, code: str) -> AboutCode:
        """Return what is known of a trace code."""
        ...


class Shown(Protocol):
    """The screen of the desk."""

    async def warn(self, desk: str, remarks: Sequence[Words]) -> None:
        """Show what is short or extra, while the sale goes on."""
        ...
