"""Malformed messages of the national interface: every field of every transaction wrong in every way, and pure damage.

Fields come from the tables (`tests.wire.fsi.samples`), so a new field is fuzzed as soon as it has a row there. Each
message is wrong in one place, and says which: the answer has to name it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.wire.fsi.samples import faults_of, valid_input, wrong_values
from wire.fsi.areas import Area
from wire.fsi.fields import Field, Kind
from wire.fsi.tables import envelope, transaction

Json = dict[str, Any]
Frame = Callable[[str], Json]
"""From a transaction number to the envelope of a new message, without input."""

KINDS: Final[Mapping[str, str]] = {
    "fsi.missing": "missing",
    "fsi.wrong_shape": "wrong type",
    "fsi.not_a_number": "wrong type",
    "fsi.not_a_date": "wrong type",
    "fsi.too_long": "too long",
    "fsi.bad_character": "NUL",
    "fsi.too_many_decimals": "out of range",
    "fsi.below_zero": "out of range",
    "fsi.not_above_zero": "out of range",
    "fsi.not_in_dictionary": "wrong code",
    "fsi.wrong_form": "wrong code",
}
ENVELOPE_OF: Final = "1201"
"""The transaction whose envelope is damaged: it asks for nothing but that."""
_TWICE, _DEEP, _SURROGATE, _HUGE = "@twice@", "@deep@", "@surrogate@", "@huge@"
_RAW: Final[Mapping[str, tuple[str, str]]] = {
    # placeholder: what stands in the text instead of it
    _DEEP: ("nested too deep", "[" * 70 + "1" + "]" * 70),
    _SURROGATE: ("surrogate", '"\\ud800"'),
    _HUGE: ("huge number", "9" * 400),
}


@dataclass(frozen=True, slots=True)
class Malformed:
    """One message that must be refused."""

    kind: str
    infno: str
    path: str
    """The field that the answer has to name; empty where none is at fault."""
    label: str
    """Its Chinese name, where it has one."""
    body: bytes

    @property
    def is_named_by_place(self) -> bool:
        """Whether line and column do, because the text cannot be read so far as to know its fields."""
        return self.kind in {"nested too deep", "surrogate", "huge number", "wrong encoding", "damaged"}


def text_of(frame: Json, business: object) -> str:
    """Return the JSON of a whole message."""
    return json.dumps({**frame, "input": business}, ensure_ascii=False, default=str)


def field_faults(infno: str, area: Area, frame: Frame, chance: random.Random) -> Iterator[Malformed]:
    """Yield the messages of one transaction, each with one thing wrong in its input."""
    table = transaction(infno, area)
    for planted in faults_of(table, chance):
        kind = KINDS.get(planted.code, planted.code)
        body = text_of(frame(infno), planted.message).encode()
        yield Malformed(kind, infno, planted.path, planted.label, body)
    whole = valid_input(table, chance, is_full=True)
    for place, path, field in _places(whole, infno, area):
        for raw, (kind, text) in _RAW.items():
            if raw == _HUGE and field.kind is not Kind.NUMBER:
                continue
            said = text_of(frame(infno), _put(whole, place, raw)).replace(json.dumps(raw), text)
            yield Malformed(kind, infno, path, field.label.zh, said.encode())
        said = text_of(frame(infno), _put(whole, (*place[:-1], _TWICE), 1)).replace(_TWICE, str(place[-1]))
        yield Malformed("doubled", infno, path, field.label.zh, said.encode())
    yield from _wrong_encodings(infno, text_of(frame(infno) | {"opter_name": "经办人"}, whole))


def envelope_faults(area: Area, frame: Frame, chance: random.Random) -> Iterator[Malformed]:
    """Yield messages with one thing wrong in the envelope."""
    business = valid_input(transaction(ENVELOPE_OF, area), chance, is_full=True)
    for field in envelope(area).input[0].fields:
        for value, code in wrong_values(field):
            said = {**frame(ENVELOPE_OF), "input": business} | {field.name: value}
            body = json.dumps(said, ensure_ascii=False, default=str).encode()
            yield Malformed(KINDS.get(code, code), "envelope", field.name, field.label.zh, body)
        whole = {**frame(ENVELOPE_OF), "input": business}
        if field.name in whole:
            twice = json.dumps(whole | {_TWICE: "1"}).replace(_TWICE, field.name)
            yield Malformed("doubled", "envelope", field.name, field.label.zh, twice.encode())


def damaged(infno: str, area: Area, frame: Frame, chance: random.Random, times: int) -> Iterator[Malformed]:
    """Yield messages that were cut off on the way, so that nothing of them can be read."""
    whole = text_of(frame(infno), valid_input(transaction(infno, area), chance)).encode()
    for _ in range(times):
        yield Malformed("damaged", infno, "", "", whole[: chance.randrange(1, len(whole) - 1)])


def _wrong_encodings(infno: str, text: str) -> Iterator[Malformed]:
    for name in ("gb18030", "utf-16", "utf-32"):
        yield Malformed("wrong encoding", infno, "", "", text.encode(name))


def _places(whole: Json, infno: str, area: Area) -> Iterator[tuple[tuple[str | int, ...], str, Field]]:
    """Yield every field that is given, as the way to it and as answers name it."""
    for node in transaction(infno, area).input:
        held = whole[node.name] if node.name else whole
        rows = held if isinstance(held, list) else [held]
        way: tuple[str | int, ...] = (node.name,) if node.name else ()
        at: tuple[str | int, ...] = (*way, len(rows) - 1) if isinstance(held, list) else way
        named = f"{node.name}[{len(rows) - 1}]" if isinstance(held, list) else node.name
        for field in node.fields:
            yield (*at, field.name), f"{named}.{field.name}".removeprefix("."), field


def _put(held: Any, place: tuple[str | int, ...], value: object) -> Any:
    """Return the message with something else in one place; what is beside the way to it is shared."""
    if not place:
        return value
    first, *rest = place
    if isinstance(held, list):
        return [_put(one, tuple(rest), value) if index == first else one for index, one in enumerate(held)]
    return {**held, first: _put(held.get(first), tuple(rest), value)}
