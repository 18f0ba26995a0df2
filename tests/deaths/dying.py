"""One message, killed at its steps: after each death everything is as before or all is done, and a repeat makes it so.

The store is laid out once for a scene. Before each death it is put back to that; after it, everything that it holds is
held against what it held before, and against what an undisturbed run of the same message leaves. So nothing is looked
for in particular that could be overlooked: two settlements, a lost one, money, totals, packs, prescriptions and lines
of visits are all rows. What the books then say is told by the scene in figures besides.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from server.store.database import Store
from tests.deaths.ground import Ground, furnish, ground_on
from tests.deaths.picture import Picture, picture_of, put_back
from tests.deaths.scenes import Scene
from tests.server.fsi.crash_at import Death, Helper
from tests.server.fsi.ward import Json

BY_LOT = frozenset(
    {
        # Sealed with a number drawn by lot, or such a number.
        *("fsi_message.body", "fsi_message.answer", "fsi_message.refmsgid"),
        # Numbers of a series, of which PostgreSQL uses one up with what is not committed.
        *("account_movement.n", "tally_change.n", "stream.id"),
        *("evidence.stream", "ledger.fact_stream", "ledger.scan_stream"),
    }
)
"""What differs between two runs that nobody disturbs."""
_SHORTLY = 2
Choice = Callable[[Sequence[str]], Sequence[int]]
"""From the steps of an undisturbed run to the numbers of those at which to die."""


def every_step(steps: Sequence[str]) -> Sequence[int]:
    """Die at all of them."""
    return range(1, len(steps) + 1)


def around_commit(steps: Sequence[str]) -> Sequence[int]:
    """Die shortly before the COMMIT, and at all that comes after it."""
    return range(steps.index("before COMMIT") + 1 - _SHORTLY, len(steps) + 1)


def each_nth(distance: int, offset: int) -> Choice:
    """Die at one statement in so many, counted from another one for each offset, and around the COMMIT."""

    def choice(steps: Sequence[str]) -> Sequence[int]:
        statements = [n for n, step in enumerate(steps, 1) if step.startswith("before ")]
        return sorted({*statements[offset % distance :: distance], *around_commit(steps)})

    return choice


@dataclass(frozen=True, slots=True)
class Place:
    """A store, and what forks centres that die there."""

    store: Store
    url: str
    helper: Helper
    empty: Picture
    """What the store holds before it is furnished."""


@dataclass(frozen=True, slots=True)
class Deaths:
    """What came of a scene."""

    steps: int
    before_commit: int
    after_commit: int
    within_commit: tuple[int, int] = (0, 0)
    """Killed while the COMMIT was on its way: how many times nothing was done, and how many times all."""
    wrong: Sequence[str] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Dying:
    """A scene that was laid out."""

    place: Place
    scene: Scene
    ground: Ground
    body: bytes
    laid: Picture
    done: Picture
    output: object
    steps: tuple[str, ...]

    def look_at(self, death: Death, found: Picture) -> Iterator[str]:
        """Say what a death left that is neither nothing nor all of it."""
        if self.is_done(death, found):
            yield from self._unlike("left", self.done.differences(found.without(BY_LOT)))
        else:
            yield from self._unlike("left", self.laid.differences(found))

    def is_done(self, death: Death, found: Picture) -> bool:
        """Tell whether all of it has to be there; of who dies within the COMMIT nobody knows but the store."""
        is_within = death.steps[-1] == "before COMMIT" and found != self.laid
        return death.has_committed or is_within

    def repeat(self, death: Death, found: Picture) -> Iterator[str]:
        """Send the message again, to a centre that is started anew, and say what is not as it should be."""
        repeat = self.place.helper.send(self.place.url, self.body)
        assert repeat.answer is not None
        answer = json.loads(repeat.answer)
        if answer["infcode"] != 0 or answer["output"] != self.output:
            yield f"the repeat was answered {answer}"
        after = picture_of(self.place.store)
        yield from self._unlike("after the repeat", self.done.differences(after.without(BY_LOT)))
        if self.is_done(death, found):
            yield from self._unlike("the repeat changed", found.differences(after))
        if self.ground.office.post(self.body)[0].body != repeat.answer:
            yield "a second repeat was answered otherwise"
        yield from self._unlike("the second repeat changed", after.differences(picture_of(self.place.store)))
        yield from self._ask_otherwise(answer)

    def _ask_otherwise(self, answer: Json) -> Iterator[str]:
        """Send the same business under another number, as a till does that has lost the first one."""
        said = json.loads(self.body)
        other = said | {"msgid": said["msgid"][:-4] + "9999"}
        told = self.ground.office.post(json.dumps(other, ensure_ascii=False).encode())[1]
        if told["infcode"] != 0 or _setl_id(told) != _setl_id(answer):
            yield f"under another msgid it was answered {told}"
        if (books := self.ground.books) != self.scene.after:
            yield f"the books say {books}"

    def _unlike(self, when: str, differences: list[str]) -> Iterator[str]:
        yield from (f"{when}: {one}" for one in differences)


def lay_out(place: Place, scene: Scene) -> Dying:
    """Do what comes before a scene's message, and see what it does when nobody dies."""
    put_back(place.store, place.empty)
    furnish(place.store)
    ground = ground_on(place.store)
    body = scene.lay(ground)
    assert ground.books == scene.before, ground.books
    laid = picture_of(place.store)
    through = place.helper.send(place.url, body)
    assert through.answer is not None
    answer = json.loads(through.answer)
    assert answer["infcode"] == 0, answer
    assert ground.books == scene.after, ground.books
    done = picture_of(place.store).without(BY_LOT)
    return Dying(place, scene, ground, body, laid, done, answer["output"], through.steps)


def kill(
    place: Place,
    scene: Scene,
    chosen: Choice = every_step,
    *,
    repeated: Choice = every_step,
    into_commit_us: Sequence[int] = (),
) -> Deaths:
    """Kill a scene's message at some of its steps, and so long after its COMMIT began.

    Args:
        place: Where.
        scene: The message.
        chosen: At which steps.
        repeated: After which of these deaths the message is sent again at once. After others the store was found as it
            had been, row by row, and the next centre takes the same message up, until it dies in turn.
        into_commit_us: How long after its COMMIT began.
    """
    dying = lay_out(place, scene)
    repeats = set(repeated(dying.steps))
    met = [(number, None) for number in chosen(dying.steps)] + [(None, wait_us) for wait_us in into_commit_us]
    wrong: list[str] = []
    before = after = nothing = all_of_it = 0
    found: Picture | None = None
    for number, wait_us in met:
        if found != dying.laid:
            put_back(place.store, dying.laid)
        death = place.helper.send(place.url, dying.body, die_at=number, into_commit_us=wait_us)
        found = picture_of(place.store)
        where = f"{scene.name}, {death.place if wait_us is None else f'{wait_us} µs into COMMIT'}"
        assert number is None or death.answer is None, f"{where}: it was not killed"
        wrong += (f"{where}: {one}" for one in dying.look_at(death, found))
        if number is None and death.steps[-1] == "before COMMIT":
            is_done = dying.is_done(death, found)
            nothing, all_of_it = nothing + (not is_done), all_of_it + is_done
        elif number is not None:
            before, after = before + (not death.has_committed), after + death.has_committed
        if number is None or number in repeats:
            wrong += (f"{where}: {one}" for one in dying.repeat(death, found))
            found = None
    return Deaths(len(dying.steps), before, after, (nothing, all_of_it), wrong)


def _setl_id(answer: Json) -> object:
    return (answer.get("output") or {}).get("setlinfo", {}).get("setl_id")
