"""Why nobody answers at a terminal's address, as far as its data folder tells."""

from __future__ import annotations

from typing import Final

from cli.checks.salvage import unfinished_salvage
from cli.complaint import Complaint
from cli.terminal_status import place_of
from codes.words import Words
from edge.config import EdgeConfig
from edge.store.inspection import is_in_use

NOT_RUNNING: Final = Words("终端未运行", "The terminal is not running")


def absence_of(settings: EdgeConfig, next_step: Words) -> Complaint:
    """Return why nobody answers.

    Args:
        settings: The configuration.
        next_step: What to do if the terminal just does not run.
    """
    folder = settings.store.folder
    salvage = unfinished_salvage(folder)
    if salvage is not None:
        words = Words(f"{NOT_RUNNING.zh}；{salvage.words.zh}", f"{NOT_RUNNING.en}. {salvage.words.en}")
        return Complaint(salvage.code, words, salvage.next_step)
    if not is_in_use(folder):
        return Complaint("edge.not_running", NOT_RUNNING, next_step)
    place = place_of(settings.api)
    return Complaint(
        "edge.other_address",
        Words(
            f"终端的进程正在使用 {folder}，但 {place} 无人应答",
            f"A terminal uses {folder}, but nobody answers at {place}",
        ),
        Words(
            "可能改了 [api] host 或 port 还没有重启，或终端正在退出：请在空闲时重启终端。",
            "[api] host or port may have been changed since its start, or it is stopping: restart it when it is idle.",
        ),
    )
