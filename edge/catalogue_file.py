"""Importing a catalogue file into the terminal's matching library."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from sqlalchemy import Connection

from codes.words import Words
from edge.errors import ConfigError
from edge.store.catalogue import last_import, replace_catalogue
from rules.catalogue import Problem, parse_catalogue


class CatalogueUnreadableError(ConfigError):
    """The file cannot be read."""

    code: ClassVar[str] = "catalogue.unreadable"
    next_step: ClassVar[Words] = Words("请检查路径与权限。", "Check path and permissions.")


class CatalogueUselessError(ConfigError):
    """Every line of the file is wrong: what is there is kept."""

    code: ClassVar[str] = "catalogue.useless"
    next_step: ClassVar[Words] = Words("请按所列问题修正文件。", "Correct the file as listed.")


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    products: int
    identifiers: int
    problems: tuple[Problem, ...]
    """Lines that were left out."""
    is_new: bool
    """False if the very same file is in use already."""


def import_catalogue(connection: Connection, path: Path, now: datetime) -> Imported:
    """Replace the matching library by the content of the file at `path`, in one transaction.

    Raises:
        CatalogueUnreadableError: The file cannot be read.
        CatalogueUselessError: No line of it can be used.
        CatalogueError: It has the wrong columns, or is no CSV.
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise CatalogueUnreadableError(Words(f"无法读取 {path}：{exc}", f"Cannot read {path}: {exc}")) from exc
    file = parse_catalogue(content)
    if not file.products:
        first = file.problems[0].words if file.problems else Words("没有数据行", "there are no lines")
        raise CatalogueUselessError(Words(f"{path} 无可用行：{first.zh}", f"No line of {path} can be used: {first.en}"))
    digest = hashlib.sha256(content).hexdigest()
    with connection.begin():
        before = last_import(connection)
        is_new = before is None or before.digest != digest
        if is_new:
            replace_catalogue(connection, file, source=path.name, digest=digest, now=now)
    return Imported(len(file.products), len(file.identifiers), file.problems, is_new)
