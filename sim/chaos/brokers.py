"""The two kinds of broker between terminals and centre: our embedded one, and Debian's mosquitto."""

from __future__ import annotations

import os
import shutil
from enum import StrEnum
from pathlib import Path

from sim.stage import Actor, Stage, StageError

MOSQUITTO_MISSING = "mosquitto is not installed (Debian package mosquitto)"
_PLACES = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
_CONF = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
log_type error
{user}persistence {persistence}
persistence_location {folder}/
autosave_interval 1
"""


class BrokerKind(StrEnum):
    """Which broker."""

    EMBEDDED = "embedded"
    MOSQUITTO = "mosquitto"


class BrokerHome:
    """What a mosquitto keeps on disk, and its configuration."""

    def __init__(self, folder: Path, port: int) -> None:
        self.configuration = folder / "mosquitto.conf"
        self._kept = folder / "mosquitto"
        self._port = port
        self._is_persistent = False
        self.wipe()

    def wipe(self) -> None:
        """Forget everything. Whether it keeps anything from now on changes each time, so that both are met."""
        shutil.rmtree(self._kept, ignore_errors=True)
        self._kept.mkdir()
        self._is_persistent = not self._is_persistent
        text = _CONF.format(
            port=self._port,
            folder=self._kept,
            persistence=str(self._is_persistent).lower(),
            # Started by root it would become another user, who may not write here.
            user="user root\n" if os.geteuid() == 0 else "",
        )
        self.configuration.write_text(text, encoding="utf-8")


def find_mosquitto() -> str | None:
    """Return where mosquitto is installed, or None."""
    return shutil.which("mosquitto", path=_PLACES)


def start_broker(stage: Stage, kind: BrokerKind, name: str, port: int) -> tuple[Actor, BrokerHome | None]:
    """Start a broker on `port`.

    Raises:
        StageError: It is not installed or does not start.
    """
    if kind is BrokerKind.EMBEDDED:
        return stage.add(name, ["broker", "run", "--port", str(port)], port), None
    program = find_mosquitto()
    if program is None:
        raise StageError(MOSQUITTO_MISSING)
    home = BrokerHome(stage.folder, port)
    return stage.add(name, ["-c", str(home.configuration)], port, program=(program,)), home
