"""`yima fsi`: what a vendor sees of a message and of the tables."""

from __future__ import annotations

import json
import sys

import pytest
from typer.testing import CliRunner

from cli.app import main
from cli.fsi import FileUnreadableError, fsi_app
from codes.errors import YimaError
from wire.fsi.areas import AreaError, UnknownAreaError
from wire.fsi.json_text import NotJsonError
from wire.fsi.tables import NoTableError, UnknownTransactionError

SIGN_IN = {"infno": "9001", "input": {"signIn": {"opter_no": "王", "mac": "M", "ip": "I"}}}


@pytest.fixture
def invoke():
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    return lambda *arguments, **options: runner.invoke(fsi_app, arguments, **options)


@pytest.fixture
def message(tmp_path):
    """Write a message to a file and return its name."""

    def write(content: object, encoding: str = "utf-8") -> str:
        file = tmp_path / "message.json"
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        file.write_bytes(text.encode(encoding))
        return str(file)

    return write


def test_a_good_message_exits_0(invoke, message):
    result = invoke("check", message(SIGN_IN))
    assert result.exit_code == 0
    assert "9001  签到 / Sign in" in result.output
    assert "没有错误 / No faults" in result.output


def test_every_fault_is_listed_and_exits_1(invoke, message):
    result = invoke("check", message({"infno": "9002", "input": {"signOut": {"extra": 1}}}), "--area", "neimenggu")
    assert result.exit_code == 1
    for shown in (
        "1 处错误 / 1 fault:",
        "signOut.sign_no（签到编号）必填  [fsi.missing]",
        "signOut.sign_no (sign-in number) is required",
        "1 处提示 / 1 remark:",
        "signOut.extra 不是本交易的字段",
        "内蒙古（仿）",
    ):
        assert shown in result.output


def test_a_program_gets_one_line(invoke, message):
    result = invoke("check", message({"infno": "9001", "input": {"signIn": {"mac": "M"}}}), "--json")
    assert result.exit_code == 1
    record = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    assert (record["ok"], record["area"], record["infno"]) == (False, "base", "9001")
    assert record["name"] == {"zh": "签到", "en": "Sign in"}
    assert [one["path"] for one in record["faults"]] == ["signIn.opter_no", "signIn.ip"]
    assert record["faults"][0]["label"] == "操作员编号"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_message_is_read_in_the_encodings_of_counters(invoke, message, encoding):
    assert invoke("check", message(SIGN_IN, encoding)).exit_code == 0


def test_standard_input_is_read(invoke):
    assert invoke("check", "-", input=json.dumps(SIGN_IN)).exit_code == 0
    assert invoke("check", "-", input=json.dumps({"infno": "3550"})).exit_code == 1


def test_an_unknown_transaction_in_a_message_names_its_neighbours(invoke, message):
    result = invoke("check", message({"infno": "3550", "input": {}}))
    assert result.exit_code == 1
    assert "3505" in result.output


def test_an_area_may_be_a_file(invoke, message, tmp_path):
    area = tmp_path / "mine.toml"
    area.write_text('name = "mine"\nzh = "我市"\nen = "Ours"\n[required."9001.input.signIn"]\nmac = false\n', "utf-8")
    given = message({"infno": "9001", "input": {"signIn": {"opter_no": "1", "ip": "1"}}})
    assert invoke("check", given).exit_code == 1
    assert invoke("check", given, "--area", str(area)).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("check", "/no/such/file.json"), FileUnreadableError, "/no/such/file.json"),
        (("check", "BAD"), NotJsonError, "第 2 行第 11 列"),
        (("check", "-", "--area", "wuhan"), UnknownAreaError, "wuhan"),
        (("check", "-", "--area", "/no/such/area.toml"), FileUnreadableError, "area.toml"),
        (("tables", "3550"), UnknownTransactionError, "3550"),
        (("tables", "7101"), NoTableError, "电子处方由中心从处方平台的名单导入"),
        (("tables", "--area", "wuhan"), UnknownAreaError, "wuhan"),
    ],
)
def test_what_cannot_be_done_raises_and_says_what(invoke, message, arguments, error, said):
    bad = message('{"infno":"3505",\n "input": }')
    result = invoke(*(bad if one == "BAD" else one for one in arguments))
    assert isinstance(result.exception, error)
    assert said in str(result.exception)
    assert isinstance(result.exception, YimaError)


