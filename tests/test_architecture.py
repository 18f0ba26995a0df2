"""The walls of the house: who may import whom, and names that are ours alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("codes", "rules", "wire", "drivers", "models", "edge", "server", "web", "sim", "cli")

MAY_IMPORT: dict[str, set[str]] = {
    "codes": set(),
    "models": set(),
    "rules": {"codes"},
    "wire": {"codes"},
    "drivers": {"codes"},
    "web": {"codes"},
    "edge": {"codes", "rules", "wire", "drivers", "models", "web"},
    "server": {"codes", "rules", "wire", "web"},
    "sim": {"codes", "wire", "drivers"},
    "cli": set(ROOMS),
}

PURE = ("codes", "rules")
IMPURE_MODULES = {
    "asyncio", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "subprocess", "threading",
    "time", "urllib.request", "http", "sqlalchemy", "paho", "serial", "cv2",
}  # fmt: skip

# Floors: a module of a higher floor may import a lower one, never the other way round.
FLOORS: dict[str, list[set[str]]] = {
    "server": [
        {"store", "errors", "config", "broker", "opening", "key"},
        {"trace", "matching", "people", "fleet", "lists", "eprescription", "visits"},
        {"settlement", "audit", "risk", "budget"},
        {"ingest", "live"},
        {"centre", "inbox", "receiver", "fsi", "continuity", "restored"},
        {"api", "console"},
        {"app"},
    ],
    "edge": [
        {"store", "errors", "config", "clock", "delivered_count", "uplink_ports", "sealing"}
        | {"config_nodes", "config_person", "config_wedge", "config_fsi", "config_site", "config_pos", "config_till"}
        | {"config_visits"},
        {
            "counter",
            "counter_devices",
            "credentials",
            "operators",
            "catalogue_file",
            "alerts",
            "health",
            "driver_faults",
        }
        | {"machine", "certificates", "config_revision", "troubles", "store_troubles"}
        | {"setup_findings", "link_trouble", "senses", "tamper", "fsi"},
        {"kiosk", "ward", "doctor", "pos", "till", "bridge", "uplink", "supervisor", "pump", "housekeeping"}
        | {"charge", "carrier", "sync_board", "reporting", "clock_watch"}
        | {"disk_watch", "tamper_watch", "on_the_way", "quota_watch", "setup_desk", "site", "visits"},
        {"api", "screens", "web_server"},
        {"core"},
        {"status", "centre_line", "devices", "watches", "fsi_opening", "pos_opening", "till_opening"}
        | {"days_opening", "visits_opening", "aftercare_opening"},
        {"app"},
    ],
}


@cache
def python_files(room: str) -> Sequence[Path]:
    return tuple((ROOT / room).rglob("*.py"))


@cache
def imports_of(path: Path) -> Sequence[str]:
    return tuple(_imports_in(ast.parse(path.read_text(encoding="utf-8"))))


def _imports_in(tree: ast.Module) -> Iterator[str]:
    """Yield what a file imports, anywhere in it. No expression holds an import: they are left out."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
        waiting += (one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.expr))


@pytest.mark.parametrize("room", [room for room in ROOMS if (ROOT / room).exists()])
def test_a_room_imports_only_the_rooms_it_may(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files(room)
        for name in imports_of(path)
        if (top := name.split(".")[0]) in ROOMS and top != room and top not in MAY_IMPORT[room]
    ]
    assert wrong == []


def test_simulation_uses_only_the_simulated_twins_of_the_drivers() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files("sim")
        for name in imports_of(path)
        if name.startswith("drivers.") and "simulated" not in name
    ]
    assert wrong == []


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_do_no_input_or_output_and_have_no_clock(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in python_files(room)
        for name in imports_of(path)
        if {name, name.split(".")[0]} & IMPURE_MODULES
    ]
    assert wrong == []


@pytest.mark.parametrize("room", list(FLOORS))
def test_floors_are_climbed_upwards_only(room: str) -> None:
    floor_of = {name: height for height, names in enumerate(FLOORS[room]) for name in names}
    wrong = []
    for path in python_files(room):
        own = path.relative_to(ROOT / room).parts[0].removesuffix(".py")
        for name in imports_of(path):
            parts = name.split(".")
            if parts[0] != room or len(parts) == 1:
                continue
            here, there = floor_of.get(own), floor_of.get(parts[1])
            if own != "__init__" and here is None:
                wrong.append(f"{room}/{own} stands on no floor: give it one in FLOORS")
            elif here is not None and there is not None and there > here:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}, which is above it")
    assert sorted(set(wrong)) == []


SQL_WORDS = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE)\b \S")
ANY_SQL_WORD = re.compile(r"SELECT|INSERT|UPDATE|DELETE|CREATE")
"""Without one of these in its text a file holds no statement, and need not be taken apart."""
SQL_LIBRARIES = {"sqlite3", "psycopg", "alembic"}


def statements_of(path: Path) -> Iterator[str]:
    """SQL texts and imports of what runs them; a connection may be handed through as a value."""
    text = path.read_text(encoding="utf-8")
    yield from (name for name in imports_of(path) if name.split(".")[0] in SQL_LIBRARIES)
    if not ANY_SQL_WORD.search(text):
        return
    tree = ast.parse(text)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
        if is_text and SQL_WORDS.search(node.value):
            yield node.value


@pytest.mark.parametrize("room", ["edge", "server"])
def test_only_the_store_speaks_sql(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in python_files(room)
        if "store" not in path.relative_to(ROOT / room).parts[:-1]
        for name in statements_of(path)
    ]
    assert wrong == []


def test_no_other_distribution_owns_one_of_our_names() -> None:
    ours = {*ROOMS, "config"}
    clashes = {
        f"{top} belongs to {distribution.name}"
        for distribution in distributions()
        if distribution.name != "yima"
        for file in distribution.files or []
        if (top := file.parts[0].removesuffix(".py")) in ours
    }
    assert clashes == set()


def test_no_room_is_called_by_a_name_that_says_nothing() -> None:
    empty_names = {"utils", "helpers", "common", "manager", "misc"}
    assert [path for room in ROOMS for path in python_files(room) if path.stem in empty_names] == []


def test_migration_and_schema_files_are_in_the_store() -> None:
    rooms = [ROOT / room for room in ROOMS]
    assert [path for room in rooms for path in room.rglob("*.sql") if "store" not in path.parts] == []
