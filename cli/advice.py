"""Advice names commands as the installed terminal needs them: whoever asks about another one has to name it again."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Final

from codes.words import Words
from edge.health import TerminalStatus

DEFAULT_CONFIG: Final = Path("/etc/yima/edge.toml")
"""The configuration of the installed terminal."""
_COMMAND = re.compile(r"`(yima (?:doctor|outbox)\b(?![^`]*--(?:config|folder))[^`]*)`")


def advice_for(config: Path, step: Words) -> Words:
    """Return a next step whose commands look at the terminal of this configuration."""
    if config == DEFAULT_CONFIG:
        return step
    named = f" --config {shlex.quote(str(config))}"
    return Words(*(_COMMAND.sub(lambda found: f"`{found[1]}{named}`", text) for text in (step.zh, step.en)))


def advised(config: Path, seen: TerminalStatus) -> TerminalStatus:
    """Return what a terminal says of itself, with such next steps."""
    return replace(
        seen, troubles=tuple(replace(one, next_step=advice_for(config, one.next_step)) for one in seen.troubles)
    )
