"""What a technician can do beside a terminal, running or not."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import cli.edge
import cli.edge_status
from cli.edge import edge_app
from codes.errors import YimaError
from codes.words import Words
from edge.health import Trouble
from edge.link_trouble import REVOKED
from edge.operators.errors import OperatorUnknownError, WeakPasswordError
from edge.store.catalogue import CatalogueImport
from edge.store.database import opened_store
from edge.store.shifts import all_operators, find_operator
from edge.store.terminal import ensure_state
from rules.catalogue import CatalogueColumnsError
from rules.scan_judgement import Mode
from tests.edge.api.conftest import STATUS
from tests.edge.scene import EPOCH, TERMINAL, TRACE_1, FakeClock, Shop
from web.config_file import ConfigValueError
from web.passwords import verify_password

CATALOGUE = Path(__file__).parents[2] / "config" / "seed" / "catalogue.csv"
CONFIG = f"""\
[terminal]
id = "{TERMINAL}"
area = "350200"
institution = "P35020000001"
[store]
folder = "store"
[api]
port = 1
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "edge.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def yima(config: Path, *arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(edge_app, [*arguments, "--config", str(config)], input=stdin)


def stored_hash(folder: Path, login: str) -> str:
    with opened_store(folder) as connection, connection.begin():
        operator = find_operator(connection, login)
    assert operator is not None
    return operator.password_hash


def test_key_is_made_once_and_shown_as_a_fingerprint(config: Path) -> None:
    first, second = yima(config, "key"), yima(config, "key")
    assert re.search(r"[0-9A-F]{4}(-[0-9A-F]{4}){3}", first.output)
    assert first.output == second.output


def test_new_operator_gets_a_password_that_is_shown_once(config: Path, folder: Path) -> None:
    result = yima(config, "operator", "add", "wang", "--name", "王")
    found = re.search(r"password\s+(\S+)", result.output)
    assert found is not None
    assert verify_password(stored_hash(folder, "wang"), found[1]).is_right
    assert found[1] not in yima(config, "operator", "list").output


def test_password_from_standard_input_is_not_printed(
    config: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a long enough one\n"))
    result = yima(config, "operator", "add", "wang", "--password-stdin", stdin="a long enough one\n")
    assert "a long enough one" not in result.output
    assert verify_password(stored_hash(folder, "wang"), "a long enough one").is_right
    with opened_store(folder) as connection, connection.begin():
        assert [operator.name for operator in all_operators(connection)] == ["wang"]


def test_short_password_is_refused(config: Path) -> None:
    assert isinstance(
        yima(config, "operator", "add", "wang", "--password-stdin", stdin="short\n").exception, WeakPasswordError
    )


def test_password_can_be_renewed(config: Path, folder: Path) -> None:
    yima(config, "operator", "add", "wang")
    result = yima(config, "operator", "password", "wang")
    found = re.search(r"password\s+(\S+)", result.output)
    assert found is not None
    assert verify_password(stored_hash(folder, "wang"), found[1]).is_right
    assert isinstance(yima(config, "operator", "password", "nobody").exception, OperatorUnknownError)


def test_operator_is_disabled_and_enabled_again(config: Path) -> None:
    yima(config, "operator", "add", "wang")
    assert "disabled" not in yima(config, "operator", "list").output
    assert "已停用" in yima(config, "operator", "disable", "wang").output
    assert "disabled" in yima(config, "operator", "list").output
    assert yima(config, "operator", "enable", "wang").exit_code == 0
    assert "disabled" not in yima(config, "operator", "list").output
    assert isinstance(yima(config, "operator", "disable", "nobody").exception, OperatorUnknownError)


def test_catalogue_is_imported_with_its_problems_named(config: Path, tmp_path: Path) -> None:
    assert "74" in yima(config, "catalogue", "import", str(CATALOGUE)).output
    lines = CATALOGUE.read_text(encoding="utf-8").splitlines()
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join([*lines[:2], lines[2].replace("18.60", "dear")]), encoding="gb18030")
    result = yima(config, "catalogue", "import", str(broken))
    assert "第 3 行 单价" in result.output
    assert "未采用 1 行" in result.output
    told = json.loads(yima(config, "catalogue", "import", str(broken), "--json").output)
    assert (told["taken"], told["left_out"], told["problems"][0]["code"]) == (1, 1, "catalogue.price")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("\n".join(lines).replace("单价", "价钱"), encoding="gb18030")
    assert isinstance(yima(config, "catalogue", "import", str(wrong)).exception, CatalogueColumnsError)


