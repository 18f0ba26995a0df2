"""`yima settle examples`: a file of worked examples for a person and for a program."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.settle import settle_app
from cli.settle_examples import ExamplesUnreadableError, shipped_subsidies

FIXTURES = Path(__file__).parents[1] / "fixtures" / "settlement_examples"
PUBLISHED = FIXTURES / "published.yaml"
OTHER = FIXTURES / "other_forms.yaml"
MIXED = """
examples:
- id: M1
  title: One fen off
  kind: simple
  inputs: {medfee_sumamt: 100, rate: 0.7}
  expected: {hifp_pay: 70.01, luck: 1}
- id: M2
  kind: sorcery
  expected: 1
- id: M3
  kind: simple
  inputs: {medfee_sumamt: 100, rate: 0.7, exclooded: 5}
  expected: 70
trace_cases: [{id: T}]
"""


@pytest.fixture
def settle():
    runner = CliRunner(env={"COLUMNS": "60", "NO_COLOR": "1"})
    return lambda *arguments: runner.invoke(settle_app, [str(one) for one in arguments])


@pytest.fixture
def mixed(tmp_path):
    file = tmp_path / "mixed.yaml"
    file.write_text(MIXED, encoding="utf-8")
    return file


@pytest.mark.parametrize("file", [PUBLISHED, OTHER])
def test_a_file_whose_cases_pass_exits_0_with_every_step(settle, file):
    result = settle("examples", file)

    assert result.exit_code == 0
    assert "未通过 0" in result.output
    assert "FAIL" not in result.output


def test_a_person_sees_expected_got_and_steps_of_each_case(settle):
    output = settle("examples", PUBLISHED).output

    assert re.search(r"✓ E06 .*通过 / pass", output)
    assert re.search(r"hifp_pay +24564.51 +24564.51", output)
    assert "(30000 − 404.20) × 0.83 ≈ 24564.51" in output
    assert "parts             [24395.0, 9000.0, 57000.0, 17000.0]   [24395.00, 9000.00, 57000.00, 17000.00]" in output


@pytest.mark.req("T-72")
def test_any_failure_exits_1_and_says_which_figure_and_why(settle, mixed):
    result = settle("examples", mixed)

    assert result.exit_code == 1
    assert re.search(r"✗ hifp_pay +70.01 +70.00", result.output)
    assert re.search(r"✗ luck +1 +—", result.output)
    assert "此类型不计算“luck”" in result.output
    assert "does not compute 'luck'" in result.output
    assert "不认识的类型“sorcery”" in result.output
    assert "exclooded" in result.output
    assert "trace_cases（1 条）" in result.output
    assert "3 cases, 1 passed, 2 failed" in result.output


def test_what_passes_can_be_left_out(settle, mixed):
    result = settle("examples", mixed, "--failed")

    assert result.exit_code == 1
    assert "M3" not in result.output
    assert "3 cases" in result.output


def test_a_program_gets_one_object_without_floats(settle, mixed):
    result = settle("examples", mixed, "--json")
    record = json.loads(result.stdout, parse_float=pytest.fail)
    first, second, third = record["cases"]

    assert result.exit_code == 1
    assert (record["ok"], record["passed"], record["failed"]) == (False, 1, 2)
    assert record["skipped"][0]["section"] == "trace_cases"
    assert (first["id"], first["passed"], first["wrong"]) == ("M1", False, ["hifp_pay", "luck"])
    assert first["expected"] == {"hifp_pay": "70.01", "luck": "1"}
    assert first["got"] == {"hifp_pay": "70.00", "luck": None}
    assert first["reasons"]["luck"]["zh"]
    assert first["steps"][1] == {
        "zh": "基金按比例支付",
        "en": "the fund pays its rate",
        "formula": "100 × 0.7",
        "result": "70.00",
        "is_exact": True,
    }
    assert second["problem"]["code"] == "example.unknown_kind"
    assert third["remarks"][0]["en"]
    assert third["expected"] == {"hifp_pay": "70"}


@pytest.mark.parametrize(
    ("content", "said", "to_do"),
    [
        (None, "文件不存在", "路径"),
        (b"\xc4\xe3", "UTF-8", "另存为 UTF-8"),
        (b"a: [1", "第 1 行", "docs/settlement-examples.md"),
        (b"- 1", "examples、dip、drg", "docs/settlement-examples.md"),
        (b"meta: {}\ntrace_cases: [1]", "没有算例", "docs/settlement-examples.md"),
        (b" \n", "文件是空的", "docs/settlement-examples.md"),
        (b"# nothing", "examples、dip、drg", "docs/settlement-examples.md"),
        (b"a: 1\na: 2", "第 2 行", "docs/settlement-examples.md"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(settle, tmp_path, content, said, to_do):
    file = tmp_path / "file.yaml"
    if content is not None:
        file.write_bytes(content)
    error = settle("examples", file).exception

    assert isinstance(error, ExamplesUnreadableError)
    assert said in error.words.zh
    assert str(file) in error.words.en
    assert to_do in error.next_step.zh


def test_a_program_is_told_too_that_a_file_cannot_be_read(settle, tmp_path):
    result = settle("examples", tmp_path / "none.yaml", "--json")
    record = json.loads(result.stdout)

    assert isinstance(result.exception, ExamplesUnreadableError)
    assert (record["ok"], record["cases"]) == (False, [])
    assert record["problem"]["code"] == "settle.examples"
    assert "文件不存在" in record["problem"]["zh"]


def test_a_byte_order_mark_is_no_part_of_the_file(settle, tmp_path):
    file = tmp_path / "file.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + OTHER.read_bytes())

    assert settle("examples", file).exit_code == 0


def test_the_tables_of_subsidies_that_we_ship_are_found():
    assert any("Huaibei" in year.places for year in shipped_subsidies())
