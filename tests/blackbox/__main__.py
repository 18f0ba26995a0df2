"""`make days`: the days of every area by the client that has read docs/fsi.md and nothing else, a line for each."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.blackbox.days import days
from tests.blackbox.stand import AREAS, run, seed


def main(arguments: list[str]) -> int:
    """Live through them; whatever is not as it should be ends it with the reason."""
    asked = argparse.ArgumentParser(prog="python -m tests.blackbox")
    asked.add_argument("--area", action="append", choices=AREAS)
    areas = asked.parse_args(arguments).area or AREAS
    with tempfile.TemporaryDirectory() as folder:
        (seeded := Path(folder, "seeded")).mkdir()
        made = seed(seeded)
        for area in areas:
            centre = run(made.copy(Path(folder, area)), area, has_broker=True)
            began_s = time.monotonic()
            try:
                for what, day in days(centre):
                    print(f"{area:10} {what:15} {time.monotonic() - began_s:5.1f} s  {day}", flush=True)  # noqa: T201
                    began_s = time.monotonic()
            finally:
                centre.stage.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
