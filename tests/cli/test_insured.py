from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.mistakes import UsageMistakeError
from cli.server import server_app
from codes.errors import YimaError
from server.people.list_file import ListFileError
from server.store.database import open_store
from server.store.person_lookups import Lookup, add_lookups
from tests.server.fake_terminal import FakeTerminal
from web.errors import NotFoundError

SEED = Path(__file__).parents[2] / "config" / "seed"
PHARMACY = "P35020300001"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text('[store]\nurl = "sqlite:///centre.db"\n[centre]\nkey_file = "centre.key"\n', encoding="utf-8")
    return path


def yima(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(server_app, [*arguments, "--config", str(config)])


def output(config: Path, *arguments: str) -> str:
    result = yima(config, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def failure(config: Path, *arguments: str) -> YimaError:
    result = yima(config, *arguments)
    assert isinstance(result.exception, YimaError), result.output
    return result.exception


def seed(name: str) -> str:
    return str(SEED / f"{name}.csv")


def test_several_lists_are_one_import(config: Path, tmp_path: Path) -> None:
    lists = [seed(f"insured{name}") for name in ("", "_credentials", "_facts", "_family", "_totals")]
    told = output(config, "insured", "import", *lists, "--dry-run")
    assert "nothing was written" in told
    assert all(title in told for title in ("参保人员", "就诊凭证", "待遇事实", "家庭共济", "年度累计"))
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("人员编号,年度,累计项,金额\nnobody,2026,310-outpatient,1\n", encoding="utf-8")
    refused = yima(config, "insured", "import", *lists[:4], str(wrong))
    assert refused.exit_code == 1
    assert "年度累计第 2 行" in refused.output
    assert "还没有参保人员" in output(config, "insured", "list")
    output(config, "insured", "import", *lists)
    again = json.loads(output(config, "insured", "import", *lists, "--json"))
    assert all(one["added"] == one["changed"] == 0 for one in again["lists"].values())


def test_people_are_imported_and_shown_masked(config: Path) -> None:
    assert "还没有参保人员" in output(config, "insured", "list")
    assert "nothing was written" in output(config, "insured", "import", seed("insured"), "--dry-run")
    told = output(config, "insured", "import", seed("insured"))
    assert "参保人员 / people：新增 / added 12" in told
    again = json.loads(output(config, "insured", "import", seed("insured"), "--json"))
    assert again["lists"]["people"] == {"added": 0, "changed": 0, "unchanged": 12}
    assert again["is_committed"] is True
    output(config, "insured", "import", seed("insured_facts"))

    shown = output(config, "insured", "list")
    assert "9900000003  虚**  9901**********0311" in shown
    assert "chronic M03900" in shown
    assert "虚构" not in shown
    lines = output(config, "insured", "list", "--json").splitlines()
    assert json.loads(lines[0]) == {
        "psn_no": "9900000001",
        "name": "虚**",
        "certno": "9901**********0113",
        "insurances": ["310 350203"],
        "facts": [],
    }
    key = config.parent / "sealing.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_trial_of_balances_lists_what_would_change(config: Path, tmp_path: Path) -> None:
    output(config, "insured", "import", seed("insured"))
    told = tmp_path / "balances.csv"
    told.write_text(
        "人员编号,账户余额,余额时点\n9900000001,2350.00,2020-03-10 00:00\n9900000002,200.00,2020-03-10\n",
        encoding="utf-8",
    )
    refused = yima(config, "insured", "import", str(told), "--dry-run", "--json")
    assert [(one["line"], one["code"]) for one in json.loads(refused.stdout)["faults"]] == [(3, "people.moment")]

    told.write_text("人员编号,账户余额\n9900000001,2350.00\n9900000002,200.00\n", encoding="utf-8")
    shown = output(config, "insured", "import", str(told), "--dry-run")
    assert "增加 / more 19.50，减少 / less 0.00" in shown
    assert "9900000002  180.50 → 200.00（告知 / told 200.00）" in shown
    (change,) = json.loads(output(config, "insured", "import", str(told), "--json"))["balances"]
    assert (change["before"], change["after"], change["moved_since"]) == ("180.50", "200.00", "0.00")


def test_a_password_is_set_from_standard_input_or_typed(config: Path) -> None:
    output(config, "insured", "import", seed("insured"))
    command = ["insured", "password", "9900000001", "--config", str(config)]
    told = CliRunner().invoke(server_app, [*command, "--password-stdin"], input="123456\n")
    assert "适用凭证 2 个" in told.output
    typed = CliRunner().invoke(server_app, command, input="654321\n")
    assert typed.exit_code == 0
    assert "654321" not in typed.output
    short = CliRunner().invoke(server_app, command, input="1\n")
    assert isinstance(short.exception, YimaError)
    assert short.exception.code == "request.invalid"


def test_a_faulty_list_is_named_line_by_line_and_nothing_is_imported(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    lines = [f"P{n},甲,1" for n in range(60)]
    file.write_text("\n".join(["人员编号,姓名,证件号码", *lines]), encoding="gb18030")

    refused = yima(config, "insured", "import", str(file))
    assert refused.exit_code == 1
    assert "没有导入：60 处有误" in refused.output
    assert "第 2 行 cert_type 不是身份证时须填证件类型" in refused.output
    assert "另有 10 处" in refused.output
    told = json.loads(yima(config, "insured", "import", str(file), "--json").stdout)
    assert (len(told["faults"]), told["is_committed"]) == (60, False)
    assert told["faults"][0]["code"] == "people.empty"
    assert "还没有参保人员" in output(config, "insured", "list")


def test_a_file_that_cannot_be_read_says_so(config: Path, tmp_path: Path) -> None:
    assert failure(config, "insured", "import", str(tmp_path / "none.csv")).code == "people.list_unreadable"
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    for group in ("insured", "institution", "practitioner"):
        assert isinstance(failure(config, group, "import", str(tmp_path / "other.csv")), ListFileError)


def test_institutions_and_practitioners_are_imported_and_listed(config: Path, tmp_path: Path) -> None:
    assert "还没有定点机构" in output(config, "institution", "list")
    assert "定点医药机构 / institutions：新增 / added 7" in output(
        config, "institution", "import", seed("institutions")
    )
    assert "执业地点 / posts：新增 / added 6" in output(config, "practitioner", "import", seed("practitioners"))

    shown = output(config, "institution", "list")
    assert "终止 / ended  2026-01-01  虚构：协议终止" in shown
    institutions = [json.loads(line) for line in output(config, "institution", "list", "--json").splitlines()]
    assert institutions[0]["standing"]["standing"] == "active"
    assert institutions[0]["callers"] == []
    listed = output(config, "practitioner", "list", "--institution", "P35020300002")
    assert "Y350203000002  虚构药二  pharmacist" in listed
    assert "正常 / in good standing" in listed
    doctors = [json.loads(line) for line in output(config, "practitioner", "list", "--json").splitlines()]
    assert [post["institution"] for post in doctors[0]["posts"]] == ["H35020300001", "H35021100003"]

    (tmp_path / "bad.csv").write_text("机构编码,机构名称,机构类型,所在区划\nP1,药,药店,1\n", encoding="utf-8")
    (tmp_path / "bad2.csv").write_text(
        "人员编码,姓名,人员类型,机构编码,执业起始日期\nD1,医,医师,P9,2026-01-01\n", encoding="utf-8"
    )
    for group, file in (("institution", "bad.csv"), ("practitioner", "bad2.csv")):
        assert yima(config, group, "import", str(tmp_path / file)).exit_code == 1


def test_a_standing_is_decided_for_a_time(config: Path) -> None:
    output(config, "institution", "import", seed("institutions"))
    output(config, "practitioner", "import", seed("practitioners"))
    span = ("--from", "2026-01-01", "--to", "2099-12-31", "--reason", "试")
    output(config, "institution", "standing", PHARMACY, "suspended", *span)
    output(config, "practitioner", "standing", "D350203000001", "ended")

    assert "暂停 / suspended  2026-01-01 — 2099-12-31  试" in output(config, "institution", "list")
    doctors = [json.loads(line) for line in output(config, "practitioner", "list", "--json").splitlines()]
    assert doctors[0]["standing"]["standing"] == "ended"
    wrong = failure(config, "institution", "standing", PHARMACY, "ended", "--from", "soon")
    assert isinstance(wrong, UsageMistakeError)
    unknown = failure(config, "practitioner", "standing", "D9", "ended")
    assert isinstance(unknown, NotFoundError)
    assert "practitioner list" in unknown.next_step.zh
    assert failure(config, "institution", "standing", "P9", "ended").code == "request.not_found"


def test_tokens_and_terminals_are_bound_to_an_institution(config: Path) -> None:
    output(config, "institution", "import", seed("institutions"))
    output(config, "user", "add", "pos", "--role", "operator")
    token = json.loads(output(config, "token", "create", "till", "--user", "pos", "--json"))["id"]
    store = open_store(f"sqlite:///{config.parent}/centre.db", new_epoch=lambda: "e")
    FakeTerminal(name="T-1", institution="P1").registered(store)
    store.close()

    output(config, "institution", "bind", PHARMACY, "--token", token)
    output(config, "institution", "bind", PHARMACY, "--terminal", "T-1")
    assert f"terminal T-1，token {token}" in output(config, "institution", "list")
    output(config, "institution", "unbind", PHARMACY, "--terminal", "T-1")
    assert "T-1" not in output(config, "institution", "list")

    assert isinstance(failure(config, "institution", "bind", PHARMACY, "--token", "none"), NotFoundError)
    assert isinstance(failure(config, "institution", "bind", PHARMACY), UsageMistakeError)
    both = failure(config, "institution", "bind", PHARMACY, "--token", token, "--terminal", "T-1")
    assert isinstance(both, UsageMistakeError)


def test_an_inspector_lists_who_looked_up_whom(config: Path) -> None:
    assert "没有查询记录" in output(config, "insured", "lookups")
    at = datetime(2026, 3, 10, 4, 30, tzinfo=UTC)
    lines = [
        Lookup(at, PHARMACY, "li01", "token:tok1", "1101", "M1", "9900000001", ""),
        Lookup(at + timedelta(days=1), PHARMACY, "wang", "token:tok1", "2101", "M2", "9900000002", "settlement.person"),
    ]
    store = open_store(f"sqlite:///{config.parent}/centre.db", new_epoch=lambda: "e")
    with store.writing() as connection:
        add_lookups(connection, lines)
    store.close()
    shown = output(config, "insured", "lookups", "--person", "9900000001")
    assert "2026-03-10 12:30:00" in shown
    for told in ("9900000001", PHARMACY, "li01", "token:tok1", "1101  M1", "已答复 / answered"):
        assert told in shown
    assert "wang" not in shown
    (line,) = output(config, "insured", "lookups", "--from", "2026-03-11", "--to", "2026-03-11", "--json").splitlines()
    assert json.loads(line)["code"] == "settlement.person"
    assert isinstance(failure(config, "insured", "lookups", "--from", "someday"), UsageMistakeError)
