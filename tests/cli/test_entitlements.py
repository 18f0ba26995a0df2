from __future__ import annotations

import json
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.app import app
from server.store.database import open_store
from server.store.entitlements import PrescriptionState
from tests.server.fsi.counter import LI, NEGOTIATED
from tests.server.fsi.entitled import DOCTOR, RX, open_entitled, prescribe
from tests.server.fsi.office import HOSPITAL, PHARMACY

LIST = f"psn_no,item,doctor,pharmacy,from,to,number\n{LI},{NEGOTIATED},{DOCTOR},{PHARMACY},2026-01-01,,S1\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A centre that was furnished."""
    with closing(open_store(f"sqlite:///{tmp_path}/centre.db", new_epoch=lambda: "epoch-1")) as store:
        open_entitled(store)
        prescribe(store, "E-1", {RX: "5"}, state=PrescriptionState.ISSUED)
    path = tmp_path / "server.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/centre.db"\n', encoding="utf-8")
    return path


def run(config: Path, *arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["server", *arguments, "--config", str(config)])
    assert done.exit_code == code, done.output
    return done.output


def test_approvals_come_from_a_list_are_shown_and_withdrawn(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(LIST, encoding="utf-8")
    assert "没有双通道审批" in run(config, "approval", "list")
    assert "未写入" in run(config, "approval", "import", str(file), "--dry-run")
    assert "新增 / added 1" in run(config, "approval", "import", str(file))
    shown = run(config, "approval", "list", "--person", LI)
    assert all(part in shown for part in ("S1", "有效 / granted", NEGOTIATED, DOCTOR, PHARMACY, "2026-01-01"))
    one = json.loads(run(config, "approval", "list", "--json"))
    assert (one["number"], one["from"], one["to"], one["state"]) == ("S1", str(date(2026, 1, 1)), None, "granted")
    assert "withdrawn: 1" in run(config, "approval", "revoke", one["id"], "--reason", "停药")
    assert json.loads(run(config, "approval", "list", "--json"))["reason"] == "停药"


def test_a_faulty_list_is_told_line_by_line(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(LIST.replace(DOCTOR, "D9"), encoding="utf-8")
    assert "people.doctor_unknown" in run(config, "approval", "import", str(file), "--json", code=1)
    done = CliRunner().invoke(app, ["server", "approval", "revoke", "S9", "--config", str(config)])
    assert done.exit_code != 0


def test_prescriptions_are_shown_with_what_is_left(config: Path) -> None:
    assert "已开具，待审方 / issued" in run(config, "prescription", "list")
    one = json.loads(run(config, "prescription", "list", "--json", "--person", LI))
    assert (one["number"], one["drugs"][0]["left"], one["dispensed"]) == ("E-1", "5.0000", [])
    assert "没有电子处方" in run(config, "prescription", "list", "--person", "nobody")


def test_prescriptions_of_a_platform_come_from_a_list(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    head = "处方编号,人员编号,开方医师,开方机构,开具时间,有效期至,药品编码,数量"
    file.write_text(f"{head}\nE-2,{LI},{DOCTOR},{HOSPITAL},2026-03-09 08:00,2026-12-31,{RX},3\n", encoding="utf-8")
    assert "未写入" in run(config, "prescription", "import", str(file), "--dry-run")
    assert "电子处方 / e-prescriptions：新增 / added 1" in run(config, "prescription", "import", str(file))
    assert "E-2" in run(config, "prescription", "list")
    file.write_text(f"{head}\nE-3,{LI},D9,{HOSPITAL},2026-03-09 08:00,2026-12-31,{RX},3\n", encoding="utf-8")
    assert "people.doctor_unknown" in run(config, "prescription", "import", str(file), "--json", code=1)
