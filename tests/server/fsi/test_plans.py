"""What a sale asks of the store, it asks by an index: it takes no longer after a million sales than after one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from server.store.database import Store
from server.store.tables import metadata
from tests.server.fsi.counter import LIMITED, PLAIN, SHARED, Counter, file_store, open_counter

_CODES = ("83857930000879766660", "83857930000879766661")
_SCANNED = re.compile(r"SCAN (\w+)")


@pytest.fixture
def counter(migrated_file: Path, tmp_path: Path) -> Iterator[Counter]:
    with file_store(migrated_file, tmp_path) as store:
        yield open_counter(store)


@contextmanager
def no_table_is_read_through(store: Store, *, at_least: int = 10) -> Iterator[list[str]]:
    """Look at the plan of every statement that is executed meanwhile."""
    sent: list[tuple[str, Any]] = []
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        sent.append((statement, parameters))

    event.listen(store._engine, "before_cursor_execute", note)
    yield found
    event.remove(store._engine, "before_cursor_execute", note)
    with store.reading() as connection:
        for statement, parameters in sent:
            if statement.startswith(("SELECT", "UPDATE", "DELETE")):
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
                tables = {name for row in plan for name in _SCANNED.findall(str(row[3]))} & metadata.tables.keys()
                found += [f"{name}: {' '.join(statement.split())[-300:]}" for name in sorted(tables)]
    assert len(sent) > at_least


def test_a_sale_is_tried_settled_cancelled_and_reversed_by_indexes_alone(counter: Counter) -> None:
    codes = ",".join(f'{{"drug_trac_codg":"{code}"}}' for code in _CODES)
    sale = counter.sale(
        *(counter.line(item) for item in (PLAIN, LIMITED, SHARED)),
        expContent=f'{{"drugtracinfo":[{codes}],"stoout_no":"S1"}}',
    )
    office = counter.office
    with no_table_is_read_through(office.store) as found:
        assert office.say("2101", sale)["infcode"] == 0
        settled = counter.settle(sale)
        assert counter.settle(sale)["setl_id"] == settled["setl_id"]
        cancelling = office.body("2103", {"data": {name: settled[name] for name in ("setl_id", "mdtrt_id", "psn_no")}})
        assert office.post(cancelling)[1]["infcode"] == 0
        reversal = counter.reverse(_msgid_of(cancelling), "2103")
        assert reversal["infcode"] == 0, reversal["err_msg"]
    assert found == []


def _msgid_of(body: bytes) -> str:
    found = re.search(rb'"msgid":\s*"([^"]+)"', body)
    assert found is not None
    return found[1].decode()
