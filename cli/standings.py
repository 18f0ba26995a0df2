"""How standings are typed and shown: the options, the span they make, and its words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.centre import CORRECT_IT, Advice, written_out
from cli.mistakes import UsageMistakeError
from codes.words import Words
from server.opening import utc_now
from server.people.drafting import midnight
from server.people.list_cells import CellError, day
from server.people.roles import COMMAND_LINE
from server.store.standings import Standing, StandingSpan
from web.errors import InvalidRequestError, NotFoundError
from wire.fsi.values import BEIJING

Code = Annotated[str, typer.Argument(help="编码 / Code", metavar="CODE")]
StandingOf = Annotated[Standing, typer.Argument(help="状态 / Standing")]
From = Annotated[str | None, typer.Option("--from", help="起始日期，缺省为现在 / First day; now if left out")]
To = Annotated[str | None, typer.Option("--to", help="最后一天，缺省为另行通知 / Last day; open if left out")]
Reason = Annotated[str, typer.Option(help="原因 / Reason")]

_STANDINGS = {
    Standing.ACTIVE: "有效 / active",
    Standing.SUSPENDED: "暂停 / suspended",
    Standing.ENDED: "终止 / ended",
}


def span_of(code: str, standing: Standing, begins: str | None, ends: str | None, reason: str) -> StandingSpan:
    """Return the span that was typed.

    Raises:
        UsageMistakeError: A day is none.
    """
    now = utc_now()
    first = now if begins is None else midnight_said("--from", begins)
    last = None if ends is None else midnight_said("--to", ends) + timedelta(days=1)
    return StandingSpan(code, first, standing, last, reason, COMMAND_LINE.name, now)


def midnight_said(option: str, written: str) -> datetime:
    """Return the beginning of a day that was typed, in Beijing.

    Raises:
        UsageMistakeError: It is no day.
    """
    try:
        return midnight(day(written)).astimezone(UTC)
    except CellError as exc:
        raise UsageMistakeError(Words(f"{option}：{exc.words.zh}", f"{option}: {exc.words.en}")) from exc


def standing_words(span: StandingSpan | None, otherwise: str) -> str:
    """Return a span as it is shown."""
    if span is None:
        return otherwise
    ends = "" if span.to_at is None else f" — {_last_day(span.to_at)}"
    return f"{_STANDINGS[span.standing]}  {span.from_at.astimezone(BEIJING):%Y-%m-%d}{ends}  {span.reason}".rstrip()


def standing_record(span: StandingSpan | None) -> dict[str, object] | None:
    """Return a span as `--json` prints it."""
    if span is None:
        return None
    return {
        "standing": span.standing.value,
        "from": span.from_at.isoformat(),
        "to": span.to_at.isoformat() if span.to_at else None,
        "reason": span.reason,
    }


def _last_day(ends: datetime) -> str:
    return f"{(ends - timedelta(microseconds=1)).astimezone(BEIJING):%Y-%m-%d}"


def advice_of(command: str, config: Path) -> Advice:
    """Return what to do about a refusal: `command` lists what there is."""
    every = written_out(command, config)
    return {
        InvalidRequestError.code: CORRECT_IT,
        NotFoundError.code: Words(f"查看全部：{every}", f"See all: {every}"),
    }
