"""What a terminal answers when another one of its site asks: what it sold and took back itself, and sums of days."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection

from codes.words import Words
from edge.clock import SHOP_TIME, from_us
from edge.site import messages
from edge.site.errors import RepeatedAskError, StrangerError
from edge.site.messages import FACTS_PER_ANSWER, RECORDS_PER_ANSWER, ROWS_PER_ANSWER, Answer, Ask, SaidFact
from edge.site.site_list import Peer, Site
from edge.store.day_records import records_between, sums_between, sums_of_days
from edge.store.lane import Reading
from edge.store.site_apart import apart_state, own_apart, own_back
from edge.store.site_held import held_state, own_held
from edge.store.site_sales import own_facts
from edge.store.unfinished import open_settling
from rules.business_day import calendar_days
from wire.envelope import open_sealed, seal
from wire.errors import UnknownKeyError
from wire.keys import SigningKey

MOST_REMEMBERED = 1_024
"""Questions remembered for each terminal, a quarter of an hour: one that was recorded is not answered again so soon."""


@dataclass(frozen=True, slots=True)
class Answering:
    """Answers questions of listed terminals."""

    site: Site
    key: SigningKey
    read: Reading
    desk: str = ""
    """Of this terminal at the national interface, in two digits."""
    _answered: OrderedDict[str, None] = field(default_factory=OrderedDict)
    """Nonces of the latest questions."""

    async def answer(self, frame: bytes) -> bytes:
        """Return the sealed answer to a sealed question.

        Raises:
            StrangerError: Nobody on the list asked it of this terminal.
            WireError: The frame is damaged or forged.
            RepeatedAskError: It was answered before.
            BadAnswerError: It is of no version that we know.
        """
        peer, body = self._proved(frame)
        asked = messages.decode(body, Ask)
        self._refuse_repeated(asked.nonce)
        answer = await self.read(lambda tx: _with_open(tx, asked, _answer(tx, asked, self.desk)))
        purpose = self.site.answer_purpose(self.site.terminal, peer.terminal)
        return seal(messages.encode(answer), purpose, self.key)

    def _proved(self, frame: bytes) -> tuple[Peer, bytes]:
        """Return who asks and what. The key that the frame names says which purpose it must have been signed for."""
        for peer in self.site.peers:
            purpose = self.site.ask_purpose(peer.terminal, self.site.terminal)
            try:
                return peer, open_sealed(frame, purpose, peer.find_key).body
            except UnknownKeyError:
                continue
        raise StrangerError(Words("询问者不在本店名单中", "Who asks is not on the list of the site"))

    def _refuse_repeated(self, nonce: str) -> None:
        if nonce in self._answered:
            raise RepeatedAskError(Words("同一询问重复出现", "The same question came again"))
        self._answered[nonce] = None
        if len(self._answered) > MOST_REMEMBERED * len(self.site.peers):
            self._answered.popitem(last=False)


def _with_open(tx: Connection, asked: Ask, answer: Answer) -> Answer:
    """Return the answer with what is not brought to its end here, if that was asked."""
    if not asked.is_open_asked:
        return answer
    return msgspec.structs.replace(answer, open_sales=list(open_settling(tx)[: messages.MOST_OPEN]))


def _answer(tx: Connection, asked: Ask, desk: str) -> Answer:
    found = own_facts(tx, asked.heard, most_facts=FACTS_PER_ANSWER, most_rows=ROWS_PER_ANSWER)
    facts = [SaidFact(one.code, one.sale, one.hlc, one.is_sold) for one in found.facts]
    sheet = records = None
    if asked.days is not None:
        within = calendar_days(*asked.days, SHOP_TIME)
        if asked.records_from is None:
            sheet = messages.said(sums_of_days(tx, *asked.days))
        else:
            start = asked.records_from
            records = messages.said_records(records_between(tx, *within)[start : start + RECORDS_PER_ANSWER])
    elif asked.within is not None:
        start_us, end_us = asked.within
        sheet = messages.said(sums_between(tx, from_us(start_us), from_us(end_us)))
    answer = Answer(
        messages.VERSION, asked.nonce, dict(found.heard), found.is_all, facts, sheet, records, desk,
        units=messages.said_units(found.units),
    )  # fmt: skip
    # A list of packs has its own answer, where an event of the most packs would leave no room for it.
    has_room = len(facts) + len(found.units) <= FACTS_PER_ANSWER
    return answer if asked.apart is None or not has_room else _with_shelves(tx, answer, asked.apart)


def _with_shelves(tx: Connection, answer: Answer, known: str) -> Answer:
    """Return the answer with what lies apart here and aside, unless it is known."""
    held = own_held(tx)
    state = f"{apart_state(tx)}-{held_state(held)}"
    if state == known:
        return msgspec.structs.replace(answer, apart_as=state)
    apart, back = messages.said_apart(own_apart(tx)), messages.said_apart(own_back(tx))
    return msgspec.structs.replace(answer, apart=apart, back=back, held=messages.said_apart(held), apart_as=state)
