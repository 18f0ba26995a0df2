"""The log: one JSON object a line, without personal data and without whole codes.

Events have names (`scan.recorded`) and fields. What other libraries log comes out in the same form.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog

_SHOWN = 7
"""The first part of a trace code names the product; the rest names the pack, and is left out."""


def configure_logs(level: str, stream: TextIO = sys.stderr) -> None:
    """Write logs of `level` and above to `stream`."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
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
    # It says at every start and stop what our own events say better.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def short(code: str) -> str:
    """Return what a log may say of a code.

    >>> short("83857930000879766660")
    '8385793…20'
    """
    return f"{code[:_SHOWN]}…{len(code)}"
