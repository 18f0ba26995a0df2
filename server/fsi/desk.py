"""What a handler of one message has before it, and how it says what it needs.

A handler is a function of desk, envelope and checked input that returns the output by base names, or raises a
`Refusal`. It neither commits nor answers: `server.fsi.answering` does, so that message, business and answer are kept
together or not at all. It may run more than once for one message, if another worker was in the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from codes.words import Words
from server.fsi.parts import Parts
from server.store.database import Connection
from server.store.institutions import Institution
from wire.fsi.areas import Area
from wire.fsi.envelope import Request
from wire.fsi.record import Message

Output = Mapping[str, object]
"""Plain values by base names, node by node; the area's spellings are written at the rim."""


@dataclass(frozen=True, slots=True)
class Desk:
    """One per message and attempt."""

    connection: Connection
    """Inside the transaction; of a handler that only reads, one whose work is thrown away."""
    area: Area
    now: datetime
    """The centre's time at which the message came, aware; the same on every attempt."""
    parts: Parts
    institution: Institution
    """Who sends the message, as on record."""
    caller: str
    """Token, key or terminal that speaks for it, for the record."""
    warnings: list[Words] = field(default_factory=list)
    """What the sender should know although the message was taken; goes to `warn_msg`."""

    def warn(self, words: Words) -> None:
        """Add something that the sender should know."""
        self.warnings.append(words)


Handler = Callable[[Desk, Request, Message], Output]
Beginning = Callable[[Connection, Request, Message], datetime | None]
"""Tells when that began with which a message goes on; None if there is no such thing."""
Preparation = Callable[[Desk, Request, Message], Handler]
"""Reads before the transaction that writes, and returns what is left to do inside it."""


@dataclass(frozen=True, slots=True)
class Deed:
    """A handler and what has to hold before it is asked."""

    handler: Handler
    is_writing: bool
    """It changes something: message, change and answer are kept, and a repeat gets the same bytes."""
    is_always_open: bool
    """Also for an institution whose agreement has ended: what undoes and reconciles its own records, and tells of
    what it sold before."""
    needs_sign_in: bool
    """Where the centre demands sign-ins at all."""
    is_look_up: bool = False
    """It tells of a person and changes nothing: who asked about whom is kept all the same."""
    prepare: Preparation | None = None
    """What takes long and only reads: done before the transaction, so that nobody waits for it meanwhile."""
    is_open_suspended: bool = False
    """Also for an institution that is suspended; what is always open is so anyway."""
    began: Beginning | None = None
    """Also for an institution that was suspended after this, for as long as the rules say."""


def reading(
    handler: Handler,
    *,
    is_always_open: bool = False,
    is_open_suspended: bool = False,
    needs_sign_in: bool = True,
    is_look_up: bool = False,
    began: Beginning | None = None,
) -> Deed:
    """Return the deed of a handler that only reads."""
    return Deed(
        handler,
        is_writing=False,
        is_always_open=is_always_open,
        needs_sign_in=needs_sign_in,
        is_look_up=is_look_up,
        is_open_suspended=is_open_suspended,
        began=began,
    )


def writing(
    handler: Handler,
    *,
    is_always_open: bool = False,
    is_open_suspended: bool = False,
    needs_sign_in: bool = True,
    began: Beginning | None = None,
) -> Deed:
    """Return the deed of a handler that changes something."""
    return Deed(
        handler,
        is_writing=True,
        is_always_open=is_always_open,
        needs_sign_in=needs_sign_in,
        is_open_suspended=is_open_suspended,
        began=began,
    )


def prepared(prepare: Preparation, *, is_always_open: bool = False) -> Deed:
    """Return the deed of something that reads for long, and then changes something."""

    def at_once(desk: Desk, request: Request, message: Message) -> Output:
        return prepare(desk, request, message)(desk, request, message)

    return Deed(at_once, is_writing=True, is_always_open=is_always_open, needs_sign_in=True, prepare=prepare)


Deeds = Mapping[str, Deed]
"""By transaction number."""
