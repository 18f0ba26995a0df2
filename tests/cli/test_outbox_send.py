"""`yima outbox send`: what is damaged is not sent, is said, and is known from then on."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from cli.app import app
from edge.store import sql
from edge.store.database import opened_store
from edge.store.dead_letters import DamagedRecordError, dead_letters
from tests.edge.scene import EPOCH, NOON, TERMINAL, FakeClock, Shop
from tests.edge.store.test_salvage import open_shop
from wire.receipts import Receipt, Rejected

SPOIL = "UPDATE outbox SET bytes = CAST(replace(bytes, 'verdict', 'verdikt') AS BLOB) WHERE id = ?"


def test_damaged_records_are_told_and_no_longer_said_to_be_refused(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    open_shop(folder)
    with opened_store(folder) as connection:
        shop = Shop(connection, FakeClock())
        with connection.begin():
            ids = [
                id_ for (id_,) in sql.rows(connection, "SELECT id FROM outbox WHERE seq BETWEEN 31 AND 34 ORDER BY seq")
            ]
        rejected = [Rejected(seq, id_, "event.invalid") for seq, id_ in enumerate(ids, 31)]
        shop.outbox.apply_receipts([Receipt(1, TERMINAL, EPOCH, "c", NOON, "n" * 16, [], rejected)], NOON)
        with connection.begin():
            for id_ in ids[:2]:
                sql.change(connection, SPOIL, (id_,))
    send = ["outbox", "send", "--folder", str(folder)]
    for _ in range(2):
        assert isinstance(CliRunner().invoke(app, [*send, ids[0]]).exception, DamagedRecordError)
    told = CliRunner().invoke(app, [*send, "--all"])
    assert told.output.splitlines() == [
        "2 条将重新上传 / 2 will be sent again",
        "1 条已损坏，不能上传 / 1 are damaged and are not sent",
    ]
    with opened_store(folder) as connection, connection.begin():
        assert {(one.id, one.code) for one in dead_letters(connection, 9)} == {
            (id_, "store.row_damaged") for id_ in ids[:2]
        }
