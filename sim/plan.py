"""What happens in a shop morning, decided before it begins.

The same seed gives the same morning: which boxes, through which scanner, in which order, and how each task ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from sim.packs import Pack, Shelf, Stray


class Way(StrEnum):
    """The way from a code into the terminal."""

    SERIAL = "serial"
    HID = "hid"
    CAMERA = "camera"


class Ending(StrEnum):
    """How a task at the counter ends."""

    SOLD = "sold"
    CANCELLED = "cancelled"
    RETURNED = "returned"
    """Sold, and one box brought back afterwards."""
    RECEIVED = "received"
    """A delivery, put into stock."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One pull of a trigger."""

    way: Way
    what: Pack | Stray
    is_repeat: bool = False
    """The same box once more, by mistake."""


@dataclass(frozen=True, slots=True)
class Task:
    """A customer, or a delivery."""

    triggers: tuple[Trigger, ...]
    ending: Ending

    @property
    def packs(self) -> tuple[Pack, ...]:
        """The boxes of this task, each once."""
        return tuple(
            trigger.what for trigger in self.triggers if isinstance(trigger.what, Pack) and not trigger.is_repeat
        )


@dataclass(frozen=True, slots=True)
class Morning:
    """The tasks of one terminal, in order."""

    tasks: tuple[Task, ...]

    @property
    def triggers(self) -> int:
        """How many pulls it takes if nothing goes wrong."""
        return sum(len(task.triggers) for task in self.tasks)


_WAY_WEIGHTS = {Way.SERIAL: 10, Way.HID: 7, Way.CAMERA: 3}
_SALE_ENDINGS = {Ending.SOLD: 16, Ending.CANCELLED: 2, Ending.RETURNED: 2}
_BASKET = (1, 7)
_DELIVERY = (4, 12)
_STOCKED_FIRST = 0.3
"""Part of a pharmacy's sales whose boxes were put into stock the same morning."""


def plan_morning(
    shelf: Shelf, random: Random, *, triggers: int, is_store: bool, first: Way, planted: Sequence[Pack] = ()
) -> Morning:
    """Return a morning of at least `triggers` pulls.

    Args:
        shelf: Where the boxes come from.
        random: Seeded.
        triggers: Pulls of the trigger, at least.
        is_store: A hospital store, which only receives; a pharmacy sells.
        first: How the first box is scanned, so that even the shortest morning can use every way somewhere.
        planted: Boxes that must be sold here in any case, for example counterfeits that are sold elsewhere as well.
    """
    tasks: list[Task] = [_sale(planted, Ending.SOLD, shelf, random)] if planted else []
    pulled = sum(len(task.triggers) for task in tasks)
    while pulled < triggers:
        for task in _delivery(shelf, random) if is_store else _customer(shelf, random):
            tasks.append(task)
            pulled += len(task.triggers)
    return Morning((_begun_by(first, tasks[0]), *tasks[1:]))


def _begun_by(way: Way, task: Task) -> Task:
    first = task.packs[0]
    triggers = (replace(trigger, way=way) if trigger.what == first else trigger for trigger in task.triggers)
    return replace(task, triggers=tuple(triggers))


def _customer(shelf: Shelf, random: Random) -> list[Task]:
    packs = [_pack(shelf, random) for _ in range(random.randint(*_BASKET))]
    (ending,) = random.choices(list(_SALE_ENDINGS), list(_SALE_ENDINGS.values()))
    sale = _sale(packs, ending, shelf, random)
    if random.random() < _STOCKED_FIRST:
        return [Task(tuple(_trigger(pack, random) for pack in packs), Ending.RECEIVED), sale]
    return [sale]


def _delivery(shelf: Shelf, random: Random) -> list[Task]:
    packs = [_pack(shelf, random) for _ in range(random.randint(*_DELIVERY))]
    return [Task(tuple(_trigger(pack, random) for pack in packs), Ending.RECEIVED)]


def _sale(packs: Sequence[Pack], ending: Ending, shelf: Shelf, random: Random) -> Task:
    triggers: list[Trigger] = []
    for pack in packs:
        if random.random() < 0.06:  # noqa: PLR2004 - how often people scan the wrong thing first
            triggers.append(_stray(shelf, random))
        trigger = _trigger(pack, random)
        triggers.append(trigger)
        if random.random() < 0.05:  # noqa: PLR2004 - how often a trigger is pulled twice
            triggers.append(Trigger(trigger.way, pack, is_repeat=True))
    return Task(tuple(triggers), ending)


def _pack(shelf: Shelf, random: Random) -> Pack:
    draw = random.random()
    if draw < 0.06:  # noqa: PLR2004 - products that are new to the catalogue
        return shelf.unknown_drug()
    return shelf.device() if draw < 0.16 else shelf.drug()  # noqa: PLR2004 - a tenth are devices


def _stray(shelf: Shelf, random: Random) -> Trigger:
    stray = random.choice([shelf.retail, shelf.carton, shelf.credential])()
    return Trigger(random.choice([Way.SERIAL, Way.HID]), stray)


def _trigger(pack: Pack, random: Random) -> Trigger:
    (way,) = random.choices(list(_WAY_WEIGHTS), list(_WAY_WEIGHTS.values()))
    return Trigger(way, pack)
