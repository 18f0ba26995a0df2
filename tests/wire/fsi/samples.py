"""Messages made from the tables: valid ones at random, and each way in which one field of them can be wrong."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from wire.fsi.fields import Field, Kind, Node, Sign, Transaction
from wire.fsi.shapes import Shape

_LETTERS = "AZaz09-_.中药片（）éß"
_SHAPED = {Shape.DISTRICT: "350200", Shape.CODE: "MBS_LOCAL-1", Shape.VERSION: "V1.24"}


@dataclass(frozen=True)
class Planted:
    """A message in which one thing is wrong."""

    path: str
    code: str
    label: str
    message: dict[str, object]


def valid_input(table: Transaction, chance: random.Random, *, is_full: bool = False) -> dict[str, object]:
    """Return an input that fits the table: all fields, or those that must be and some others."""
    message: dict[str, object] = {}
    for node in table.input:
        if not (is_full or node.is_required or chance.random() < 0.5):
            continue
        rows = [_record(node, chance, is_full=is_full) for _ in range(chance.randint(1, 2) if node.is_many else 1)]
        message[node.name] = rows if node.is_many else rows[0]
    return message


def _record(node: Node, chance: random.Random, *, is_full: bool) -> dict[str, object]:
    # What a rule may need is always given, so that a message at random breaks none.
    needed = {name for condition in node.conditions for name in condition.needs}
    return _fields(node.fields, needed, chance, is_full=is_full)


def _fields(fields: tuple[Field, ...], needed: set[str], chance: random.Random, *, is_full: bool) -> dict[str, object]:
    given = {}
    for field in fields:
        if is_full or field.is_required or field.name in needed or chance.random() < 0.3:
            name = field.name if is_full else chance.choice(field.spellings)
            given[name] = value_of(field, chance, is_full=is_full)
    return given


def value_of(field: Field, chance: random.Random, *, is_full: bool = False) -> object:  # noqa: PLR0911 - one a kind
    """Return a value that fits the field."""
    match field.kind:
        case Kind.NUMBER:
            return _number(field, chance)
        case Kind.DATE:
            return (date(1950, 1, 1) + timedelta(days=chance.randint(0, 50_000))).isoformat()
        case Kind.DATETIME:
            return str(datetime(1990, 1, 1) + timedelta(seconds=chance.randint(0, 2 * 10**9)))  # noqa: DTZ001 - text
        case Kind.BYTES:
            return base64.b64encode(chance.randbytes(chance.randint(1, 20))).decode()
        case Kind.ARRAY | Kind.OBJECT if not field.children:
            return ["x"] if field.kind is Kind.ARRAY else {"x": 1}
        case Kind.ARRAY:
            return [_fields(field.children, set(), chance, is_full=is_full) for _ in range(chance.randint(1, 2))]
        case _:
            return _text(field, chance)


def _text(field: Field, chance: random.Random) -> object:
    if field.coded:
        return chance.choice([value for value in field.coded if len(value) <= (field.length or 99)])
    if field.shape is not None:
        return _SHAPED[field.shape]
    most = field.length or 40
    length = chance.choice([1, min(most, 12), most])
    return "".join(chance.choice(_LETTERS) for _ in range(length))


def _number(field: Field, chance: random.Random) -> object:
    scale = field.scale or 0
    whole = (field.length or 9) - scale
    least = 1 if field.sign is Sign.POSITIVE else 0
    number = Decimal(chance.randrange(least, 10 ** (whole + scale))).scaleb(-scale)
    if field.sign is None:
        number *= chance.choice([1, 1, 1, -1])
    return chance.choice([number, f"{number:f}", f" {number:f} "])


def faults_of(table: Transaction, chance: random.Random) -> Iterator[Planted]:
    """Yield the full message with each field wrong in each way, one at a time."""
    message = valid_input(table, chance, is_full=True)
    for node in table.input:
        held = message[node.name]
        yield from _in_fields(message, [node.name], node.name, node.fields)
        if node.is_many:
            assert isinstance(held, list)
            yield _with(message, [node.name], {"x": 1}, (node.name, "fsi.wrong_shape", node.label.zh))
        else:
            yield _with(message, [node.name], [1], (node.name, "fsi.wrong_shape", node.label.zh))
        if node.is_required:
            yield _with(message, [node.name], None, (node.name, "fsi.missing", node.label.zh))


def _in_fields(
    message: dict[str, object], place: list[str | int], path: str, fields: tuple[Field, ...]
) -> Iterator[Planted]:
    held = _at(message, place)
    if isinstance(held, list):
        index = len(held) - 1
        place, path = [*place, index], f"{path}[{index}]"
    for field in fields:
        here = (f"{path}.{field.name}", field.label.zh)
        for value, code in wrong_values(field):
            yield _with(message, [*place, field.name], value, (here[0], code, here[1]))
        if field.children:
            yield from _in_fields(message, [*place, field.name], here[0], field.children)


def wrong_values(field: Field) -> Iterator[tuple[object, str]]:
    """Yield values that do not fit the field, and the code of the fault."""
    if field.is_required:
        yield from ((None, "fsi.missing"), (" 　", "fsi.missing"))
    match field.kind:
        case Kind.NUMBER:
            yield from _wrong_numbers(field)
        case Kind.DATE:
            yield from ((value, "fsi.not_a_date") for value in ("20260101", "2026-02-30", "2026-01-01 00:00:00", 7))
        case Kind.DATETIME:
            yield from (
                (value, "fsi.not_a_date") for value in ("2026-01-01", "2026-01-01T08:00:00", "0001-01-01 00:00:00")
            )
        case Kind.BYTES:
            yield from ((value, "fsi.wrong_shape") for value in ("#", [256], [True], 5))
        case Kind.OBJECT | Kind.ARRAY:
            yield 5, "fsi.wrong_shape"
        case _:
            yield from _wrong_texts(field)


def _wrong_numbers(field: Field) -> Iterator[tuple[object, str]]:
    yield from ((value, "fsi.not_a_number") for value in ("1,5", True, [1], "１", "1e3", "2E-1"))
    if field.sign is not None and not field.is_sign_for_business:
        is_above_zero = field.sign is Sign.POSITIVE
        yield -1, "fsi.not_above_zero" if is_above_zero else "fsi.below_zero"
    if field.sign is Sign.POSITIVE and not field.is_sign_for_business:
        yield "0", "fsi.not_above_zero"
    yield f"0.{'0' * (field.scale or 0)}1", "fsi.too_many_decimals"
    if field.length is not None:
        yield 10 ** (field.length - (field.scale or 0)), "fsi.too_long"


def _wrong_texts(field: Field) -> Iterator[tuple[object, str]]:
    yield [1], "fsi.wrong_shape"
    yield "a\x00b", "fsi.bad_character"
    if field.length is not None:
        yield "中" * (field.length + 1), "fsi.too_long"
    if field.dictionary.is_closed:
        yield "?", "fsi.not_in_dictionary"
    if field.shape is Shape.DISTRICT and not field.is_shape_advice:
        yield from ((value, "fsi.wrong_form") for value in ("35020x", "3502", "３５０２００"))


def _at(message: object, place: list[str | int]) -> object:
    for step in place:
        message = message[step]  # type: ignore[index]
    return message


def _with(message: dict[str, object], place: list[str | int], value: object, what: tuple[str, str, str]) -> Planted:
    path, code, label = what
    changed = _changed(message, place, value)
    assert isinstance(changed, dict)
    return Planted(path, code, label, changed)


def _changed(held: object, place: list[str | int], value: object) -> object:
    """Return `held` with one thing in it replaced; what is beside the way to it is shared."""
    if not place:
        return value
    first, *rest = place
    if isinstance(held, list):
        return [_changed(one, rest, value) if index == first else one for index, one in enumerate(held)]
    assert isinstance(held, dict)
    return {**held, first: _changed(held.get(first), rest, value)}
