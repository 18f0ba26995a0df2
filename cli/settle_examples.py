"""`yima settle examples`: a file of worked examples, each figure worked out again and compared."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated, ClassVar

import msgspec
import typer

from cli.exact_yaml import NotYamlError, load_exact
from cli.settle_verdicts import record_of, show_skipped, show_summary, show_verdict, unread_record_of
from codes.errors import YimaError
from codes.os_words import words_of_os_error
from codes.words import Words
from rules.examples.errors import ShapeError
from rules.examples.reading import ExamplesFile, read_examples
from rules.examples.running import run
from rules.payment.subsidy import SubsidyYear
from rules.payment.subsidy_file import load_subsidies

_FAILED = 1
_FORM = Words("文件格式见 docs/settlement-examples.md。", "docs/settlement-examples.md says what the file looks like.")

_ENCODING = Words(
    "请确认这是 YAML 文本，并另存为 UTF-8 编码。", "Make sure that it is a YAML text, and save it in UTF-8."
)
_NO_SECTIONS = Words(
    "内容不是由 examples、dip、drg 等部分组成的表", "it is no table of sections such as examples, dip and drg"
)


class ExamplesUnreadableError(YimaError):
    """The file cannot be opened, or it is no file of worked examples."""

    code: ClassVar[str] = "settle.examples"
    next_step: ClassVar[Words] = Words("请检查路径与权限。", "Check path and permissions.")


def run_examples(
    file: Annotated[Path, typer.Argument(help="算例文件（YAML） / File of worked examples (YAML)", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象 / Print one JSON object")] = False,
    only_failed: Annotated[bool, typer.Option("--failed", help="只显示未通过的 / Show only those that fail")] = False,
) -> None:
    """逐例核对算例文件 / Check a file of worked examples.

    列出每例的期望、结果与步骤 / Each case is listed with what was expected, what was got, and the steps.

    全部通过则退出码为 0，有未通过为 1，无法读取为 2 / Exit code 0 if all pass, 1 if any fails, 2 if it cannot be read.
    """
    try:
        examples = _read(file)
    except ExamplesUnreadableError as problem:
        if as_json:
            _print_json(unread_record_of(str(file), problem))
        raise
    verdicts = list(run(examples, shipped_subsidies()))
    failed = sum(not verdict.is_passed for verdict in verdicts)
    shown = [verdict for verdict in verdicts if not (only_failed and verdict.is_passed)]
    if as_json:
        record = record_of(str(file), shown, examples.skipped, cases=len(verdicts), failed=failed)
        _print_json(record)
    else:
        for verdict in shown:
            show_verdict(verdict)
        show_skipped(examples.skipped)
        show_summary(cases=len(verdicts), failed=failed)
    raise typer.Exit(_FAILED if failed else 0)


def _print_json(record: dict[str, object]) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(record) + b"\n")
    sys.stdout.buffer.flush()


def shipped_subsidies() -> tuple[SubsidyYear, ...]:
    """Return the dated amounts of subsidised premiums that we have, by file name."""
    found = sorted(files("config").joinpath("subsidies").iterdir(), key=lambda one: one.name)
    return tuple(load_subsidies(one.read_text(encoding="utf-8")) for one in found if one.name.endswith(".toml"))


def _read(file: Path) -> ExamplesFile:
    """Return what the file holds.

    Raises:
        ExamplesUnreadableError: It cannot be opened, is no UTF-8, no YAML, or holds no example.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as exc:
        raise _unreadable(file, words_of_os_error(exc)) from exc
    except UnicodeDecodeError as exc:
        raise _unreadable(file, Words("不是 UTF-8 编码的文本", "it is no text in UTF-8"), _ENCODING) from exc
    if not text.strip():
        raise _unreadable(file, Words("文件是空的", "the file is empty"), _FORM)
    try:
        tree = load_exact(text)
        examples = read_examples(tree)
    except NotYamlError as exc:
        raise _unreadable(file, exc.words, _FORM) from exc
    except ShapeError as exc:
        raise _unreadable(file, _NO_SECTIONS, _FORM) from exc
    if not examples.entries:
        raise _unreadable(file, Words("其中没有算例", "there is no example in it"), _FORM)
    return examples


def _unreadable(file: Path, why: Words, next_step: Words | None = None) -> ExamplesUnreadableError:
    words = Words(f"无法读取算例文件 {file}：{why.zh}", f"Cannot read the examples of {file}: {why.en}")
    return ExamplesUnreadableError(words, next_step=next_step)
