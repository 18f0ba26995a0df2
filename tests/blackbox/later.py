"""`python -m tests.blackbox.later SECONDS ARGUMENT…`: the `yima` command on a machine whose clock is ahead.

A day goes by between two starts, without waiting for it and without the right to set the clock.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, tzinfo

import edge.clock
import server.opening
from cli.app import app


class Later(datetime):
    """The time of a clock that is ahead."""

    ahead = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        return datetime.now(tz) + cls.ahead


def main() -> None:
    """Run the command that many seconds later."""
    Later.ahead = timedelta(seconds=float(sys.argv[1]))
    # The only two places that read the clock of the machine.
    for room in (edge.clock, server.opening):
        room.datetime = Later  # type: ignore[attr-defined]
    sys.argv[1:] = sys.argv[2:]
    app()


if __name__ == "__main__":
    main()
