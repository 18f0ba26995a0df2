"""`yima decode`: one object a picture, exit codes, masks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from cli.decode import decode
from drivers.scanner.simulated.boxes import Look, Symbol, draw_scene
from drivers.scanner.simulated.symbols import Encoder

TRACE = b"83857930000879766660"
UDI = b"01069012345678921728013110LOT1\x1d21SN1"
CREDENTIAL = b"4241234567890123456712340000"

app = typer.Typer()
app.command()(decode)


def picture(path: Path, *symbols: Symbol, look: Look = Look(2.5)) -> str:  # noqa: B008 - frozen
    cv2.imwrite(str(path), draw_scene(symbols, look, size=(900, 600)))
    return str(path)


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout


def records(*arguments: str) -> tuple[int, list[dict[str, Any]]]:
    exit_code, output = run("--json", *arguments)
    return exit_code, [json.loads(line) for line in output.splitlines()]


def test_one_object_a_picture_with_the_keys_of_the_contract(tmp_path: Path) -> None:
    image = picture(tmp_path / "盒.png", Symbol(UDI, "]d2"))
    exit_code, [record] = records(image)
    assert exit_code == 0
    assert list(record) == ["image", "codes", "ms"]
    assert record["image"] == image
    [code] = record["codes"]
    assert list(code) == ["text", "raw_hex", "symbology", "aim", "gs1", "position", "step"]
    assert (code["text"], code["raw_hex"]) == (UDI.decode(), UDI.hex())
    assert (code["symbology"], code["aim"], code["gs1"], code["step"]) == ("DataMatrix", "]d2", True, "fast")
    assert len(code["position"]) == 4
    assert all(0 <= x < 900 and 0 <= y < 600 for x, y in code["position"])


def test_a_tray_gives_every_box(tmp_path: Path) -> None:
    tray = [Symbol(b"8385793%013d" % (number * 7919), "]C0", Encoder.SECOND) for number in range(6)]
    image = tmp_path / "tray.png"
    cv2.imwrite(str(image), draw_scene(tray, Look(1.6), size=(1920, 1080), skew_deg=8))
    _, [record] = records(str(image), "--expect", "6")
    assert {code["text"].encode() for code in record["codes"]} == {symbol.raw for symbol in tray}


def test_chinese_in_gb18030_is_shown_as_chinese_with_its_bytes_intact(tmp_path: Path) -> None:
    raw = "阿莫西林胶囊".encode("gb18030")
    _, [record] = records(picture(tmp_path / "qr.png", Symbol(raw, "]Q1"), look=Look(4)))
    assert [(code["text"], code["raw_hex"]) for code in record["codes"]] == [("阿莫西林胶囊", raw.hex())]


@pytest.mark.req("C-04")
def test_a_patients_credential_is_masked_and_its_bytes_left_out(tmp_path: Path) -> None:
    image = picture(tmp_path / "voucher.png", Symbol(CREDENTIAL, "]Q1"), look=Look(4))
    exit_code, output = run("--json", image)
    [code] = json.loads(output)["codes"]
    assert exit_code == 0
    assert code["raw_hex"] == ""
    for told in (output, run(image)[1]):
        assert CREDENTIAL.decode() not in told
        assert CREDENTIAL.hex() not in told


def test_unreadable_files_are_told_in_their_place_and_the_others_are_decoded(tmp_path: Path) -> None:
    good = picture(tmp_path / "good.png", Symbol(TRACE, "]C0"))
    text = tmp_path / "text.png"
    text.write_text("no picture", encoding="ascii")
    exit_code, (first, second, third) = records(str(text), good, str(tmp_path / "none.png"))
    assert exit_code == 2
    assert first["codes"] == third["codes"] == []
    assert (first["error"]["code"], third["error"]["code"]) == ("picture.unreadable", "picture.missing")
    assert set(first["error"]) == {"code", "zh", "en", "next"}
    assert [code["text"] for code in second["codes"]] == [TRACE.decode()]
    assert "error" not in second


def test_a_picture_without_codes_is_no_failure(tmp_path: Path) -> None:
    exit_code, [record] = records(picture(tmp_path / "empty.png"))
    assert (exit_code, record["codes"]) == (0, [])


def test_positions_are_those_of_the_file_even_if_it_was_made_smaller(tmp_path: Path) -> None:
    image = tmp_path / "large.png"
    small = draw_scene([Symbol(TRACE, "]C0")], Look(2.5), size=(900, 600))
    cv2.imwrite(str(image), cv2.resize(small, None, fx=6, fy=6), [cv2.IMWRITE_PNG_COMPRESSION, 1])
    _, [record] = records(str(image), "--expect", "1")
    [code] = record["codes"]
    centre = np.mean(code["position"], axis=0)
    assert centre == pytest.approx([2700, 1800], abs=120)


@pytest.mark.req("P-04")
def test_a_budget_of_a_millisecond_allows_one_step(tmp_path: Path) -> None:
    tilted = picture(tmp_path / "tilted.png", Symbol(TRACE, "]C0"), look=Look(2.5, angle_deg=40))
    assert records(tilted, "--budget-ms", "1")[1][0]["codes"] == []
    assert len(records(tilted, "--budget-ms", "20000")[1][0]["codes"]) == 1


def test_people_get_a_table_and_errors_in_both_languages(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [picture(tmp_path / "a.png", Symbol(UDI, "]d2")), str(tmp_path / "none.png")])
    assert result.exit_code == 2
    assert "LOT1<GS>21SN1" in result.stdout.replace("\n", "")
    assert result.stderr.startswith("picture.missing  ")
    for part in ("打不开文件（文件不存在）", "cannot be opened (there is no such file)", "→ "):
        assert part in result.stderr


def test_no_file_at_all_is_a_usage_error() -> None:
    assert run()[0] == 2


@pytest.mark.slow
def test_the_installed_command_decodes(tmp_path: Path) -> None:
    image = picture(tmp_path / "a.png", Symbol(TRACE, "]C0"))
    yima = Path(sys.executable).parent / "yima"
    done = subprocess.run([yima, "decode", "--json", image], capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout)["codes"][0]["text"] == TRACE.decode()
