"""Our outbox, through the terminal's own store: one commit for each event, as at the counter."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from buffer_child import run

from edge.errors import EdgeError
from edge.store import sql
from edge.store.database import database_path, opened_store
from edge.store.errors import store_errors
from edge.store.outbox import Outbox
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from wire.events import Scanned, thaw

EVENTS = "SELECT bytes FROM outbox ORDER BY epoch, seq"


class YimaBuffer:
    """The outbox of a terminal's store."""

    def __init__(self, folder: Path, settings: str) -> None:
        del settings  # There is one setting: durable.
        self._path = database_path(folder)
        self._open = ExitStack()
        self._connection = self._open.enter_context(opened_store(folder))
        ensure_state(self._connection, terminal="counter-1", new_epoch="epoch-1", mode=Mode.DISPENSE)
        self._outbox = Outbox(self._connection, random=secrets.token_bytes)

    def put(self, text: str) -> bool:
        event = json.loads(text)
        values = event["telemetry"][0]["values"]
        # The number travels as the reading's text: what is read back is what was put in.
        fact = Scanned(
            sale=values["sale"],
            reading="trace",
            device=values["scanner"],
            verdict=values["verdict"],
            code=values["code"],
            product=str(event["number"]),
        )
        try:
            with store_errors(self._path), self._connection.begin() as transaction:
                self._outbox.append(transaction.connection, fact, operator="w", now=datetime.now(UTC))
        except EdgeError as exc:
            sys.stderr.write(f"{exc.code}\n")
            return False
        return True

    def read(self) -> Iterator[str]:
        with self._connection.begin():
            rows = sql.rows(self._connection, EVENTS)
        for (frozen,) in rows:
            fact = thaw(frozen).fact
            assert isinstance(fact, Scanned)
            yield json.dumps({"number": int(fact.product or "")})

    def close(self) -> None:
        self._open.close()


if __name__ == "__main__":
    run(YimaBuffer)