def test_status_of_a_terminal_that_does_not_run(config: Path, folder: Path) -> None:
    result = yima(config, "status")
    assert (result.exit_code, "未运行" in result.output) == (0, True)
    assert not folder.exists(), "looking makes no store"
    yima(config, "operator", "add", "wang")
    assert yima(config, "status").exit_code == 0
    assert yima(config, "status", "--json").output == "null\n"


def test_status_of_a_running_terminal(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.edge_status, "fetch_status", lambda _: STATUS)
    result = yima(config, "status")
    assert "0000-1111-2222-3333" in result.output
    assert json.loads(yima(config, "status", "--json").output)["terminal"] == TERMINAL


@pytest.mark.parametrize(
    ("is_approved", "problem", "told"),
    [
        (None, None, "no answer yet"),
        (False, None, "waiting for approval"),
        (False, REVOKED, "revoked"),
        (True, None, "approved"),
    ],
)
def test_status_says_how_the_centre_takes_this_terminal(
    config: Path, monkeypatch: pytest.MonkeyPatch, is_approved: bool | None, problem: Trouble | None, told: str
) -> None:
    status = replace(STATUS, is_approved=is_approved, sync=replace(STATUS.sync, problem=problem))
    monkeypatch.setattr(cli.edge_status, "fetch_status", lambda _: status)
    (line,) = (one for one in yima(config, "status").output.splitlines() if "approval" in one and "/" in one)
    assert line.endswith(f"/ {told}")


def test_status_says_what_a_person_should_act_on_and_cuts_nothing(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = Trouble("link.no_key", Words("没有中心公钥", "there is no key of the centre"), Words("填写", "fill in"))
    used = CatalogueImport(FakeClock().now(), "catalogue-of-the-year.csv", "0" * 64, 70, 300, 3)
    sick = replace(STATUS, sync=replace(STATUS.sync, is_up=False, problem=problem), catalogue=used)
    monkeypatch.setenv("COLUMNS", "30")
    for status, told in (
        (sick, ("没有中心公钥 / there is no key", "[link.no_key]", "未采用 3 行 / 3 lines left out", used.source)),
        (replace(STATUS, sync=replace(STATUS.sync, is_enabled=False), catalogue=None), ("已关闭", "未导入 / none")),
    ):
        monkeypatch.setattr(cli.edge_status, "fetch_status", lambda _, status=status: status)
        output = yima(config, "status").output
        assert STATUS.fingerprint in output
        for part in told:
            assert part in output


@pytest.mark.parametrize(
    ("damage", "exit_code"), [("DELETE FROM outbox WHERE seq = 99", 0), ("DELETE FROM outbox WHERE seq = 2", 1)]
)
def test_status_walks_along_the_chain(config: Path, folder: Path, damage: str, exit_code: int) -> None:
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in()
        shop.scan(TRACE_1)
        shop.scan("junk")
        with connection.begin():
            connection.exec_driver_sql(damage)
    result = yima(config, "status")
    assert result.exit_code == exit_code
    assert ("完整" in result.output) is (exit_code == 0)


def test_wrong_configuration_is_named(config: Path) -> None:
    config.write_text(CONFIG + "[api2]\nport = 1\n", encoding="utf-8")
    for command in ("key", "status", "run"):
        error = yima(config, command).exception
        assert isinstance(error, ConfigValueError)
        assert isinstance(error, YimaError)
        assert "api2" in error.words.zh
