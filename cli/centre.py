"""What the commands of the centre share: the options they all have, its store, and what to do about a refusal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated

import typer

from codes.errors import RejectedError
from codes.words import Words
from server.config import load_config
from web.logs import configure_logs

if TYPE_CHECKING:
    from server.store.database import Store

Config = Annotated[Path, typer.Option("--config", help="配置文件 / Configuration file", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")]
AsJsonLines = Annotated[bool, typer.Option("--json", help="每行一个 JSON / Print one JSON object a line")]

Advice = Mapping[str, Words]
"""Next steps by the code of the refusal."""
CORRECT_IT = Words("请改正后重新执行。", "Correct it and run the command again.")
_NO_ADVICE: Advice = MappingProxyType({})


@contextmanager
def opened_centre(config: Path, advice: Advice = _NO_ADVICE) -> Iterator[Store]:
    """Open the centre's store beside a centre that may run.

    A refusal leaves with the next step that `advice` has for it: its own is for those who come by HTTP.
    """
    from server.opening import open_configured_store  # noqa: PLC0415 - not every command opens the store

    configure_logs("WARNING")
    with closing(open_configured_store(load_config(config))) as store:
        try:
            yield store
        except RejectedError as exc:
            step = advice.get(exc.code)
            if step is None:
                raise
            raise type(exc)(exc.words, next_step=step) from exc


def written_out(command: str, config: Path) -> str:
    """Return a command of the centre as it can be typed."""
    return f"yima server {command} --config {shlex.quote(str(config))}"
