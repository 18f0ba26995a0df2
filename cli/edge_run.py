"""`yima edge run`: all of the terminal, and so the one command that loads it."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from cli.edge_options import Config
from cli.edge_password import show_password
from edge.app import Announcements, run_terminal
from edge.clock import SystemClock
from edge.config import load_config, warn_of_unknown_variables
from edge.config_revision import ConfigFile
from web.logs import configure_logs


def run(
    config: Config,
    scanner: Annotated[
        list[str] | None,
        typer.Option(help="追加扫码设备，如 serial:/dev/ttyACM0,9600 / One more scanner", show_default=False),
    ] = None,
) -> None:
    """运行终端，直到 Ctrl-C / Run the terminal until Ctrl-C."""
    file = ConfigFile.seen(config)
    settings = load_config(config)
    configure_logs(settings.log.level)
    warn_of_unknown_variables()
    announcements = Announcements(first_password=show_password, ready=_show_address)
    asyncio.run(run_terminal(settings, scanner or (), announcements, clock=SystemClock(), config_file=file))


def _show_address(address: str) -> None:
    typer.echo(f"终端已就绪 / The terminal is ready: {address}")
