"""`yima server run`: all of the centre, and so the one command that loads it."""

from __future__ import annotations

import asyncio

import typer

from cli.centre import Config
from cli.people import show_password
from server.app import run_centre
from server.config import load_config
from web.logs import configure_logs

_FAILED = 1


def run(config: Config) -> None:
    """运行中心，直到 Ctrl-C / Run the centre until Ctrl-C."""
    settings = load_config(config)
    configure_logs()
    if not asyncio.run(run_centre(settings, show_password)):
        raise typer.Exit(_FAILED)
