"""Importing a catalogue file into the terminal's matching library."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection

from edge.store.catalogue import last_import, replace_catalogue
from rules.catalogue import CatalogueFile, Problem, parse_catalogue
from rules.catalogue_intake import SHOWN_PROBLEMS, CatalogueUnreadableError, accept_catalogue

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


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
    """Replace the matching library by the good lines of the file at `path`, in one transaction.

    The lines that were left out are logged. If it raises, the matching library is as it was.

    Raises:
        CatalogueUnreadableError: The file cannot be read.
        CatalogueError: It has the wrong columns, is no CSV, or no line of it can be used.
    """
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise CatalogueUnreadableError(str(path), exc) from exc
    file = parse_catalogue(content)
    accept_catalogue(file)
    _log_problems(path, file)
    digest = hashlib.sha256(content).hexdigest()
    with connection.begin():
        before = last_import(connection)
        is_new = before is None or before.digest != digest
        if is_new:
            replace_catalogue(connection, file, source=path.name, digest=digest, now=now)
    return Imported(len(file.products), len(file.identifiers), file.problems, is_new)


def _log_problems(path: Path, file: CatalogueFile) -> None:
    if not file.problems:
        return
    taken, left_out = len(file.products), len(file.problems)
    _logger.error("catalogue.lines_left_out", file=path.name, taken=taken, left_out=left_out)
    for problem in file.problems[:SHOWN_PROBLEMS]:
        words = problem.words
        _logger.error(
            "catalogue.line", line=problem.line, column=problem.column, code=problem.code, zh=words.zh, en=words.en
        )
