"""`yima broker`: the embedded message broker."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import Annotated

import typer

from cli.group import command_group
from server.broker import MOST_MEMORY_MB, begin_anew_when_grown, run_broker, watch_broker
from web.logs import configure_logs
from web.sd_notify import Service

broker_app = command_group("内置消息代理（仅本机） / The embedded broker (this machine only)")


@broker_app.callback()
def _group() -> None:
    """Keep `run` a subcommand although it is the only one."""


@broker_app.command()
def run(
    host: Annotated[str, typer.Option(help="回环地址 / A loopback address")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口 / Port", min=1, max=65535)] = 1883,
    most_memory: Annotated[
        int,
        typer.Option(
            "--most-memory",
            metavar="MB",
            help="占用内存超过此值时原地重启（数据不丢失；最多每小时一次）"
            " / Begin anew in place above this much memory; nothing is lost, at most once an hour",
            min=64,
        ),
    ] = MOST_MEMORY_MB,
) -> None:
    """运行，直到 Ctrl-C / Run until Ctrl-C."""
    # It blocks in native code and has nothing to save: the default action ends it at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    configure_logs("warning")
    service = Service.of(os.environ, os.getpid())

    def tell() -> None:
        typer.echo(f"消息代理 / broker  {host}:{port}")
        threading.Thread(target=begin_anew_when_grown, args=[most_memory], name="memory", daemon=True).start()
        if service.address is not None:
            threading.Thread(
                target=lambda: asyncio.run(watch_broker(service, host, port)), name="watchdog", daemon=True
            ).start()

    run_broker(host, port, on_ready=tell)
