"""The plan of a morning: the same seed, the same boxes; nothing twice unless it was planted."""

from __future__ import annotations

from collections import Counter
from random import Random

from sim.packs import Pack, Shelf, Stray, load_items
from sim.plan import Ending, Morning, Way, plan_morning


def plan(seed: int, *, is_store: bool = False, triggers: int = 300) -> Morning:
    return plan_morning(
        Shelf(load_items(), Random(seed)), Random(seed), triggers=triggers, is_store=is_store, first=Way.CAMERA
    )


def test_the_same_seed_gives_the_same_morning() -> None:
    assert plan(4) == plan(4)
    assert plan(4) != plan(5)


def test_a_morning_has_at_least_the_pulls_that_were_asked_for_by_all_ways() -> None:
    morning = plan(1)
    assert morning.triggers >= 300
    ways = Counter(trigger.way for task in morning.tasks for trigger in task.triggers)
    assert set(ways) == set(Way)


def test_a_store_only_receives_and_a_pharmacy_does_everything() -> None:
    assert {task.ending for task in plan(1, is_store=True).tasks} == {Ending.RECEIVED}
    assert {task.ending for task in plan(1, triggers=900).tasks} == set(Ending)


def test_every_box_is_sold_once_at_most() -> None:
    sold = Counter(
        pack.key for task in plan(2, triggers=900).tasks if task.ending is not Ending.RECEIVED for pack in task.packs
    )
    assert max(sold.values()) == 1


def test_strays_and_repeats_happen() -> None:
    triggers = [trigger for task in plan(3, triggers=900).tasks for trigger in task.triggers]
    assert {trigger.what.verdict for trigger in triggers if isinstance(trigger.what, Stray)} == {
        "carton",
        "credential",
        "wrong_code_type",
    }
    assert any(trigger.is_repeat for trigger in triggers)
    assert {trigger.what.symbology for trigger in triggers if isinstance(trigger.what, Pack)} == {"]C0", "]d2"}


def test_the_shelf_never_holds_a_box_twice() -> None:
    shelf = Shelf(load_items(), Random(9))
    keys = [shelf.drug().key for _ in range(2_000)] + [shelf.device().key for _ in range(500)]
    assert len(set(keys)) == len(keys)
    assert not set(shelf.never_scanned(50)) & set(keys)
