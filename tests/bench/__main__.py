"""`make bench`: run every bench, print one table, write docs/figures/bench.json. Benches that are named keep the rest.

A bench is a module `bench_*.py` with `run() -> list[dict]`. Each figure stands beside a floor that was measured in the
same run, because the machine is shared: the ratio is the figure to read, the absolute one is colour.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent.parent
FIGURES = ROOT / "docs" / "figures" / "bench.json"


def bench_names() -> list[str]:
    """Return the benches, by name without the prefix."""
    return sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def run_bench(name: str) -> list[dict[str, Any]]:
    """Return the figures of one bench."""
    rows: list[dict[str, Any]] = importlib.import_module(f"tests.bench.bench_{name}").run()
    return [{"bench": name, **row} for row in rows]


def show(rows: list[dict[str, Any]], console: Console) -> None:
    """Print the figures as a table."""
    table = Table(title="Yima bench", title_justify="left")
    table.add_column("id")
    table.add_column("what")
    for heading in ("value", "floor", "ratio"):
        table.add_column(heading, justify="right")
    table.add_column("target")
    table.add_column("note")
    for row in rows:
        floor, ratio, is_met = row.get("floor"), row.get("ratio"), row.get("is_met")
        table.add_row(
            str(row["id"]),
            str(row["what"]),
            "not run" if row["value"] is None else f"{_number(row['value'])} {row['unit']}",
            "" if floor is None else _number(floor),
            "" if ratio is None else f"{ratio:.2f}",
            "" if is_met is None else f"{row['target']} {'✓' if is_met else 'MISSED'}",
            str(row.get("note", "")),
        )
    console.print(table)


def _number(value: object) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def main(names: list[str]) -> int:
    """Run the named benches, all if none is named."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    rows: list[dict[str, Any]] = []
    for name in names or bench_names():
        console.print(f"[dim]bench {name} …[/dim]")
        rows += run_bench(name)
    show(rows, console)
    missed = [f"{row['id']} {row['what']}" for row in rows if row.get("is_met") is False]
    console.print(f"targets missed: {'; '.join(missed) or 'none'}")
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    made = datetime.now(UTC).date().isoformat()
    figures = [{**row, "made": made} for row in rows]
    kept = [row for row in _written() if row["bench"] not in names] if names else []
    FIGURES.write_text(
        json.dumps({"made": made, "machine": machine, "figures": [*kept, *figures]}, indent=1, ensure_ascii=False)
        + "\n",
        encoding="utf-8",
    )
    console.print(f"written to {FIGURES.relative_to(ROOT)}")
    return 0


def _written() -> list[dict[str, Any]]:
    """Return the figures of before, each with the day on which it was made."""
    if not FIGURES.exists():
        return []
    before = json.loads(FIGURES.read_text(encoding="utf-8"))
    return [{"made": before["made"], **row} for row in before["figures"]]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
