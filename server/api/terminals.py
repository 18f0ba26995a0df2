"""The fleet: list, look, approve, revoke; alarms and rejected events."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from server.api.access import Approver, Reader, TheCentre
from server.api.terminal_views import AlarmPage, AlarmView, LifeView, RejectedView, TerminalDetailView, TerminalView
from server.store import alarms, events
from server.store.terminal_lists import Show, TerminalFilter
from server.store.times import moment

router = APIRouter(tags=["terminals"])

Name = Annotated[str, Field(min_length=1, max_length=64)]
Limit = Annotated[int, Query(ge=1, le=1_000)]
PLACE = r"^[0-9]{1,18}\.[0-9]{1,18}$"
"""A place among the alarms; callers hand it back as it was given."""


class Approval(BaseModel):
    """What the registry shall say, where it differs from what the terminal says."""

    institution: Name | None = None
    label: Name | None = None
    fingerprint: Name | None = Field(
        default=None, description="What was compared; refused if the terminal has another key by now."
    )


class Listing(BaseModel):
    """Which terminals are asked for."""

    show: Show = Field(Show.ALL, description="Which of them, by how they are.")
    institution: str = Field("", max_length=64, description="Only those of this institution.")
    q: str = Field("", max_length=100, description="Words, each within id, label or institution.")
    after: str = Field("", max_length=64, description="Only names after this one.")
    limit: int = Field(200, ge=1, le=1_000)


@router.get("/terminals")
def terminals(_person: Reader, centre: TheCentre, asked: Annotated[Listing, Query()]) -> list[TerminalView]:
    """List terminals in the order of their names, those after `after`."""
    wanted = TerminalFilter(asked.show, asked.institution, asked.q)
    found = centre.fleet.list(centre.now(), wanted, after=asked.after, limit=asked.limit)
    return [TerminalView.model_validate(one) for one in found]


@router.get("/terminals/{terminal_id}")
def terminal(terminal_id: str, _person: Reader, centre: TheCentre) -> TerminalDetailView:
    """Show one terminal and what is missing of its events."""
    found, lives = centre.fleet.find(terminal_id, centre.now())
    shown = TerminalView.model_validate(found)
    return TerminalDetailView(**shown.model_dump(), lives=[LifeView.model_validate(life) for life in lives])


@router.post("/terminals/{terminal_id}/approve")
def approve(
    terminal_id: str, person: Approver, centre: TheCentre, approval: Approval | None = None
) -> TerminalDetailView:
    """Take this terminal's facts from now on; compare its fingerprint first."""
    given = approval or Approval()
    centre.fleet.approve(terminal_id, by=person, now=centre.now(), **given.model_dump())
    return terminal(terminal_id, person, centre)


@router.post("/terminals/{terminal_id}/revoke")
def revoke(terminal_id: str, person: Approver, centre: TheCentre) -> TerminalDetailView:
    """Take nothing more from this terminal; what it sends is held, not lost."""
    centre.fleet.revoke(terminal_id, by=person, now=centre.now())
    return terminal(terminal_id, person, centre)


@router.get("/terminals/{terminal_id}/rejected")
def rejected(terminal_id: str, _person: Reader, centre: TheCentre, limit: Limit = 100) -> list[RejectedView]:
    """List the newest events of a terminal that could not be taken."""
    centre.fleet.find(terminal_id, centre.now())
    with centre.store.reading() as connection:
        found = events.load_rejected_page(connection, terminal_id, limit)
    return [
        RejectedView(
            epoch=epoch,
            seq=row.seq,
            id=row.event_id,
            code=row.code,
            zh=row.zh,
            en=row.en,
            received_at=moment(row.received_us),
            text=bytes(row.frozen).decode(errors="replace"),
        )
        for epoch, row in found
    ]


@router.get("/alarms")
def alarm_list(
    _person: Reader,
    centre: TheCentre,
    terminal_id: Annotated[str | None, Query(alias="terminal", max_length=64)] = None,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Limit = 200,
) -> list[AlarmView]:
    """List alarms with a number above `after`, oldest first."""
    with centre.store.reading() as connection:
        found = alarms.load_alarms(connection, terminal=terminal_id, after=after, limit=limit)
    return [AlarmView.of(one) for one in found]


@router.get("/alarms/newest")
def newest_alarms(
    _person: Reader,
    centre: TheCentre,
    terminal_id: Annotated[str | None, Query(alias="terminal", max_length=64)] = None,
    before: Annotated[str | None, Query(pattern=PLACE, description="`next` of the page before.")] = None,
    limit: Limit = 50,
) -> AlarmPage:
    """List alarms, the one that rang last first. One that rings again while you read moves to the front."""
    place = None
    if before is not None:
        rang_us, _, number = before.partition(".")
        place = int(rang_us), int(number)
    with centre.store.reading() as connection:
        found = alarms.load_newest_alarms(connection, terminal=terminal_id, before=place, limit=limit)
        total = alarms.count_alarms(connection, terminal_id)
    last = found[-1] if len(found) == limit else None
    return AlarmPage(
        items=[AlarmView.of(one) for one in found], next=f"{last.last_us}.{last.n}" if last else None, total=total
    )
