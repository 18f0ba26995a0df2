"""`yima decode`: the codes in image files. The contract of its output is docs/decode.md."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.complaint import complaint_of, show_complaint
from codes.classify import read as read_scan
from codes.reading import Scan
from drivers.camera.picture import PictureError, load_picture
from drivers.scanner.ladder import Decoded, decode_frame
from drivers.scanner.symbols import Code
from drivers.scanner.zbar import ZbarChild

DEFAULT_BUDGET_MS = 2000
_UNREADABLE = 2
_SEPARATOR = "\x1d"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one image file gave."""

    image: str
    """As it was named on the command line."""
    codes: tuple[Code, ...] = ()
    scale: float = 1.0
    """Pixels of the file for one pixel that was decoded."""
    error: PictureError | None = None
    elapsed_ms: float = 0.0


def decode(
    images: Annotated[list[Path], typer.Argument(help="图片文件 / Image files", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="每张图片输出一行 JSON / One line of JSON a picture")] = False,
    budget_ms: Annotated[
        int, typer.Option(help="每张图片的时间上限（毫秒） / Time limit for one picture, in milliseconds", min=1)
    ] = DEFAULT_BUDGET_MS,
    expect: Annotated[
        int | None,
        typer.Option(help="已知条码个数，读够即停 / How many codes there are, if known: stop once found", min=1),
    ] = None,
) -> None:
    """读取图片中的条码 / Read the codes in pictures.

    有文件打不开时退出码为 2 / Exit code 2 if a file cannot be read.
    """
    cv2.setNumThreads(1)
    # What is wrong with a picture is told by our own error, in both languages.
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    has_failed = False
    for answer in answers(images, budget_ms=budget_ms, expect=expect):
        has_failed = has_failed or answer.error is not None
        if as_json:
            sys.stdout.write(json.dumps(as_record(answer), ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            _show(answer, Console())
    raise typer.Exit(_UNREADABLE if has_failed else 0)


def answers(images: list[Path], *, budget_ms: float, expect: int | None = None) -> Iterator[Answer]:
    """Decode each file in turn."""
    zbar = ZbarChild()
    try:
        for path in images:
            yield _answer(path, zbar, budget_ms, expect)
    finally:
        zbar.close()


def as_record(answer: Answer) -> dict[str, Any]:
    """Return an answer as the object that `--json` prints."""
    record: dict[str, Any] = {
        "image": answer.image,
        "codes": [_code_record(code, answer.scale) for code in answer.codes],
        "ms": round(answer.elapsed_ms, 1),
    }
    if answer.error is not None:
        error = answer.error
        record["error"] = {
            "code": error.code,
            "zh": error.words.zh,
            "en": error.words.en,
            "next": {"zh": error.next_step.zh, "en": error.next_step.en},
        }
    return record


def _answer(path: Path, zbar: ZbarChild, budget_ms: float, expect: int | None) -> Answer:
    begun = time.perf_counter()
    try:
        picture = load_picture(path)
    except PictureError as exc:
        return Answer(str(path), error=exc, elapsed_ms=(time.perf_counter() - begun) * 1000)
    decoded: Decoded = decode_frame(picture.image, budget_ms=budget_ms, zbar=zbar, expect=expect)
    elapsed_ms = (time.perf_counter() - begun) * 1000
    return Answer(str(path), decoded.codes, picture.scale, elapsed_ms=elapsed_ms)


def _code_record(code: Code, scale: float) -> dict[str, Any]:
    text, raw_hex = _shown(code)
    return {
        "text": text,
        "raw_hex": raw_hex,
        "symbology": code.carrier.value,
        "aim": code.aim,
        "gs1": code.is_gs1,
        "position": [[round(side * scale, 1) for side in point] for point in code.position.points],
        "step": code.step,
    }


def _shown(code: Code) -> tuple[str, str]:
    """Return text and bytes; a person's credential masked, and without its bytes (C-04)."""
    reading = read_scan(Scan(code.raw, code.aim, "decode"))
    if reading.is_masked:
        return reading.value, ""
    return code.text, code.raw.hex()


def _show(answer: Answer, console: Console) -> None:
    """Print an answer for a person, in both languages."""
    if answer.error is not None:
        show_complaint(complaint_of(answer.error))
        return
    found = f"{len(answer.codes)} 个码 / codes, {answer.elapsed_ms:.0f} ms"
    table = Table(title=Text(f"{answer.image}: {found}"), title_justify="left", box=None, pad_edge=False)
    for heading in ("内容 / text", "码制 / symbology", "AIM", "GS1", "位置 / place", "步骤 / step"):
        table.add_column(heading, overflow="fold")
    for code in answer.codes:
        x, y = (round(side * answer.scale) for side in code.position.centre)
        table.add_row(
            Text(_shown(code)[0].replace(_SEPARATOR, "<GS>")),
            code.carrier.value,
            Text(code.aim or "?"),
            "是 / yes" if code.is_gs1 else "",
            f"{x}, {y}",
            code.step,
        )
    console.print(table)
