"""The books that come with the program: `config/benefits/<area>/<from>.toml`, read as package data."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from rules.benefits.book import Books, load_books


@cache
def shipped_books() -> Books:
    """Return the shipped books; they are read once.

    Raises:
        BookError: if one of them was edited and is faulty now.
    """
    folders = [folder for folder in files("config").joinpath("benefits").iterdir() if folder.is_dir()]
    return load_books(
        {
            folder.name: {
                f"{folder.name}/{file.name}": file.read_text(encoding="utf-8")
                for file in folder.iterdir()
                if file.name.endswith(".toml")
            }
            for folder in folders
        }
    )
