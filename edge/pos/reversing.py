"""Takes a message of the POS back (2601), in the words of that message: same sender, same person, a number of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import msgspec

from edge.pos.deciding import Decider
from edge.pos.outcomes import Came, came_of
from edge.pos.ports import Question
from edge.pos.reading import Said
from edge.pos.resolving import Reverses
from edge.pos.upstream import Post, Upstream, unpacked
from wire.fsi.areas import Area
from wire.fsi.lasting import REVERSAL
from wire.fsi.values import BEIJING

NextMsgid = Callable[[str], Awaitable[str]]
"""Gives out a number for a message of an institution."""
_OF_THE_MESSAGE = frozenset({"input", "cainfo", "signData", "encData", "enc_type"})
_PERSON = "psn_no"


class Reversing(Reverses):
    """Speaks for the institution."""

    def __init__(
        self,
        area: Area,
        upstream: Upstream,
        decider: Decider,
        next_msgid: NextMsgid | None,
        now: Callable[[], datetime],
    ) -> None:
        self._area = area
        self._upstream = upstream
        self._decider = decider
        self._next_msgid = next_msgid
        self._has_numbers = next_msgid is not None
        self._now = now

    def can_take_back(self, question: Question) -> bool:
        """Tell whether the person can be read and the area's signature can be made, or none is needed."""
        said = self._decider.reader.request(question.body)
        return (
            self._has_numbers
            and bool(_person(said))
            and (self._is_bare or self._decider.holds_keys_of(question.institution))
        )

    async def take_back(self, question: Question) -> bool:
        """Send 2601 and tell whether it was agreed to."""
        if self._next_msgid is None:
            return False
        said = self._decider.reader.request(question.body)
        kept = {name: value for name, value in said.members.items() if name not in _OF_THE_MESSAGE}
        now = self._now()
        fields = {
            **kept,
            "infno": REVERSAL,
            "msgid": await self._next_msgid(question.institution),
            "inf_time": now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "input": {"data": {_PERSON: _person(said), "omsgid": question.msgid, "oinfno": question.infno}},
        }
        headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in question.headers)
        post = Post("POST", question.target.encode("latin-1"), unpacked(headers), msgspec.json.encode(fields))
        if not self._is_bare:
            post = self._decider.signed_again(post, now)
        reply = await self._upstream.send(post)
        answer = self._decider.reader.answer(reply, question.institution, self._now())
        return came_of(answer, is_repeat=True) in {Came.DONE, Came.REVERSED}

    @property
    def _is_bare(self) -> bool:
        # A person's password is not asked for where something is taken back.
        return self._area.signer in {"none", "card_password"} and self._area.encryptor == "none"


def _person(said: Said) -> str:
    """Return the person that a message names, at whatever depth."""
    left: list[object] = [said.input]
    while left:
        one = left.pop(0)
        if isinstance(one, dict):
            found = one.get(_PERSON)
            if isinstance(found, str) and found:
                return found
            left += one.values()
        elif isinstance(one, list):
            left += one
    return ""
