"""What the proxy and the watcher need of the rest of the terminal, as narrow as they need it.

Whoever keeps what is named here keeps it sealed where the docstring says so: a message of the interface names people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from codes.words import Words
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
    """Codes are missing, and the area's policy is to stop that."""


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
    bound: tuple[LineScans, ...] = ()
    """Codes from the desk that belong to it, whatever comes of it: no other sale may have them meanwhile."""
    owed: tuple[LineScans, ...] = ()
    """Those of them that could not go with the message."""
    is_hidden_here: bool = False
    """The POS asked in clear, and is to be answered in clear."""


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

    async def find(self, institution: str, msgid: str) -> Question | None:
        """Return the question of this message, if it is open."""
        ...

    async def close(self, institution: str, msgid: str) -> None:
        """The answer came, or the message provably never left."""
        ...


class Later(Protocol):
    """Uploads codes that could not go with the message, by a 3505 of our own."""

    async def note(self, sale: SaleRef, codes: Sequence[LineScans]) -> None:
        """Keep what is to be uploaded once the sale is settled."""
        ...


class Scans(Protocol):
    """The codes that were scanned at the desks."""

    async def at_desk(self, desk: str) -> Sequence[ScannedPack]:
        """Return what was scanned at a desk and belongs to no sale yet, in the order of scanning."""
        ...

    async def of_sale(self, sale: SaleRef) -> Sequence[ScannedPack]:
        """Return what was taken for a sale before."""
        ...

    async def take(self, codes: Iterable[str], sale: SaleRef) -> None:
        """Let codes belong to a sale from now on."""
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
