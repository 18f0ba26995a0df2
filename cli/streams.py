"""Standard input and output as they may be found: closed, full, or in an encoding without Chinese."""

from __future__ import annotations

import io
import os
import sys

from cli.complaint import Complaint
from codes.os_words import words_of_os_error
from codes.words import Words


def prepare_streams() -> None:
    """Let a closed stream be an empty one, and show what the screen cannot in escapes."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - until the process ends
        elif isinstance(stream, io.TextIOWrapper) and mode == "w":
            stream.reconfigure(errors="backslashreplace")


def complaint_of_system(error: OSError) -> Complaint:
    """Return what a person is told when the system refuses something that no command expected."""
    words, name = words_of_os_error(error), "" if error.filename is None else f" {error.filename}"
    return Complaint(
        "system.refused",
        Words(f"操作被系统拒绝{name}：{words.zh}", f"The system refused{name}: {words.en}"),
        Words("请检查磁盘空间、路径与权限后重试。", "Check disk space, path and permissions, then try again."),
    )


def silence_output() -> None:
    """Throw away what could not be written, so that it does not fail a second time when the process ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
