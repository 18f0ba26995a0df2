"""`yima edge key`: by what the centre knows the terminal."""

from __future__ import annotations

import typer

from cli.edge_options import Config
from edge.config import load_config
from edge.store.database import KEY_FILE, visited_store
from wire.keys import load_or_create_key


def key(config: Config) -> None:
    """显示终端指纹与公钥，供中心核对 / Print fingerprint and public key."""
    folder = load_config(config).store.folder
    if not (folder / KEY_FILE).exists():
        # The store first, as at the first start: a key beside no store says that the store was lost.
        with visited_store(folder):
            pass
    public = load_or_create_key(folder / KEY_FILE).public
    typer.echo(f"指纹 / fingerprint  {public.fingerprint}")
    typer.echo(f"公钥 / public key   {public.raw.hex()}")
