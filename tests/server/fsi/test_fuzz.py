"""Whatever stands in the fields of a message, it is answered, never by a fault of ours, and what is wrong is named."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.fsi.dispatch import HANDLERS
from server.fsi.figures import Outcome
from server.fsi.post import Post
from server.store.database import open_store
from tests.server.fsi.counter import CARD, LI, open_counter
from tests.server.fsi.office import NOON, PHARMACY, VOICE, Office
from wire.fsi.areas import shipped_area
from wire.fsi.fields import Field, Kind, Node
from wire.fsi.tables import transaction

BASE = shipped_area("base")
STRANGE: list[Any] = [
    None, "", " ", "x" * 5000, "\x00", "\ud800", "１２", "null", "NaN", True, False, 0, -1, 10**40, 1e308, 1.005,
    [], {}, [[]], [{}], {"a": {}}, ["x"], "0000-00-00", "2026-02-30", "9999-12-31", "9999-12-31 23:59:59",
    "2026-03-10 12:00:00", "' OR 1=1 --", "🧪", "\u202e", "99999999999999.99", "0.000001", "-100", "1e5",
]  # fmt: skip
OF_KIND = {Kind.DATE: "2026-03-10", Kind.DATETIME: "2026-03-10 11:00:00", Kind.BYTES: "UEsFBgAA"}


def plausible(field: Field) -> Any:
    """Return a value that fits, and that is known here as far as it can be."""
    known = {"psn_no": LI, "mdtrt_cert_no": CARD[LI], "fixmedins_code": PHARMACY, "certno": CARD[LI]}
    if field.name in known:
        return known[field.name]
    if field.coded:
        return next(iter(field.coded))
    if field.kind is Kind.OBJECT:
        return record(field.children)
    if field.kind is Kind.ARRAY:
        return [record(field.children)] if field.children else []
    return OF_KIND.get(field.kind, "1")


def record(fields: Sequence[Field]) -> dict[str, Any]:
    return {field.name: plausible(field) for field in fields}


def business(nodes: Sequence[Node]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for node in nodes:
        one = record(node.fields)
        made |= {node.name: [one] if node.is_many else one} if node.name else one
    return made


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield every place in a message where something can be put."""
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def put(value: Any, path: tuple[Any, ...], strange: Any) -> Any:
    """Return the message with something else in a place."""
    if not path:
        return strange
    key, *rest = path
    if isinstance(value, dict):
        return {**value, key: put(value[key], tuple(rest), strange)}
    return [put(child, tuple(rest), strange) if index == key else child for index, child in enumerate(value)]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    store = open_store(f"sqlite:///{Path(tmp_path_factory.mktemp('fuzz'))}/centre.db", new_epoch=lambda: "e")
    yield open_counter(store).office
    store.close()


def answered(office: Office, body: bytes) -> tuple[Outcome, dict[str, Any]]:
    reply = office.answering.answer(Post(body, {}, VOICE, NOON))
    read = json.loads(reply.body)
    assert reply.outcome is not Outcome.FAILED, body
    assert reply.outcome is not Outcome.BUSY, body
    assert (read["infcode"] == 0) == (reply.outcome in {Outcome.ANSWERED, Outcome.REPEATED})
    assert read["infcode"] == 0 or (read["err_msg"].startswith("[") and len(read["err_msg"]) <= 200)
    return reply.outcome, read


@pytest.mark.parametrize("infno", sorted(HANDLERS))
def test_a_plausible_message_is_answered_without_a_fault(office: Office, infno: str) -> None:
    answered(office, office.body(infno, business(transaction(infno, BASE).input)))


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=st.data())
def test_a_strange_value_anywhere_is_named_or_taken(office: Office, chosen: st.DataObject) -> None:
    infno = chosen.draw(st.sampled_from(sorted(HANDLERS)))
    whole = json.loads(office.body(infno, business(transaction(infno, BASE).input)))
    path = chosen.draw(st.sampled_from([one for one in places(whole) if one]))
    strange = chosen.draw(st.sampled_from(STRANGE) | st.text(max_size=40) | st.integers() | st.floats())
    body = json.dumps(put(whole, path, strange), ensure_ascii=True).encode()
    outcome, read = answered(office, body)
    if outcome is Outcome.UNREADABLE and "fsi.not_json" not in read["err_msg"]:
        # With another institution it is the msgid that does not fit.
        named = {*map(str, path), *(("msgid",) if path == ("fixmedins_code",) else ())}
        assert any(one in read["err_msg"] + read["warn_msg"] for one in named), (path, strange, read["err_msg"])


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=200) | st.text(alphabet='{}[]",:0123eE.-nulltrfas \\u', max_size=200).map(str.encode))
def test_noise_is_answered(office: Office, body: bytes) -> None:
    outcome, _ = answered(office, body)
    assert outcome is Outcome.UNREADABLE


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=st.data())
def test_a_message_that_was_damaged_on_the_way_is_answered(office: Office, chosen: st.DataObject) -> None:
    infno = chosen.draw(st.sampled_from(sorted(HANDLERS)))
    body = bytearray(office.body(infno, business(transaction(infno, BASE).input)))
    for _ in range(chosen.draw(st.integers(1, 4))):
        body[chosen.draw(st.integers(0, len(body) - 1))] = chosen.draw(st.integers(0, 255))
    answered(office, bytes(body))
