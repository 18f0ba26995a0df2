"""The log of both programs: one JSON object a line on standard error, and in it nobody's number and no whole code.

Events have names (`scan.recorded`) and fields. What other libraries log comes out in the same form, and whatever
writes a line, the same rules hide what must not stay in a log.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, TextIO

import structlog

_SHOWN = 7
"""The first part of a trace code names the product; the rest names the pack, and is left out."""
_HIDDEN_FIELDS: Final = frozenset({"cookie", "login", "operator", "password", "patient", "person", "raw", "token"})
_TRACE_CODE_CHARACTERS = 20
_FOUND = re.compile(
    r"(?P<kept>(?<![0-9A-Za-z])(?=[0-9-]*[a-f])[0-9a-f-]{32,}(?![0-9A-Za-z]))"
    r"|opc[0-9A-Za-z]{17,}|OPC[0-9A-Za-z]{17,}|[0-9]{11,}[Xx]?"
)
"""Identity, telephone and insurance numbers, and codes as long; what is kept are ids and keys in hexadecimal."""
_QUIET: Final = ("uvicorn", "alembic")
"""At every start these say what our own events say better."""


def configure_logs(level: str = "info", stream: TextIO = sys.stderr) -> None:
    """Write logs of `level` and above to `stream`."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_private,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(number)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def hide_private(_logger: Any, _method: str, fields: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Hide what no log may keep, whoever wrote the line (a structlog processor)."""
    # What structlog itself carries along is no field of the line.
    return {name: value if name.startswith("_") else _hidden(name, value) for name, value in fields.items()}


def masked(text: str) -> str:
    """Return what a log may say of a text.

    >>> masked("pack 83857930000879766660 of 350203199001011234")
    'pack 8385793…20 of …18'
    """
    return _FOUND.sub(_shortened, text)


def _shortened(found: re.Match[str]) -> str:
    text = found[0]
    if found["kept"] is not None:
        return text
    shown = text[:_SHOWN] if len(text) == _TRACE_CODE_CHARACTERS and text.isdecimal() else ""
    return f"{shown}…{len(text)}"


def _hidden(name: str, value: object) -> object:
    if name in _HIDDEN_FIELDS and value is not None:
        return "…"
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {key: _hidden(str(key), one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(name, one) for one in value]
    return value
