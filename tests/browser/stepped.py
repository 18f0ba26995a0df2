"""Visits at a hospital's terminal, told to a staged centre: one that came to an end, two that broke off, a refusal."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.browser.centre import ConsoleStage
from tests.server.fake_terminal import FakeTerminal
from wire.events import VisitStepped
from wire.fsi.values import BEIJING

HOSPITAL = "H35020300901"
VISITS = {
    "V1": ((0, "01101"), (10, "01201"), (30, "01203"), (60, "01301"), (75, "01302")),
    "V2": ((0, "01101"), (20, "01201")),
    "V3": ((0, "01101"), (30, "01201"), (50, "01203")),
}
"""Minutes and steps."""


def step_some(stage: ConsoleStage, institution: str = HOSPITAL) -> str:
    """Let a terminal tell of visits that began three days ago; return their month."""
    hall = FakeTerminal(name="T-0901", institution=institution).registered(stage.centre.store)
    noon = (stage.centre.now() - timedelta(days=3)).astimezone(BEIJING).replace(hour=12, minute=0, second=0)
    said = [_step(noon, visit, *step) for visit, steps in VISITS.items() for step in steps]
    stage.deliver(hall, *map(hall.say, said), hall.say(_step(noon, "V3", 55, "01301", is_done=False)))
    return f"{noon:%Y-%m}"


def _step(noon: datetime, visit: str, minutes: int, step: str, *, is_done: bool = True) -> VisitStepped:
    return VisitStepped(visit, step, "voucher", is_done, noon + timedelta(minutes=minutes))
