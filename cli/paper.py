"""Text for a screen of eighty columns, in which a Chinese character takes two."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from rich.cells import cell_len

WIDTH = 80
_NARROWEST = 40
_GIGA, _MEGA, _SMALL = 1e9, 1e6, 1e7
_NOT_FIRST = "，。；：、！？）」”%"
"""What must not stand at the beginning of a line."""


def wrapped(text: str, indent: str = "", *, first: str | None = None, width: int | None = None) -> Iterator[str]:
    """Yield `text` in lines of at most `width` columns; a word that is longer stands alone and whole.

    Without a width it is `WIDTH`, or the screen's if that is narrower.

    >>> list(wrapped("one two three", "  ", width=9))
    ['  one two', '  three']
    """
    width = max(_NARROWEST, min(WIDTH, screen_width())) if width is None else width
    line = indent if first is None else first
    has_words = False
    for piece in _pieces(text):
        if has_words and cell_len(line + piece.rstrip()) > width and piece not in _NOT_FIRST:
            yield line.rstrip()
            line, has_words = indent, False
            piece = piece.lstrip()  # noqa: PLW2901 - a line does not begin with a blank
        line, has_words = line + piece, has_words or bool(piece.strip())
    yield line.rstrip()


def screen_width() -> int:
    """Return how many columns the terminal has; `WIDTH` where there is none."""
    return shutil.get_terminal_size((WIDTH, 24)).columns


def size_of(size_bytes: float) -> str:
    """Return a size as people say it: gigabytes, and below one of them megabytes.

    >>> size_of(76_090_085_376), size_of(950_000_000), size_of(300_000)
    ('76.1 GB', '950 MB', '0.3 MB')
    """
    if size_bytes >= _GIGA:
        return f"{size_bytes / _GIGA:.1f} GB"
    return f"{size_bytes / _MEGA:.{1 if size_bytes < _SMALL else 0}f} MB"


def padded(text: str, columns: int) -> str:
    """Return `text` filled up with blanks to so many columns."""
    return text + " " * max(0, columns - cell_len(text))


def _pieces(text: str) -> Iterator[str]:
    """Yield words with the blanks after them, and wide characters one by one."""
    word = ""
    for character in text:
        if cell_len(character) > 1:
            if word:
                yield word
            yield character
            word = ""
        elif character == " ":
            yield word + character
            word = ""
        else:
            word += character
    if word:
        yield word
