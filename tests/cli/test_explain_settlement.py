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
        "310-outpatient@",
        "500.00 = 超限价 0.00",
        "25.00 = 超限价 5.00",
        "dedc:310-outpatient  +300.00",
        "PSN0001  -60.00",
        f"2102  {settled['medins_setl_id']}  answered",
    ):
        assert expected in told
    # Nobody is named in it.
    assert "李一" not in told
    assert "350203198001010011" not in told


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
