"""Each pull of a trigger at one terminal, held against each scan that its screen showed.

What a scanner wrote must be shown: once for each pull, from the right device, with the right verdict. What was shown is
committed: it must be on the list for as long as the list is open, through a kill as well. Nothing is forgiven but
bytes that were on their way while the terminal's process was dead or starting, and those only because the cashier
pulled the trigger again, as a person does. If such a process is back before the scanner has typed its last character,
it reads the end of the code alone: that must be refused, and only once for each pull.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from sim.checker import Findings
from sim.plan import Way

ADDED = "added"
UNMATCHED = "unmatched"
ALREADY = "already_in_sale"
_LISTED = frozenset({ADDED, UNMATCHED, ALREADY})
"""Verdicts after which a pack is on the list."""
_REFUSED = frozenset({"unreadable", "wrong_code_type"})
"""Verdicts that the end of a code may get."""
_SEPARATOR = "\x1d"
_MASKED = "…"


@dataclass(slots=True)
class Pull:
    """One pull of a trigger."""

    trigger: int
    """Which scan was wanted; tries of the same one share the number."""
    way: Way
    code: str | None
    """How the screen names the code, None if it has a way of its own (masked, or another form)."""
    verdict: str
    """What the screen must say if the code is not on the list."""
    written: str
    """The code as the scanner sends it."""
    began_at: float
    """Just before the first byte; seconds since 1970, as all times here."""
    handed_at: float | None = None
    """When the last byte was handed over (`Delivery`), None if that is not known."""
    ended_at: float = math.inf
    """When the cashier had seen it on the screen, or stopped waiting for it."""
    is_end_shown: bool = False
    """The end of the code was shown by itself."""


@dataclass(slots=True)
class Outage:
    """A time in which the terminal's process was dead or starting."""

    began_at: float
    """Just before the kill."""
    back_at: dict[Way, float] = field(default_factory=dict)
    """When the terminal said that it reads this scanner again. What is not here is not back yet."""

    def caught(self, pull: Pull) -> bool:
        """Tell whether bytes of this pull were on their way meanwhile."""
        return pull.ended_at >= self.began_at and pull.began_at <= self.back_at.get(pull.way, math.inf)


@dataclass(slots=True)
class _Account:
    """One code at one device."""

    pulls: list[Pull] = field(default_factory=list)
    shown: int = 0


_Key = tuple[Way, str | None]


class Tally:
    """The account of one terminal. It is told everything in the order in which it happened.

    Args:
        terminal: Named in what is found.
    """

    def __init__(self, terminal: str) -> None:
        self.outages: list[Outage] = []
        self._terminal = terminal
        self._accounts: dict[_Key, _Account] = {}
        self._on_list: set[str] = set()
        self._found = Findings()

    def note_pull(self, pull: Pull) -> None:
        """A trigger was pulled."""
        self._accounts.setdefault((pull.way, pull.code), _Account()).pulls.append(pull)

    def times_shown(self, pull: Pull) -> int:
        """Return how often the screen has shown this code from this device."""
        return self._accounts[pull.way, pull.code].shown

    def note_shown(self, way: Way | None, code: str | None, verdict: str) -> Pull | None:
        """The screen showed a scan; `way` is None if it named a device that is not there.

        Returns:
            The pull that it came of, None if there is none.
        """
        if self._is_end_of_code(way, code, verdict):
            return None
        account = self._account_of(way, code)
        if account is None:
            self._found.false_answers.append(self._say(f"{code} was shown as {verdict}, but no scanner wrote it"))
            return None
        counted = [pull for pull in account.pulls if not self._is_forgiven(pull, account)]
        pull = counted[min(account.shown, len(counted) - 1)]
        account.shown += 1
        right = ALREADY if pull.code in self._on_list else pull.verdict
        if verdict != right:
            self._found.false_answers.append(self._say(f"{code} by {way}: {verdict}, not {right}"))
        if pull.code is not None and verdict in _LISTED:
            self._on_list.add(pull.code)
        return pull

    def note_list(self, codes: Iterable[str]) -> None:
        """The cashier compared the list with the boxes."""
        listed = set(codes)
        gone = self._on_list - listed
        self._found.lost += [self._say(f"{code} was shown, and is gone from the list") for code in sorted(gone)]
        strange = listed - {code for _, code in self._accounts if code is not None}
        self._found.false_answers += [
            self._say(f"{code} is on the list, but no scanner wrote it") for code in sorted(strange)
        ]
        self._on_list &= listed

    def note_list_ended(self) -> None:
        """The list was closed or given up: the next scan begins another one."""
        self._on_list.clear()

    @property
    def is_settled(self) -> bool:
        """Everything that must be shown has been."""
        return all(account.shown >= self._due(account) for account in self._accounts.values())

    def findings(self) -> Findings:
        """Return what is wrong, if nothing more is shown."""
        found = Findings()
        found.add(self._found)
        for (way, code), account in self._accounts.items():
            due, most = self._due(account), self._most(account)
            what = f"{code or 'a code that is no pack'} by {way}"
            if account.shown < due:
                found.lost.append(self._say(f"{what}: to be shown {due} times, shown {account.shown} times"))
            if account.shown > most:
                found.duplicated.append(self._say(f"{what}: pulled {most} times, shown {account.shown} times"))
        return found

    def _is_end_of_code(self, way: Way | None, code: str | None, verdict: str) -> bool:
        """Tell whether the beginning of this was lost with a dead process, and count it."""
        if not code or verdict not in _REFUSED or way is Way.CAMERA:
            return False
        pulls = [pull for account in self._accounts.values() for pull in account.pulls if pull.way is way]
        # The cashier is still at it: what was torn long ago excuses nothing that is shown now.
        newest = max((pull.trigger for pull in pulls), default=0)
        torn = (pull for pull in pulls if pull.trigger == newest and _ends(pull.written, code))
        found = next((pull for pull in torn if not pull.is_end_shown and self._was_caught(pull)), None)
        if found is not None:
            found.is_end_shown = True
        return found is not None

    def _account_of(self, way: Way | None, code: str | None) -> _Account | None:
        if way is None:
            return None
        return self._accounts.get((way, code)) or self._accounts.get((way, None))

    def _due(self, account: _Account) -> int:
        return sum(not self._is_forgiven(pull, account) for pull in account.pulls)

    def _most(self, account: _Account) -> int:
        # A box that stood before the camera when the terminal died is there when it is back: one pull, seen by both.
        twice = sum(pull.way is Way.CAMERA and self._was_caught(pull) for pull in account.pulls)
        return len(account.pulls) + twice

    def _is_forgiven(self, pull: Pull, account: _Account) -> bool:
        last_try = [other for other in account.pulls if other.trigger == pull.trigger][-1]
        return pull is not last_try and self._was_caught(pull)

    def _was_caught(self, pull: Pull) -> bool:
        return any(outage.caught(pull) for outage in self.outages)

    def _say(self, what: str) -> str:
        return f"{self._terminal}: {what}"


def _ends(written: str, shown: str) -> bool:
    """Tell whether the screen shows the end of what a scanner wrote, and not all of it; it leaves separators out."""
    plain = written.replace(_SEPARATOR, "")
    if shown.endswith(_MASKED):
        # Only how it begins is shown of what may be somebody's number.
        return shown.removesuffix(_MASKED) in plain[1:]
    return plain != shown and plain.endswith(shown)