@pytest.mark.parametrize(
    ("file", "area", "code"),
    [("/no/such/file.json", "base", "fsi.file"), ("-", "wuhan", "fsi.area_unknown"), ("-", "base", "fsi.not_json")],
)
def test_a_program_is_told_too_that_nothing_could_be_checked(invoke, file, area, code):
    result = invoke("check", file, "--area", area, "--json", input="{")
    record = json.loads(result.stdout)
    assert isinstance(result.exception, YimaError)
    assert (record["ok"], record["problem"]["code"]) == (False, code)
    assert record["problem"]["zh"]


def test_bytes_in_no_encoding_are_refused(invoke, tmp_path):
    file = tmp_path / "x.json"
    file.write_bytes(b"\xff\x80\xff")
    assert isinstance(invoke("check", str(file)).exception, FileUnreadableError)


def test_a_faulty_area_file_is_named(invoke, tmp_path):
    area = tmp_path / "mine.toml"
    area.write_text("colour = 1", "utf-8")
    assert isinstance(invoke("tables", "--area", str(area)).exception, AreaError)


def test_the_command_as_a_whole_exits_2_with_a_next_step(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["yima", "fsi", "tables", "3505", "--area", "wuhan"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    for part in ("fsi.area_unknown", "没有地区“wuhan”", "jilin"):
        assert part in shown


def test_all_transactions_are_listed(invoke):
    result = invoke("tables", "--area", "hubei")
    assert result.exit_code == 0
    for shown in (
        "湖北（仿）",
        "A 随结算（2207）",
        "3505A",
        "商品销售（批量） / Sale, many",
        "selinfoDetail[]",
        "9102",
    ):
        assert shown in result.output
    assert "总额含个人账户" in invoke("tables", "--area", "guangdong").output


def test_a_table_shows_what_the_area_has_otherwise(invoke):
    result = invoke("tables", "3505", "--area", "jilin")
    lines = result.output.splitlines()
    (expiry,) = [line for line in lines if line.lstrip().startswith("expy_end")]
    assert "Y*" in expiry
    assert "有效期止 / expiry date" in expiry
    (price,) = [line for line in lines if line.lstrip().startswith("finl_trns_pric")]
    assert "number 16,6" in price
    assert "* 与全国基础不同" in result.output
    assert "1 医保结算 / insurance settlement" in result.output
    assert "须给：setl_id（医保结算的销售）" in result.output


def test_what_is_unknown_is_shown_so_and_spellings_are_marked(invoke):
    assert "?" in next(line for line in invoke("tables", "3202").output.splitlines() if "refd_setl_flag" in line)
    assert "prdr_name*" in invoke("tables", "3503", "--area", "shenzhen").output
    assert "可无" in invoke("tables", "2207").output
    assert "（仅提示）" in invoke("tables", "1101").output
    assert "—" in invoke("tables", "2202").output


def test_the_number_of_a_transaction_may_be_written_small(invoke):
    assert invoke("tables", "3505a").output == invoke("tables", "3505A").output


def test_the_envelope_has_a_table_too(invoke):
    assert "char 200*" in invoke("tables", "envelope", "--area", "neimenggu").output


def test_a_table_shows_what_a_value_has_to_look_like(invoke):
    envelope = invoke("tables", "envelope").output
    assert "应为 6 位数字的区划代码" in next(line for line in envelope.splitlines() if "mdtrtarea_admvs" in line)
    sale = invoke("tables", "3505").output
    assert "输入 / input selinfo 销售信息 / sale" in sale
    assert "> 0" in next(line for line in sale.splitlines() if "sel_retn_cnt" in line)
    assert "≥ 0" in next(line for line in sale.splitlines() if "finl_trns_pric" in line)


def test_a_program_gets_a_table(invoke):
    record = json.loads(invoke("tables", "3505", "--area", "hubei", "--json").stdout)
    fields = {one["name"]: one for one in record["input"][0]["fields"]}
    assert (record["input"][0]["node"], record["input"][0]["zh"]) == ("selinfo", "销售信息")
    assert (fields["sel_retn_cnt"]["sign"], fields["memo"]["shape"]) == ("positive", None)
    assert fields["mdtrt_setl_type"]["required"] is True
    assert fields["phar_name"]["required"] is False
    assert (
        fields["sel_retn_cnt"] | {"type": "number", "length": 16, "scale": 4, "zh": "销售/退货数量"}
        == fields["sel_retn_cnt"]
    )
    assert fields["drugtracinfo"]["fields"][0]["aliases"] == ["drug_trac_code"]
    assert record["input"][0]["conditions"][0]["when"] == {"mdtrt_setl_type": ["1"]}

    listed = json.loads(invoke("tables", "--json").stdout)["transactions"]
    assert {"infno": "3505", "zh": "商品销售", "en": "Sale"} in listed
