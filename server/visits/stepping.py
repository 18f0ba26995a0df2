"""What an event says about a step of a visit: a row to be kept. Pure."""

from __future__ import annotations

from server.store.times import micros, moment
from server.store.visit_steps import VisitStepRow
from wire.events import Event, VisitStepped
from wire.fsi.values import BEIJING

_US_PER_MS = 1_000


def step_of(event: Event, source: bytes, institution: str, now_us: int) -> VisitStepRow | None:
    """Return the step that an event tells of; None if it tells of something else.

    Args:
        event: As the terminal stated it.
        source: Its id.
        institution: The terminal's, in the centre's registry.
        now_us: When it arrived: no step was done later, whatever the device's clock says.
    """
    fact = event.fact
    if not isinstance(fact, VisitStepped):
        return None
    at_us = micros(fact.at) + (event.clock_offset_ms or 0) * _US_PER_MS
    at_us = min(max(at_us, 0), now_us)
    day = f"{moment(at_us).astimezone(BEIJING):%Y-%m-%d}"
    return VisitStepRow(day, institution, fact.visit, source, fact.step, fact.item, fact.by, fact.is_done, at_us)
