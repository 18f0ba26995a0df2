"""Stores of earlier releases, as rows without a dialect: each release leaves one, and tests bring it up to date.

Run `python -m tests.server.store.old_stores` once per release that changes the schema; it writes
`tests/fixtures/db/centre-REVISION.json` and never touches an older one.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, MetaData, Table, func, insert, select

from rules.catalogue import parse_catalogue
from server.ingest import Ingest
from server.matching import Matching
from server.people.accounts import Accounts
from server.people.insured_import import import_insured
from server.people.practice_register import Practice
from server.people.roles import COMMAND_LINE, Role
from server.people.sealing import Sealer
from server.people.tokens import Tokens
from server.store.database import Connection, Store, open_store
from server.store.medical_accounts import Movement, Reason, move
from server.store.migrate import newest_revision
from server.store.person_lookups import Lookup, add_lookups
from server.store.settlements import SettlementState
from server.store.tables import metadata
from server.store.visit_steps import VisitStepRow, add_visit_steps
from server.store.visits import add_lines, add_visit
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, new_key, received, returned, scanned
from tests.server.store.settlement_rows import fee_line, negative, settle, settlement, visit

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "tests" / "fixtures" / "db"
Rows = dict[str, list[dict[str, Any]]]


def live_through_a_morning(store: Store) -> None:
    """Fill a store with something of everything that a release keeps."""
    accounts, tokens = Accounts(store), Tokens(store)
    accounts.add("admin", Role.ADMIN, by=COMMAND_LINE, now=NOW, password="not a secret")
    tokens.create("demo", "admin", by=COMMAND_LINE, now=NOW)
    seed = (ROOT / "config" / "seed" / "catalogue.csv").read_bytes()
    Matching(store).import_file(parse_catalogue(seed), by=COMMAND_LINE, now=NOW)
    here = FakeTerminal(name="T-1", institution="P1").registered(store)
    there = FakeTerminal(name="T-2", institution="P2").registered(store)
    ingest = Ingest(store, new_key())
    said = [received(code_of(1)), scanned(code_of(1)), dispensed(code_of(1), code_of(2)), returned(code_of(2))]
    frozen = [here.say(fact) for fact in said]
    here.skip(frozen[0].replace(b'"v":1', b'"v":0').replace(b'"seq":1', b'"seq":5'))
    ingest.take_many([here.frame(*frozen), here.frame(here.say(scanned(code_of(3))))], NOW)
    twice = there.frame(there.say(dispensed(code_of(1), sale="S7"), hlc=here.hlc + 1_000), there.say(scanned(None)))
    ingest.take_many([twice], NOW + timedelta(seconds=1))
    settle_something(store)


def settle_something(store: Store) -> None:
    """Fill the tables of settlement: people and institutions of the samples, and one sale that was cancelled."""
    sealer, seed = Sealer(bytes(range(32))), ROOT / "config" / "seed"
    for name in ("insured", "insured_credentials", "insured_facts", "insured_family", "insured_totals"):
        import_insured(store, sealer, (seed / f"{name}.csv").read_bytes(), by=COMMAND_LINE, now=NOW)
    practice = Practice(store)
    practice.import_institutions((seed / "institutions.csv").read_bytes(), by=COMMAND_LINE, now=NOW)
    practice.import_practitioners((seed / "practitioners.csv").read_bytes(), by=COMMAND_LINE, now=NOW)
    sale = settlement("S1", psn_no="9900000001", state=SettlementState.CANCELLED, hifp_pay=Decimal("7.00"))
    with store.writing() as connection:
        add_visit(connection, visit(psn_no="9900000001"))
        add_lines(connection, [fee_line(psn_no="9900000001", setl_id="S1")])
        settle(connection, sale, ("fund", "7.00"), codes=(code_of(1),))
        settle(connection, negative(sale, "S2"), ("fund", "-7.00"))
        move(connection, Movement("9900000001", "S1", Decimal("-3.00"), "9900000001", Reason.SETTLEMENT, 2026, NOW))
        add_lookups(connection, [Lookup(NOW, "P35020300001", "li01", "token:demo", "1101", "M1", "9900000001", "")])
        add_visit_steps(
            connection, [VisitStepRow("1970-01-01", "P1", "V1", bytes(16), "01101", "", "voucher", True, 0)]
        )


def dump(connection: Connection) -> Rows:
    """Return every row of every table."""
    return {
        table.name: [
            {column.name: _plain(value) for column, value in zip(table.columns, row, strict=True)}
            for row in connection.execute(select(table))
        ]
        for table in metadata.sorted_tables
    }


def restore(connection: Connection, rows: Rows) -> None:
    """Put rows into the tables as they are in this database, whatever this release calls them."""
    found = MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        if rows.get(table.name):
            connection.execute(insert(table), [_typed(table, row) for row in rows[table.name]])
            _count_on(connection, table)


def _count_on(connection: Connection, table: Table) -> None:
    """Let PostgreSQL give out numbers after the restored ones; SQLite does so by itself."""
    keys = list(table.primary_key)
    if connection.dialect.name == "postgresql" and len(keys) == 1 and isinstance(keys[0].type, BigInteger):
        newest = connection.scalar(select(func.max(keys[0])))
        connection.execute(select(func.setval(func.pg_get_serial_sequence(table.name, keys[0].name), newest)))


def _plain(value: object) -> object:
    return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: base64.b64decode(value["bytes"]) if isinstance(value, dict) else value
        for name, value in row.items()
        if value is not None or not isinstance(table.c[name].type, LargeBinary)
    }


def main() -> int:
    """Write the fixture of this release."""
    target = FOLDER / f"centre-{newest_revision()}.json"
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/centre.db", new_epoch=lambda: "epoch-of-the-fixture")
        live_through_a_morning(store)
        with store.reading() as connection:
            rows = dump(connection)
        store.close()
    target.write_text(json.dumps(rows, ensure_ascii=False, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
