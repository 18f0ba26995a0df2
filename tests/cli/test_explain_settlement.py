from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.settle import NoCentreHereError, settle_app
from server.settlement.errors import UnknownSettlementError
from server.store.database import open_store
from tests.server.fsi.counter import LIMITED, PLAIN, named, open_counter
from tests.server.fsi.office import PHARMACY


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text('[store]\nurl = "sqlite:///centre.db"\n', encoding="utf-8")
    return path


@pytest.fixture
def settled(tmp_path: Path, config: Path) -> dict[str, object]:
    """A settlement of a centre, which was cancelled since."""
    store = open_store(f"sqlite:///{tmp_path}/centre.db", new_epoch=lambda: "epoch-1")
    counter = open_counter(store)
    info = counter.settle(counter.sale(counter.line(PLAIN, "5", "100.00"), counter.line(LIMITED, "2", "12.50")))
    counter.cancel(info)
    store.close()
    return info


def run(*words: str) -> tuple[int, str, BaseException | None]:
    result = CliRunner().invoke(settle_app, words)
    return result.exit_code, result.output, result.exception


def test_steps_lines_accounts_and_messages_are_told(settled: dict[str, object], config: Path) -> None:
    code, told, _ = run("explain", str(settled["setl_id"]), "--config", str(config))
    assert code == 0
    for expected in (
        "已撤销 / cancelled",
        "职工基本医疗保险（310） / employee basic (310)",
        "在职（11） / employed (11)",
        "定点药店购药（41） / pharmacy purchase (41)",
        "310-outpatient@",
        "机构等级 药店",
        "level pharmacy",
        "500.00 = 超限价 / above the limit 0.00",
        "25.00 = 超限价 / above the limit 5.00",
        "职工基本医疗保险统筹基金 / employee pooled fund",
        "起付累计：职工普通门诊 / deductible paid: Employees, general outpatient  +300.00",
        "PSN0001  -60.00",
        "PSN0002  -50.00",
        "结算支付 / paid for a settlement  用于 / for PSN0001",
        f"2102 药店结算 / Pharmacy settlement  {settled['medins_setl_id']}  已应答 / answered",
    ):
        assert expected in told, expected
    # Nobody is named in it.
    assert "李一" not in told
    assert "350203198001010011" not in told


def test_whoever_reads_of_a_cancellation_finds_both_its_sides(settled: dict[str, object], config: Path) -> None:
    _, told, _ = run("explain", str(settled["setl_id"]), "--config", str(config))
    (line,) = (one for one in told.splitlines() if one.startswith("撤销 / cancelled by"))
    negative = line.split()[4]
    assert negative != settled["setl_id"]
    code, undone, _ = run("explain", negative, "--config", str(config))
    assert code == 0
    for expected in (
        "撤销记录 / a cancellation",
        "撤销的结算 / cancels",
        str(settled["setl_id"]),
        "-525.00",
        "PSN0001  +60.00",
        "撤销或冲正退回 / given back",
        "被撤销结算的步骤 / Steps of the settlement that it cancels",
        "2103 药店结算撤销 / Cancel pharmacy settlement",
        line.rpartition(" ")[2],
    ):
        assert expected in undone, expected
    assert "2102 药店" not in undone


def test_what_has_nothing_in_it_has_no_heading(tmp_path: Path, config: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/centre.db", new_epoch=lambda: "epoch-1")
    counter = open_counter(store)
    info = counter.settle(counter.sale(counter.line(PLAIN, "1", "10.00"), acct_used_flag="0"))
    store.close()
    _, told, _ = run("explain", str(info["setl_id"]), "--config", str(config))
    assert "账户变动" not in told
    assert "明细 / Lines" in told


def test_as_json_it_holds_every_figure(settled: dict[str, object], config: Path) -> None:
    code, told, _ = run("explain", str(settled["setl_id"]), "--config", str(config), "--json")
    record = json.loads(told)
    assert (code, record["state"], record["amounts"]["medfee_sumamt"]) == (0, "cancelled", "525.00")
    assert record["process_info"].startswith("【待遇计算】")
    assert {"rule", "version", "zh", "en", "given", "result"} == set(record["steps"][0])

    _, undone, _ = run("explain", record["cancelled_by"], "--config", str(config), "--json")
    assert json.loads(undone)["amounts"]["medfee_sumamt"] == "-525.00"
    assert json.loads(undone)["cancels"] == named(settled)["setl_id"]
    assert record["messages"][0]["msgid"].startswith(PHARMACY)


def test_an_unknown_one_is_named(settled: dict[str, object], config: Path) -> None:
    code, _, error = run("explain", "S-unknown", "--config", str(config))
    assert code == 1
    assert isinstance(error, UnknownSettlementError)
    assert "S-unknown" in error.words.zh


def test_without_the_centres_part_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("cli.settle._NEEDS_THE_CENTRE", "no_such_part_of_ours")
    _, _, error = run("explain", "S1", "--config", str(tmp_path / "server.toml"))
    assert isinstance(error, NoCentreHereError)
    assert "yima[server]" in error.next_step.zh
