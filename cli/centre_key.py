"""`yima server key`: by what the terminals know the centre."""

from __future__ import annotations

import json

import typer

from cli.centre import AsJson, Config
from server.config import load_config
from server.key import load_centre_key


def key(config: Config, as_json: AsJson = False) -> None:
    """显示中心公钥与指纹 / Print the centre's public key and fingerprint."""
    public = load_centre_key(load_config(config)).public
    if as_json:
        typer.echo(json.dumps({"public_key": public.raw.hex(), "fingerprint": public.fingerprint}))
        return
    typer.echo(f"指纹 / fingerprint  {public.fingerprint}")
    typer.echo(f"公钥 / public key   {public.raw.hex()}")
    typer.echo("终端配置 edge.toml 的 [centre] 中写 / below [centre] in a terminal's edge.toml write:")
    typer.echo(f'public_key = "{public.raw.hex()}"')
