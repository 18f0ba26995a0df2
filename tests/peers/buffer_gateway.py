"""The buffers of thingsboard-gateway, through its own classes; run by the interpreter of its environment."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

from buffer_child import run
from thingsboard_gateway.storage.file.file_event_storage import FileEventStorage
from thingsboard_gateway.storage.sqlite.sqlite_event_storage import SQLiteEventStorage

SHIPPED = {
    "read_records_count": 100,
    "max_records_count": 100_000,
    "max_file_count": 10,
    "max_read_records_count": 10,
    "max_records_per_file": 10_000,
    "messages_ttl_check_in_hours": 1,
    "messages_ttl_in_days": 7,
}
"""The storage section of the configuration that the package ships (there with `type` memory, which keeps nothing)."""
SETTINGS: dict[str, tuple[type, dict[str, Any]]] = {
    "sqlite-shipped": (SQLiteEventStorage, {}),
    "sqlite-durable": (SQLiteEventStorage, {"writing_batch_size": 1}),
    "file-shipped": (FileEventStorage, {}),
}
EMPTY_READS = 8
"""Its reader fills packs in a thread: so many empty ones in a row mean that nothing is left."""
EMPTY_WAIT_S = 0.25


class GatewayBuffer:
    """One of its storages."""

    def __init__(self, folder: Path, settings: str) -> None:
        kind, more = SETTINGS[settings]
        where = f"{folder}/"
        config = {**SHIPPED, "data_file_path": where, "data_folder_path": where, **more}
        self._storage: Any = kind(config, _logger(), Event())

    def put(self, text: str) -> bool:
        return bool(self._storage.put(text))

    def read(self) -> Iterator[str]:
        empty = 0
        while empty < EMPTY_READS:
            pack = self._storage.get_event_pack()
            yield from pack
            self._storage.event_pack_processing_done()
            empty = 0 if pack else empty + 1
            if not pack:
                time.sleep(EMPTY_WAIT_S)

    def close(self) -> None:
        self._storage.stop()


def _logger() -> Any:
    """Return a log with the level below DEBUG that its own logger has."""
    log: Any = logging.getLogger("storage")
    log.trace = lambda *_, **__: None
    logging.basicConfig(level=logging.WARNING)
    return log


if __name__ == "__main__":
    run(GatewayBuffer)
