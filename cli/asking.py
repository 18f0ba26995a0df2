"""Asking the terminal of a configuration how it is, although somebody has got the file wrong since it was started."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cli.advice import advised
from cli.legible_config import legible_config
from cli.terminal_status import StatusRefusedError, fetch_status
from codes.errors import YimaError
from codes.words import Words
from edge.config import EdgeConfig, load_config
from edge.health import TerminalStatus, Trouble
from edge.troubles import NOT_APPLIED


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask, and what is to be said of the configuration besides."""

    config: Path
    """Its file."""
    settings: EdgeConfig
    fault: YimaError | None = None
    """Why the configuration cannot be used; the settings are what can still be read of it."""

    def status(self) -> TerminalStatus | None:
        """Ask once; None if nobody answers.

        Raises:
            YimaError: It does not say how it is, or nothing answers where a broken configuration seems to point.
        """
        seen = self._seen()
        return None if seen is None else advised(self.config, seen)

    def _seen(self) -> TerminalStatus | None:
        if self.fault is None:
            return fetch_status(self.settings)
        try:
            seen = fetch_status(self.settings)
        except StatusRefusedError:
            raise self.fault from None
        if seen is None:
            raise self.fault
        return _with_fault(seen, self.fault)


def asking_of(config: Path) -> Asking:
    """Return whom a configuration says to ask, even one that the terminal could not be started with.

    Raises:
        YimaError: It cannot be used, and does not even name its terminal.
    """
    try:
        return Asking(config, load_config(config))
    except YimaError as exc:
        legible = legible_config(config)
        if legible is None:
            raise
        return Asking(config, legible, exc)


def _with_fault(seen: TerminalStatus, fault: YimaError) -> TerminalStatus:
    """Return what the terminal says and that it could not be started again: its own advice is to restart it."""
    words = Words(
        f"{fault.words.zh}；终端仍按启动时的配置运行",
        f"{fault.words.en}. The terminal still runs with the configuration it was started with",
    )
    others = (one for one in seen.troubles if one.code != NOT_APPLIED)
    return replace(seen, troubles=(Trouble(fault.code, words, fault.next_step), *others))
