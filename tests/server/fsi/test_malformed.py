"""What is malformed is refused alike on either database: in messages, some of `make malformed`, and in files."""

from __future__ import annotations

import json
import random
from itertools import islice

from server.fsi.dispatch import HANDLERS
from server.fsi.figures import Outcome
from server.fsi.post import Post
from server.store.database import Store
from tests.malformed.claims import Tally
from tests.malformed.messages import Json, Malformed, field_faults
from tests.malformed.statements import statement_faults, statement_noise
from tests.server.fsi.counter import open_counter
from tests.server.fsi.office import NOON, VOICE, Office
from wire.fsi.areas import shipped_area

ONE_OF = 60
STATUSES = {Outcome.FAILED: 500, Outcome.BUSY: 503, Outcome.UNPROVED: 401}
CODES = {"reconciliation.file", "fsi.missing", "fsi.too_long", "fsi.said_twice", "fsi.not_json", "fsi.bad_character"}


class Line:
    """What a till has: its messages, and their answers."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def frame(self, infno: str) -> Json:
        said: Json = json.loads(self.office.body(infno, {}))
        del said["input"]
        return said

    def post(self, body: bytes) -> tuple[int, bytes]:
        reply = self.office.answering.answer(Post(body, {}, VOICE, NOON))
        return STATUSES.get(reply.outcome, 200), reply.body

    def body_of_answer(self, body: bytes) -> bytes:
        return self.post(body)[1]


def some(line: Line, chance: random.Random) -> list[Malformed]:
    """Return a few messages of each transaction."""
    found = [
        islice(field_faults(infno, shipped_area("base"), line.frame, chance), chance.randrange(ONE_OF), None, ONE_OF)
        for infno in sorted(HANDLERS)
    ]
    return [one for of_one in found for one in of_one]


def test_whatever_is_malformed_is_named_on_either_database(store: Store) -> None:
    counter, tally, chance = open_counter(store), Tally(), random.Random(1)
    line = Line(counter.office)
    for message in some(line, chance):
        tally.take(message, *line.post(message.body))
    for message in statement_faults(line.frame, line.body_of_answer, chance):
        tally.take(message, *line.post(message.body))
    for body in statement_noise(line.frame, line.body_of_answer, chance, times=20):
        tally.take_noise("noise in a file", *line.post(body))
    assert tally.failures == []
    assert set(tally.codes) >= CODES
    assert counter.settle(counter.sale(counter.line()))["setl_id"]
