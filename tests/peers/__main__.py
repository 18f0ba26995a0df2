"""`make bench-peers`: durable buffers and scanner decoding side by side with two peers; writes docs/figures/peers.json.

What is compared is what the peers' own classes do with the same input in the same run. Each figure is a count; none is
a time, because the machine is shared.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.peers import buffers, scanners
from tests.peers.environments import HERE, ROOT, ObstacleError, peer_python

FIGURES = ROOT / "docs" / "figures" / "peers.json"
OURS = Path(sys.executable)
SEED = 20261121

Rows = list[dict[str, object]]

NOTES = {
    "acknowledged": "the buffer's put said yes before the kill or before the end",
    "found": "read back by a new process with the buffer's own reader",
    "lost": "acknowledged and not found",
    "found beyond acknowledged": "kept, and killed before the yes could be said",
    "kill": "SIGKILL of the process; the machine stays up, so what was only handed to the system survives. "
    "A power cut is another test.",
    "full disk": "no file may be written beyond 4 KiB (RLIMIT_FSIZE) for the middle third of the events, then again",
    "shipped": "the package's own configuration selects its memory storage, which keeps nothing over a restart; "
    "here its other two storages are used, with the values that configuration has for them",
    "exact": "scans that came out with exactly the bytes of the symbol and from the scanner that read it",
}
"""What each figure means."""


def compare_buffers(peer: Path, folder: Path, kills: int) -> dict[str, Rows]:
    """Return the figures of the buffers: killed, and on a full disk."""
    gateway = HERE / "buffer_gateway.py"
    contenders = [
        buffers.Contender("yima outbox", OURS, HERE / "buffer_yima.py", "durable", "committed with fsync", keeps=True),
        buffers.Contender("gateway sqlite, shipped", peer, gateway, "sqlite-shipped", "queued in memory"),
        buffers.Contender("gateway sqlite, batch of 1", peer, gateway, "sqlite-durable", "queued in memory"),
        buffers.Contender("gateway file, shipped", peer, gateway, "file-shipped", "handed to the system"),
    ]
    killed = buffers.play_kills(contenders, folder / "kills", kills=kills, seed=SEED)
    full = buffers.play_full_disk(contenders, folder / "full")
    return {"kills": buffers.figures(killed, contenders), "full_disk": buffers.figures(full, contenders)}


def compare_scanners(peer: Path, log: Path) -> Rows:
    """Return the figures of the decoders."""
    script = HERE / "scanner_barcode_server.py"
    ours = scanners.Contender("yima", OURS, HERE / "scanner_yima.py", takes_settings=True)
    theirs = scanners.Contender("barcode-server", peer, script, takes_settings=False)
    each = scanners.Contender(
        "barcode-server, one per scanner", peer, script, takes_settings=False, is_one_process_each=True
    )
    rows: Rows = []
    for case in scanners.all_cases(SEED):
        contenders = [ours, theirs] if len(case.codes) == 1 else [ours, theirs, each]
        rows += scanners.figures(case, scanners.play(case, contenders, seed=SEED, log=log))
    return rows


def show_buffers(title: str, rows: Rows, console: Console) -> None:
    """Print the buffers' figures."""
    table = Table(title=title, title_justify="left")
    columns = ("buffer", "kills", "acknowledged", "refused", "found", "lost", "doubled", "means")
    for column in columns:
        table.add_column(
            "a yes means" if column == "means" else column, justify="left" if column in _WORDS else "right"
        )
    for row in rows:
        table.add_row(*(str(row[column]) for column in columns))
    console.print(table)


def show_scanners(rows: Rows, console: Console) -> None:
    """Print the decoders' figures."""
    table = Table(title="Scanner decoding: the same input_event records", title_justify="left")
    for column in ("case", "decoder", "exact", "share", "what came out instead"):
        table.add_column(column, justify="right" if column in {"exact", "share"} else "left", overflow="fold")
    for row in rows:
        exact = f"{row['exact']}/{row['of']}"
        table.add_row(str(row["case"]), str(row["decoder"]), exact, f"{row['share']:.0%}", str(row["example"]))
    console.print(table)


_WORDS = frozenset({"buffer", "means"})


def main(arguments: list[str]) -> int:
    """Compare; where a peer cannot be installed, say why and go on with the other."""
    asked = argparse.ArgumentParser(prog="python -m tests.peers")
    asked.add_argument("--kills", type=int, default=buffers.KILLS)
    options = asked.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 150)
    figures: dict[str, object] = {"peers": {name: _pinned(name) for name in ("thingsboard-gateway", "barcode-server")}}
    obstacles: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            console.print("[dim]buffers …[/dim]")
            rows = compare_buffers(peer_python("thingsboard-gateway"), folder, options.kills)
            show_buffers("Durable buffers, killed at the same moments", rows["kills"], console)
            show_buffers("Durable buffers on a disk that is full for a while", rows["full_disk"], console)
            figures |= {"buffers": rows}
        except ObstacleError as exc:
            obstacles["thingsboard-gateway"] = str(exc)
        try:
            console.print("[dim]scanners …[/dim]")
            decoded = compare_scanners(peer_python("barcode-server"), folder / "scanners.log")
            show_scanners(decoded, console)
            figures |= {"scanners": decoded}
        except ObstacleError as exc:
            obstacles["barcode-server"] = str(exc)
    for peer, why in obstacles.items():
        console.print(f"{peer} could not be installed here: {why}", style="red")
    for term, meaning in NOTES.items():
        console.print(f"[dim]{term}: {meaning}[/dim]", highlight=False)
    if not arguments:
        _write(figures | {"obstacles": obstacles, "meaning": NOTES})
        console.print(f"written to {FIGURES.relative_to(ROOT)}")
    return 1 if obstacles else 0


def _pinned(name: str) -> str:
    lines = (HERE / f"{name}.txt").read_text("utf-8").splitlines()
    return next(line.partition("==")[2] for line in lines if line.startswith(f"{name}=="))


def _write(figures: dict[str, object]) -> None:
    machine = {"python": platform.python_version(), "system": platform.system(), "yima": version("yima")}
    written = {"made": datetime.now(UTC).date().isoformat(), "machine": machine, **figures}
    FIGURES.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
