"""What the commands of the centre share: the options they all have, and its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from server.centre import open_configured_store
from server.config import load_config
from server.store.database import Store
from web.logs import configure_logs

Config = Annotated[Path, typer.Option("--config", help="配置文件 / Configuration file", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")]


@contextmanager
def opened_centre(config: Path) -> Iterator[Store]:
    """Open the centre's store beside a centre that may run."""
    configure_logs("WARNING")
    with closing(open_configured_store(load_config(config))) as store:
        yield store
