"""Who looked up whom: every message that tells of a person and changes nothing leaves a line, answered or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from server.fsi.dispatch import HANDLERS
from server.fsi.figures import Outcome
from server.fsi.lookups import LookupBook, LookupKeeper
from server.fsi.post import Voice
from server.store import person_lookups
from server.store.database import Store
from server.store.institutions import CallerKind
from server.store.person_lookups import Asked, Lookup
from tests.server.fsi.counter import CARD, LI, WANG, Counter, file_store, open_counter
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY
from wire.fsi.areas import shipped_area
from wire.fsi.fields import Field, Node
from wire.fsi.tables import transaction

EVERYBODY = Asked()


@pytest.fixture
def counter(migrated_file: Path, tmp_path: Path) -> Iterator[Counter]:
    with file_store(migrated_file, tmp_path) as store:
        yield open_counter(store)


def kept(counter: Counter, asked: Asked = EVERYBODY) -> list[Lookup]:
    """Return what is in the store once everything was kept, newest first."""
    counter.office.answering.lookups.keep()
    with counter.office.store.reading() as connection:
        return list(person_lookups.load_lookups(connection, asked, limit=99))


@contextmanager
def store_in_trouble(store: Store) -> Iterator[None]:
    """Let the disk be full for lookups."""

    def full(*said: Any) -> None:
        if "INSERT" in said[2] and "person_lookup" in said[2]:
            raise OperationalError(said[2], None, sqlite3.OperationalError("database or disk is full"))

    event.listen(store._engine, "before_cursor_execute", full)
    yield
    event.remove(store._engine, "before_cursor_execute", full)


def names(nodes: tuple[Node, ...]) -> set[str]:
    def below(fields: tuple[Field, ...]) -> Iterator[str]:
        for one in fields:
            yield one.name
            yield from below(tuple(one.children))

    return {name for node in nodes for name in below(tuple(node.fields))}


@pytest.mark.parametrize("infno", sorted(infno for infno, deed in HANDLERS.items() if not deed.is_writing))
def test_whatever_only_reads_and_has_a_person_in_its_table_is_a_look_up(infno: str) -> None:
    table = transaction(infno, shipped_area("base"))
    has_person = bool({"psn_no", "certno", "psn_name"} & (names(table.input) | names(table.output)))
    assert HANDLERS[infno].is_look_up is has_person


def test_who_asked_what_about_whom_and_when(counter: Counter) -> None:
    data = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": CARD[LI]}}
    msgid = f"{PHARMACY}202603101200004242"
    assert counter.office.say("1101", data, opter="wang", msgid=msgid)["infcode"] == 0
    assert kept(counter) == [Lookup(NOON, PHARMACY, "wang", "token:tok1", "1101", msgid, LI, "")]


def test_trials_queries_and_refusals_are_kept_too_and_what_settles_stands_in_its_message(counter: Counter) -> None:
    sale = counter.sale(counter.line())
    counter.office.say("2101", sale)
    settled = counter.settle(sale)
    counter.office.say("5203", {"data": {name: settled[name] for name in ("psn_no", "setl_id", "mdtrt_id")}})
    counter.office.say("2101", counter.sale(counter.line(), psn_no=WANG, insutype="390"))
    counter.office.say("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": "350203199901010099"}})
    counter.office.say("1201", {"medinsinfo": {"fixmedins_type": "2"}})
    told = [(one.infno, one.psn_no, one.code) for one in reversed(kept(counter))]
    assert told == [
        ("2101", LI, ""),
        ("5203", LI, ""),
        ("2101", WANG, "settlement.person"),
        ("1101", "", "people.unknown"),
    ]


def test_who_speaks_for_nobody_named_has_looked_up_nobody(counter: Counter) -> None:
    body = counter.office.body("2101", counter.sale(counter.line()))
    assert counter.office.post(body, voice=Voice(CallerKind.TOKEN, "tok9"))[0].code == "fsi.not_your_institution"
    assert kept(counter) == []


def test_an_inspector_asks_by_person_institution_operator_and_time(counter: Counter) -> None:
    def line(n: int, psn_no: str, institution: str = PHARMACY, operator: str = "li01") -> Lookup:
        at = NOON + timedelta(hours=n)
        return Lookup(at, institution, operator, "token:tok1", "1101", f"M{n}", psn_no, "")

    lines = [line(0, LI), line(1, WANG), line(2, LI, HOSPITAL), line(3, LI, operator="wang")]
    with counter.office.store.writing() as connection:
        person_lookups.add_lookups(connection, lines)
    for asked, found in [
        (Asked(), [3, 2, 1, 0]),
        (Asked(psn_no=LI), [3, 2, 0]),
        (Asked(psn_no=LI, institution=PHARMACY), [3, 0]),
        (Asked(operator="wang"), [3]),
        (Asked(since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=3)), [2, 1]),
    ]:
        assert kept(counter, asked) == [lines[n] for n in found], asked


def test_while_the_store_takes_nothing_lines_wait_and_beyond_the_bound_nobody_is_told(counter: Counter) -> None:
    book = counter.office.answering.lookups = LookupBook(counter.office.store, most_waiting=2)
    data = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": CARD[LI]}}
    with store_in_trouble(counter.office.store):
        replies = [counter.office.post(counter.office.body("1101", data))[0] for _ in range(3)]
    assert [one.outcome for one in replies] == [Outcome.ANSWERED, Outcome.ANSWERED, Outcome.BUSY]
    assert book.keep() == 2
    assert counter.office.say("1101", data)["infcode"] == 0


def test_the_thread_keeps_what_waits_when_it_stops(counter: Counter) -> None:
    keeper = LookupKeeper(counter.office.answering.lookups)
    keeper.start()
    counter.office.say("2101", counter.sale(counter.line()))
    keeper.stop()
    with counter.office.store.reading() as connection:
        assert len(person_lookups.load_lookups(connection, Asked(psn_no=LI), limit=9)) == 1


def test_a_store_that_takes_nothing_in_the_end_is_told(counter: Counter) -> None:
    keeper = LookupKeeper(counter.office.answering.lookups)
    counter.office.say("2101", counter.sale(counter.line()))
    with store_in_trouble(counter.office.store), capture_logs() as logged:
        keeper.start()
        keeper.stop()
    assert [one["event"] for one in logged] == ["fsi.lookups_not_kept"]
