"""A death at one step of a deed: who dies where, what comes of it, and how long it takes until that is known."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from tests.conftest import accepts
from tests.kills.claims import about_money, about_packs, cash_moved
from tests.kills.deeds import Deed
from tests.kills.gate import Snare
from tests.kills.ground import CENTRE, Ground, Post
from tests.kills.steps import LEDGER, AtMessage, Fate, InCommit, Step, Undisturbed

_PATIENCE_S = 40.0
_CUT_S = 1.0
_KEPT_S, _UPLOADED_S = 0.3, 12.0
"""So long after its answer a deed may still be written down, or told to the ledger."""
_DYING_S = 0.05


@dataclass
class Death:
    """What came of one deed that a death met."""

    deed: Deed
    step: Step
    is_met: bool = False
    known_s: float = 0.0
    """From the moment at which everything ran again until nothing was unknown."""
    taken_back: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.deed.name}, {self.step}"


def play(ground: Ground, met: Sequence[tuple[Deed, Step]], *, is_pressed: bool = False) -> list[Death]:
    """Let deaths meet deeds that were laid out, at one counter each, all at once; prove what came of the money.

    Args:
        ground: Where.
        met: What is done, and where it dies. A step that touches the centre is played alone: it meets whatever is done.
        is_pressed: Whoever stands there does it again at once, and does not wait until the first time is known.
    """
    deaths = [Death(deed, step) for deed, step in met]
    for one in deaths:
        one.deed.prepare()
    cash = ground.cash
    acts = [_Act(ground, one) for one in deaths]
    for act in acts:
        act.begin()
    for act in acts:
        act.death.is_met = act.await_death()
    _recover(ground, acts)
    pressing = [_aside(one.deed.do) for one in deaths] if is_pressed else []
    took_s, slow = _known(ground, [one.deed.post for one in deaths])
    for one in deaths:
        one.known_s = took_s
        one.wrong += slow
    for thread in pressing:
        thread.join(_PATIENCE_S)
    for one in deaths:
        with _told_of(one):
            one.deed.again()
    _known(ground, [one.deed.post for one in deaths])
    moved = prove_money(deaths)
    if ground.cash - cash != moved:
        deaths[0].wrong.append(f"the drawers moved by {ground.cash - cash} instead of {moved}")
    return deaths


def prove_money(deaths: Sequence[Death]) -> Decimal:
    """Prove what came of the money, once nothing is open; return by how much the drawers have to have moved."""
    moved = Decimal(0)
    for one in deaths:
        with _told_of(one):
            books = one.deed.books()
            one.taken_back = books.taken_back
            one.wrong += about_money(one.deed, books)
            moved += cash_moved(one.deed, books)
    return moved


def prove_packs(deaths: Sequence[Death]) -> None:
    """Prove what came of the packs, once the ledger has been told."""
    for one in deaths:
        with _told_of(one):
            one.wrong += about_packs(one.deed, one.deed.books())


@dataclass
class _Act:
    """A deed that is done on a thread of its own, and the death that waits for it."""

    ground: Ground
    death: Death
    snare: Snare | None = None
    thread: threading.Thread | None = None

    def begin(self) -> None:
        post, step = self.death.deed.post, self.death.step
        if isinstance(step, InCommit):
            assert post.commits is not None
            post.commits.die_in(step.nth, step.where)
        else:
            self.snare = Snare(step.infno, step.nth, step.at, self._spring)
            for gate in (post.till_line, post.pos_line):
                gate.listen(self.snare)
        self.thread = _aside(self.death.deed.do)

    def await_death(self) -> bool:
        """Wait until it met the deed; say whether it did.

        What is kept or uploaded after the answer comes a little later than the deed's end.
        """
        assert self.thread is not None
        step, ended_s = self.death.step, time.monotonic() + _PATIENCE_S
        after_s = _UPLOADED_S if isinstance(step, AtMessage) and step.infno in LEDGER else _KEPT_S
        while time.monotonic() < ended_s and not self._has_died():
            if not self.thread.is_alive():
                ended_s, after_s = min(ended_s, time.monotonic() + after_s), _PATIENCE_S
            time.sleep(0.02)
        post = self.death.deed.post
        if post.commits is not None:
            # From here on nobody dies: what is looked at next is how it stays.
            post.commits.let_live()
            time.sleep(_DYING_S)
        return self._has_died()

    def _has_died(self) -> bool:
        if self.snare is not None:
            # Before the deed hears of it, for its connection ends with the process.
            return self.snare.is_met and self.snare.sprung.wait(_PATIENCE_S)
        return not accepts(self.death.deed.post.counter.port)

    def second(self) -> Snare | None:
        """Return what waits for the same message to be sent again; None if it dies once."""
        step = self.death.step
        if not isinstance(step, AtMessage) or not step.is_twice or not self.death.is_met:
            return None
        return Snare(step.infno, 1, step.at, self._spring)

    def _spring(self) -> None:
        post = self.death.deed.post
        match self.death.step.fate:
            case Fate.TERMINAL:
                self.ground.kill(post.name)
            case Fate.CENTRE:
                self.ground.kill(CENTRE)
            case Fate.BOTH:
                self.ground.kill(post.name, CENTRE)
            case Fate.LINE:
                post.shut()

    def dead(self) -> list[str]:
        """Return who has to be started again."""
        post, step = self.death.deed.post, self.death.step
        names = {
            Fate.TERMINAL: [post.name],
            Fate.CENTRE: [CENTRE],
            Fate.BOTH: [CENTRE, post.name],
            Fate.LINE: [],
        }[step.fate]
        return names if self.death.is_met else []


def _recover(ground: Ground, acts: Sequence[_Act]) -> None:
    """Start what died, mend the line, and sign in again."""
    again = [act.second() for act in acts]
    for act, snare in zip(acts, again, strict=True):
        post = act.death.deed.post
        for gate in (post.till_line, post.pos_line):
            gate.listen(snare)
        if act.death.step.fate is Fate.LINE:
            time.sleep(_CUT_S)
            post.reopen()
    names = [name for act in acts for name in act.dead()]
    # What died by itself is still to be cleared away.
    ground.kill(*names)
    ground.start(*names)
    for act, snare in zip(acts, again, strict=True):
        if snare is not None:
            act.death.is_met = snare.sprung.wait(_PATIENCE_S)
            ground.start(*act.dead())
    for act in acts:
        assert act.thread is not None
        act.thread.join(_PATIENCE_S)
        if act.death.deed.post.name in names:
            ground.sign_in(act.death.deed.post)


def _aside(do: Callable[[], None]) -> threading.Thread:
    """Do something of which whoever does it may hear nothing, or that the line was lost, or a refusal."""

    def run() -> None:
        with contextlib.suppress(Exception):
            do()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _known(ground: Ground, posts: list[Post]) -> tuple[float, list[str]]:
    try:
        return ground.until_settled(posts), []
    except AssertionError as exc:
        return -1.0, [str(exc)]


@contextlib.contextmanager
def _told_of(death: Death) -> Iterator[None]:
    """Take down what failed instead of ending everything."""
    try:
        yield
    except Exception as exc:  # noqa: BLE001 - a finding, whatever it is
        death.wrong.append(f"{type(exc).__name__}: {exc}")


def undisturbed(ground: Ground, deed: Deed) -> Undisturbed:
    """Do a deed that was laid out, and count its steps."""
    post = deed.post
    ground.until_told()
    deed.prepare()
    for gate in (post.till_line, post.pos_line):
        gate.listen()
    before = 0 if post.commits is None else post.commits.done
    deed.do()
    commits = 0 if post.commits is None else post.commits.done - before
    ground.until_settled([post])
    ground.until_told()
    heard = tuple(one.infno for one in post.heard)
    deed.again()
    return Undisturbed(heard, commits)
