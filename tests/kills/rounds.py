"""Deaths in rounds: two at once, one at each counter, unless the centre dies; sales are laid out for many of them."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, zip_longest

from tests.kills.deaths import Death, play, prove_money, prove_packs, undisturbed
from tests.kills.deeds import Deed
from tests.kills.ground import Ground
from tests.kills.steps import Step, Undisturbed, steps_of

Order = tuple[type[Deed], Step]
Say = Callable[[str], None]
LAID_AT_ONCE = 8


@dataclass
class Shown:
    """What came of one deed."""

    deed: str
    what: str
    messages: Sequence[str]
    """Of the interface, in their order."""
    commits: int
    """Of the terminal until it answered."""
    deaths: int = 0
    by: dict[str, int] = field(default_factory=dict)
    """Who died, where."""
    slowest_s: float = 0.0
    """From recovery until nothing was unknown."""
    taken_back: int = 0
    """Settlements that a 2601 took back."""
    missed: list[str] = field(default_factory=list)
    """Steps that did not come."""
    wrong: list[str] = field(default_factory=list)


def look_at(ground: Ground, kinds: Sequence[type[Deed]]) -> dict[str, tuple[Undisturbed, list[str]]]:
    """Do each deed undisturbed; return its steps, and what is wrong without any death."""
    found = {}
    for number, kind in enumerate(kinds):
        deed = kind(ground, ground.posts[number % 2])
        deed.lay()
        calm = undisturbed(ground, deed)
        # Judged by the very claims that are made after a death.
        death = Death(deed, next(iter(steps_of(calm))))
        prove_money([death])
        prove_packs([death])
        found[kind.name] = (calm, death.wrong)
    return found


def orders_of(kinds: Sequence[type[Deed]], calm: Mapping[str, Undisturbed]) -> list[Order]:
    """Name every death there is."""
    return [(kind, step) for kind in kinds for step in steps_of(calm[kind.name])]


def groups_of(orders: Sequence[Order]) -> Iterator[tuple[Order, ...]]:
    """Put two together that do not meet: of different deeds, as far as there are any, and neither kills the centre."""
    alone = [one for one in orders if one[1].touches_centre]
    rest = [one for one in orders if not one[1].touches_centre]
    half = (len(rest) + 1) // 2
    for first, second in zip_longest(rest[:half], rest[half:]):
        yield (first,) if second is None else (first, second)
    yield from ((one,) for one in alone)


def play_all(ground: Ground, groups: Iterable[tuple[Order, ...]], say: Say) -> Iterator[Death]:
    """Play groups; give each death once its packs are proved."""
    left = iter(groups)
    turn = 0
    while chunk := list(islice(left, LAID_AT_ONCE)):
        laid = []
        for group in chunk:
            turn += 1
            laid.append([_laid(ground, one, number + turn) for number, one in enumerate(group)])
        ground.until_told()
        deaths = [
            death
            for number, group in enumerate(laid)
            for death in _played(ground, group, say, is_pressed=number % 2 == 1)
        ]
        ground.until_told()
        prove_packs(deaths)
        yield from deaths


def _laid(ground: Ground, order: Order, number: int) -> tuple[Deed, Step]:
    kind, step = order
    deed = kind(ground, ground.posts[number % 2])
    deed.lay()
    return deed, step


def _played(ground: Ground, group: list[tuple[Deed, Step]], say: Say, *, is_pressed: bool) -> list[Death]:
    try:
        deaths = play(ground, group, is_pressed=is_pressed)
    except Exception as exc:  # noqa: BLE001 - a finding; the next ones are played all the same
        deaths = [Death(deed, step, wrong=[f"{type(exc).__name__}: {exc}"]) for deed, step in group]
        ground.mend()
    for one in deaths:
        say(f"{one}: {'; '.join(one.wrong) or ('known' if one.is_met else 'did not come')} {one.known_s:.1f} s")
    return deaths


def sum_up(shown: Mapping[str, Shown], deaths: Iterable[Death]) -> None:
    """Count what came of deaths."""
    by: dict[str, Tally[str]] = {name: Tally() for name in shown}
    for one in deaths:
        row = shown[one.deed.name]
        row.wrong += [f"{one}: {what}" for what in one.wrong]
        if not one.is_met:
            row.missed.append(str(one.step))
            continue
        row.deaths += 1
        row.taken_back += one.taken_back
        row.slowest_s = max(row.slowest_s, round(one.known_s, 1))
        by[one.deed.name][one.step.kind] += 1
    for name, tally in by.items():
        shown[name].by = dict(sorted(tally.items()))


def end_day(ground: Ground) -> list[str]:
    """End the day at both counters; return why it does not end."""
    wrong = []
    for post in ground.posts:
        sheet = post.counter.ask("POST", f"/days/{ground.shop.today}/end", {})
        if (sheet["state"], sheet["differences"], sheet["missing"]) != ("closed", [], []):
            told = [one["why"]["en"] for one in sheet["reasons"]]
            wrong.append(f"the day at {post.name}: {sheet['state']}, {told or sheet['differences']}")
    return wrong
