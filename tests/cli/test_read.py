"""`yima read`: one code for a person, a stream of scans for a program."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.mistakes import UsageMistakeError
from cli.read import LONGEST_LINE_BYTES, answer_lines, read

ROOT = Path(__file__).parents[2]
PROGRAM = "import typer; from cli.read import read; typer.run(read)"
TRACE = "83857930000879766660"
QUESTION = json.dumps({"raw_hex": TRACE.encode().hex(), "symbology": "]C0", "source": "test"}).encode()


@pytest.fixture
def invoke():
    app = typer.Typer()
    app.command()(read)
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    return lambda *arguments, **options: runner.invoke(app, arguments, **options)


def test_a_known_code_exits_0_and_shows_both_languages(invoke):
    result = invoke(TRACE)

    assert result.exit_code == 0
    for shown in ("药品追溯码", "drug trace code", TRACE, "8385793", "确定", "trace.mashangfangxin"):
        assert shown in result.output


def test_an_unknown_code_exits_1_and_says_why(invoke):
    result = invoke(f"https://q.example.cn/{TRACE}")

    assert result.exit_code == 1
    for shown in ("无法识别", "网址", "也可能是 / maybe", "药品追溯码 / drug trace code: " + TRACE):
        assert shown in result.output
    assert "把握" not in result.output


@pytest.mark.parametrize("written", ["\\x1d", "\\X1D", "\\u001d", "<GS>", "{gs}", "\x1d"])
def test_the_separator_can_be_written_out(invoke, written):
    result = invoke("010690123456789210LOT1" + written + "21SN1", "--symbology", "]d2", "--json")
    record = json.loads(result.output)

    assert result.exit_code == 0
    assert (record["fields"]["lot"], record["fields"]["serial"]) == ("LOT1", "SN1")
    assert record["flags"] == ([] if written == "\x1d" else ["gs_substitute"])


def test_the_separator_is_shown_and_markup_is_not_obeyed(invoke):
    assert "10LOT1<GS>21SN1" in invoke("010690123456789210LOT1<GS>21SN1", "--symbology", "]d2").output
    assert "[red]" in invoke("[red]x[/red]").output


def test_literal_keeps_the_text(invoke):
    record = json.loads(invoke("010690123456789210LOT1<GS>21SN1", "--symbology", "]d2", "--json", "--literal").output)

    assert record["confidence"] == "possible"
    assert record["fields"]["lot"] == "LOT1<GS>21SN1"


@pytest.mark.req("C-04")
def test_a_person_is_not_shown(invoke):
    for options in ((), ("--json",)):
        result = invoke("11010519491231002X", *options)
        assert result.exit_code == 0
        assert "110105" not in result.output


@pytest.mark.parametrize("arguments", [(), (TRACE, "--stdin")])
def test_one_code_or_a_stream_but_not_both(invoke, arguments):
    result = invoke(*arguments)

    assert isinstance(result.exception, UsageMistakeError)
    assert "--stdin" in result.exception.words.zh


def test_the_stream_option_reads_standard_input(invoke):
    result = invoke("--stdin", input=QUESTION + b"\nx\n")

    assert result.exit_code == 0
    assert [json.loads(line)["kind"] for line in result.output.splitlines()] == ["trace", "unknown"]


def test_the_symbology_of_the_command_is_that_of_lines_without_one(invoke):
    raw = b"010690123456789210LOT1\x1d21SN1".hex()
    lines = [{"raw_hex": raw}, {"raw_hex": raw, "symbology": None}, {"raw_hex": raw, "symbology": "]C0"}]
    typed = "\n".join(json.dumps(line) for line in lines)
    bare = [json.loads(line) for line in invoke("--stdin", input=typed).output.splitlines()]
    told = [json.loads(line) for line in invoke("--stdin", "--symbology", "]d2", input=typed).output.splitlines()]

    assert [record["confidence"] for record in told[:2]] == ["certain", "certain"]
    assert bare[0] != told[0]
    assert bare[2] == told[2]


def test_a_mark_before_the_first_line_costs_no_scan(invoke):
    marked = invoke("--stdin", input=b"\xef\xbb\xbf" + QUESTION + b"\n\xef\xbb\xbf" + QUESTION)

    assert [json.loads(line)["kind"] for line in marked.output.splitlines()] == ["trace", "unknown"]


def test_a_file_needs_no_flush_between_lines(tmp_path):
    questions = tmp_path / "scans.ndjson"
    questions.write_bytes(QUESTION + b"\n" + QUESTION)
    sink = CountingSink()
    with questions.open("rb") as source:
        answer_lines(source, sink)

    assert len(sink.getvalue().splitlines()) == 2
    assert sink.flushes == 1


class CountingSink(io.BytesIO):
    flushes = 0

    def flush(self):
        self.flushes += 1
        super().flush()


def test_lines_are_answered_in_order_even_the_broken_ones():
    lines = [QUESTION, b"", b"{", QUESTION, b'{"raw_hex":"zz"}', QUESTION]
    sink = io.BytesIO()
    answer_lines(io.BytesIO(b"\n".join(lines)), sink)
    kinds = [json.loads(line)["kind"] for line in sink.getvalue().splitlines()]

    assert kinds == ["trace", "unknown", "unknown", "trace", "unknown", "trace"]


def test_an_endless_line_is_skipped_and_answered():
    sink = io.BytesIO()
    endless = b"x" * (2 * LONGEST_LINE_BYTES + 5)
    answer_lines(io.BytesIO(b"\n".join([QUESTION, endless, QUESTION, endless])), sink)
    records = [json.loads(line) for line in sink.getvalue().splitlines()]

    assert [record["kind"] for record in records] == ["trace", "unknown", "trace", "unknown"]
    assert [reason["code"] for reason in records[1]["reasons"]] == ["input.too_long"]


def test_a_live_pipe_gets_each_answer_before_the_next_question():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "--stdin"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        for _ in range(3):
            process.stdin.write(QUESTION + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["value"] == TRACE
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait(timeout=30) == 0


def test_a_file_is_answered_whole(tmp_path):
    questions = tmp_path / "scans.ndjson"
    questions.write_bytes((QUESTION + b"\r\n") * 500)
    with questions.open("rb") as stdin:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "--stdin"], cwd=ROOT, stdin=stdin, capture_output=True, check=True
        )

    assert len(done.stdout.splitlines()) == 500


def test_the_arguments_bytes_are_read_as_they_are():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "--json", "阿莫西林".encode("gb18030")],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 1
    assert json.loads(done.stdout)["flags"] == ["gb18030"]
