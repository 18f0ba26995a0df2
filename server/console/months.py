"""Months as pages choose them, and files as spreadsheets take them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Final

from pydantic import Field
from starlette.responses import Response

from wire.fsi.values import BEIJING

Month = Annotated[str, Field(pattern=r"^$|^[0-9]{4}-(0[1-9]|1[0-2])$")]
ThisCentury = Annotated[str, Field(pattern=r"^$|^20[0-9]{2}-(0[1-9]|1[0-2])$")]
"""A month around which days are reckoned."""
_BOM: Final = "\ufeff"
"""Spreadsheets take a file for UTF-8 by it."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def month_of(now: datetime) -> str:
    """Return the month of a moment in Beijing."""
    return f"{now.astimezone(BEIJING):%Y-%m}"


def months_before(month: str, count: int) -> str:
    """Return the month that lies so many before another.

    >>> months_before("2026-03", 11)
    '2025-04'
    """
    day = date.fromisoformat(f"{month}-01")
    years, index = divmod(day.year * 12 + day.month - 1 - count, 12)
    return f"{max(years, 1):04d}-{index + 1:02d}"


def cell(text: str) -> str:
    """Return a text such that no spreadsheet reckons with it.

    >>> cell("=1+1"), cell("H350203")
    ("'=1+1", 'H350203')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def table_file(name: str, rows: Iterable[Iterable[str]]) -> Response:
    """Return rows as a file to be kept; texts of others went through `cell`."""
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return Response(
        _BOM + file.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
