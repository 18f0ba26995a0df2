"""A report that a run writes at its end: whether it can be written is found out before the run begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from codes.errors import YimaError
from codes.os_words import words_of_unwritten
from codes.words import Words


class ReportNotWrittenError(YimaError):
    """The report cannot be put where it was asked for."""

    code: ClassVar[str] = "demo.report"
    next_step: ClassVar[Words] = Words(
        "请为 --report 换一个可以写入的文件。", "Give --report a file that can be written."
    )


def try_report(report: Path) -> None:
    """Find out whether the report can be written, before anything is done for it.

    Raises:
        ReportNotWrittenError: It cannot.
    """
    is_new = not report.exists()
    try:
        report.open("ab").close()
    except OSError as exc:
        raise _unwritten(report, exc) from exc
    if is_new:
        report.unlink()


def write_report(report: Path, made: Mapping[str, Any]) -> None:
    """Write the report.

    Raises:
        ReportNotWrittenError: It cannot be written any more.
    """
    try:
        report.write_text(json.dumps(made, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as exc:
        raise _unwritten(report, exc) from exc


def _unwritten(report: Path, error: OSError) -> ReportNotWrittenError:
    why = words_of_unwritten(error)
    return ReportNotWrittenError(
        Words(f"无法写入报告 {report}：{why.zh}", f"Cannot write the report {report}: {why.en}")
    )
