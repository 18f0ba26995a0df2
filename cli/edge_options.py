"""Options that the commands of a terminal share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option("--config", help="配置文件 / Configuration file", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / Print JSON")]
