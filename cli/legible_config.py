"""What can still be read of a configuration that cannot be used: which terminal, where it answers, where its store is.

Somebody edits the file while the terminal runs, and gets it wrong. The terminal goes on with what it was started with,
and whoever asks how it is must still find it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from edge.config import EdgeConfig
from web.config_sections import Section

_WANTED: Final = frozenset(
    {
        ("terminal", "id"),
        ("store", "folder"),
        *(("api", name) for name in ("host", "port", "is_exposed", "is_behind_proxy", "certificate_file", "key_file")),
        # Whoever tells of this terminal must know what not to tell.
        *(("link", name) for name in ("username", "password_file", "key_file")),
        ("card", "start"),
    }
)
_TABLE: Final = re.compile(r"\s*\[\s*(\w+)\s*\]\s*(#.*)?")
_UNKNOWN: Final = {"area": "000000", "institution": "?"}
Tables = dict[str, dict[str, object]]


def legible_config(path: Path) -> EdgeConfig | None:
    """Return the legible part of a configuration, all else as if it were not set; None if it names no terminal."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    tables: Tables = {}
    for table, name, value in _options(lines):
        tables.setdefault(table, {})[name] = value
    if "id" not in tables.get("terminal", {}):
        return None
    tables["terminal"].update(_UNKNOWN)
    config = _built(tables)
    return None if config is None else _anchored(config, path.resolve().parent)


def _options(lines: list[str]) -> Iterator[tuple[str, str, object]]:
    """Yield each option that stands legibly on a line of its own."""
    table = ""
    for line in lines:
        head = _TABLE.fullmatch(line)
        if head is not None:
            table = head[1]
            continue
        with suppress(tomllib.TOMLDecodeError):
            yield from ((table, name, value) for name, value in tomllib.loads(line).items() if (table, name) in _WANTED)


def _built(tables: Tables) -> EdgeConfig | None:
    """Return the configuration; an option with a value that cannot be is left out."""
    for _ in _WANTED:
        try:
            return EdgeConfig(**tables)  # type: ignore[arg-type] # it is the tree that looks at them
        except ValidationError as exc:
            wrong = [tuple(map(str, detail["loc"][:2])) for detail in exc.errors()]
        for place in wrong:
            if len(place) != 2 or tables.get(place[0], {}).pop(place[1], None) is None:  # noqa: PLR2004 - table, name
                return None
    return None


def _anchored(config: EdgeConfig, folder: Path) -> EdgeConfig:
    sections = {name: value for name, value in config if isinstance(value, Section)}
    return config.model_copy(update={name: section.anchored(folder) for name, section in sections.items()})
