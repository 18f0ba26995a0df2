"""The doctor finds what is wrong, says the next step, and changes nothing."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from cli.checks import service
from cli.checks.box import check_box, clock_finding, missing_packages
from cli.checks.data import check_data, disk_kind, filesystem_of, store_findings
from cli.checks.devices import check_devices
from cli.checks.finding import Finding, Level
from cli.checks.line import check_line, try_login
from cli.checks.service import Asked, check_service, unit_finding
from cli.state_words import DEVICE_STATES, QUOTA_STATES
from cli.terminal_status import SignInWantedError, StatusRefusedError
from codes.words import Words
from drivers.scanner.advice import Advice
from drivers.scanner.profile import Profile
from drivers.scanner.unlisted import Unlisted
from edge.config import EdgeConfig
from edge.health import DeviceState, DeviceStatus, Lamp, Lamps, LampState, Trouble
from edge.store.database import database_path, opened_store
from edge.store.inspection import StoreReport, inspect_profiles, inspect_store, is_in_use
from edge.store.life import FormerStore
from edge.store.outbox import OutboxCounts
from edge.store.quota import QuotaState
from edge.store.scanner_profiles import save_profile
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.conftest import BrokerProcess, free_port
from tests.edge.api.conftest import STATUS
from tests.edge.scene import EPOCH, NOON, TERMINAL
from wire.link import LinkSettings
from wire.link_loss import Cause

WORDS = Words("坏", "bad")
GOOD = StoreReport(5, 5, "ok", {}, OutboxCounts(0, 0, 0, None), [], [], [])


def said(findings: Iterator[Finding]) -> dict[str, Level]:
    return {one.code: one.level for one in findings}


def configured(folder: Path, **tables: object) -> EdgeConfig:
    terminal = {"id": TERMINAL, "area": "350200", "institution": "P1"}
    api = {"port": free_port()}
    return EdgeConfig(terminal=terminal, store={"folder": folder}, **{"api": api, **tables})


def written(tmp_path: Path, more: str = "") -> Path:
    path = tmp_path / "edge.toml"
    path.write_text(
        f'scanners = []\n[terminal]\nid = "{TERMINAL}"\narea = "350200"\ninstitution = "P1"\n'
        f'[store]\nfolder = "store"\n[api]\nport = {free_port()}\n[link]\nport = {free_port()}\n{more}',
        encoding="utf-8",
    )
    return path


def yima(config: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["doctor", "--config", str(config), *options])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
    return folder


def files_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_doctor_names_the_faults_and_changes_nothing(tmp_path: Path, store: Path) -> None:
    before = files_of(store)
    result = yima(written(tmp_path), "--json")
    report = json.loads(result.output)
    found = {one["code"]: one["level"] for one in report["findings"]}
    assert found["store.whole"] == "ok"
    assert (found["edge.not_running"], found["link.cannot_connect.refused"]) == ("notice", "notice")
    assert found["link.no_centre_key"] == "fault"
    assert all(one["next_step"]["zh"] for one in report["findings"] if one["level"] != "ok")
    assert (result.exit_code, report["faults"]) == (1, 1)
    assert files_of(store) == before
    page = yima(written(tmp_path)).output
    assert "✗ 没有配置中心公钥" in page
    assert "→ 请填写 [centre] public_key" in page


def test_doctor_without_a_configuration_says_why_and_looks_at_the_machine(tmp_path: Path) -> None:
    broken = written(tmp_path, "nonsense = 1\n")
    result = yima(broken, "--json")
    codes = [one["code"] for one in json.loads(result.output)["findings"]]
    assert (result.exit_code, codes[0]) == (2, "config.value")
    assert "python.version" in codes


def test_machine_is_looked_at() -> None:
    found = said(check_box(has_camera=True))
    assert found["python.version"] is Level.OK
    assert {"install.complete", "install.missing"} & set(found)
    assert {code for code in found if code.startswith("clock.")} >= {"clock.zone"} or "clock.other_zone" in found


@pytest.mark.parametrize(
    ("state", "code"), [(0, "clock.synchronised"), (5, "clock.not_synchronised"), (None, "clock.unknown")]
)
def test_clock_is_synchronised_or_not(state: int | None, code: str) -> None:
    assert clock_finding(state).code == code


def test_packages_of_the_wanted_extras_are_missed_and_no_others() -> None:
    requires = [
        "biip<6,>=5.2",
        "yima[web]; extra == 'edge'",
        "pyserial>=3.5; extra == 'edge'",
        "iotcore; extra == 'server'",
    ]
    assert missing_packages({"edge"}, lambda name: name == "biip", requires) == ["pyserial"]


def test_data_folder_is_looked_at(tmp_path: Path, store: Path) -> None:
    assert said(check_data(tmp_path / "none")) == {"store.no_folder": Level.NOTICE}
    found = said(check_data(store))
    assert (found["store.folder"], found["store.whole"], found["key.missing"]) == (Level.OK, Level.OK, Level.NOTICE)
    store.chmod(0o755)
    (store / "terminal.key").write_text("k")
    (store / "terminal.key").chmod(0o644)
    found = said(check_data(store))
    assert (found["store.open_folder"], found["key.open"]) == (Level.NOTICE, Level.FAULT)
    (store / "terminal.key").chmod(0o600)
    assert said(check_data(store))["key.closed"] is Level.OK


@pytest.mark.parametrize("is_there", [True, False])
def test_store_that_is_gone_beside_a_key_is_a_fault(store: Path, *, is_there: bool) -> None:
    (store / "terminal.key").write_text("k")
    database_path(store).unlink()
    if is_there:
        database_path(store).touch()
    assert said(check_data(store))["store.lost"] is Level.FAULT


def test_network_share_is_a_fault(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nnas:/x {tmp_path} nfs4 rw 0 0\n")
    assert filesystem_of(tmp_path / "store", mounts) == "nfs4"
    assert filesystem_of(Path("/etc"), mounts) == "ext4"
    levels = [disk_kind(tmp_path, kind).level for kind in ("nfs4", "tmpfs", "ext4", "")]
    assert levels == [Level.FAULT, Level.NOTICE, Level.OK, Level.OK]


def test_damaged_store_is_found(store: Path) -> None:
    path = database_path(store)
    body = bytearray(path.read_bytes())
    body[4096:8192] = b"\xff" * 4096
    path.write_bytes(body)
    assert Level.FAULT in said(check_data(store)).values()


@pytest.mark.parametrize(
    ("report", "code", "level"),
    [
        (GOOD, "store.whole", Level.OK),
        (replace(GOOD, finding="row 1 missing"), "store.damaged", Level.FAULT),
        (replace(GOOD, version=9), "store.newer", Level.FAULT),
        (replace(GOOD, version=1), "store.older", Level.NOTICE),
        (replace(GOOD, outbox=OutboxCounts(0, 0, 2, None)), "outbox.refused", Level.FAULT),
        (replace(GOOD, former=[FormerStore("e", NOON, "copied", 1, (), None)]), "store.rebuilt", Level.NOTICE),
    ],
)
def test_what_a_store_says(report: StoreReport, code: str, level: Level) -> None:
    assert said(store_findings(report))[code] is level


def test_running_store_is_read_beside_its_writer_and_a_crashed_one_from_a_copy(store: Path) -> None:
    with opened_store(store) as connection:
        assert is_in_use(store)
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        assert inspect_store(store).finding == "ok"
    assert not is_in_use(store)
    assert not is_in_use(store, Path("/no/such/file"))
    log = database_path(store).with_name("terminal.db-wal")
    log.write_bytes(b"what a crash left behind")
    before = files_of(store)
    assert inspect_store(store).rows["terminal_state"] == 1
    assert files_of(store) == before


@pytest.mark.parametrize(
    ("pid", "device", "is_ours"),
    [("{pid}", "{device}", True), ("{pid}", "00:7f", True), ("1", "{device}", True), ("1", "00:7f", False)],
)
def test_file_of_the_same_number_on_another_disk_is_no_lock_of_ours(
    tmp_path: Path, pid: str, device: str, *, is_ours: bool
) -> None:
    lock, locks = tmp_path / "terminal.lock", tmp_path / "locks"
    lock.write_text("4711")
    file = lock.stat()
    ours = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}"
    place = f"{device.format(device=ours)}:{file.st_ino}"
    locks.write_text(
        f"1: POSIX  ADVISORY  READ 9 {place} 0 1\n2: FLOCK  ADVISORY  WRITE {pid.format(pid=4711)} {place} 0 EOF\n"
    )
    assert is_in_use(tmp_path, locks) is is_ours


def test_devices_that_are_gone_forbidden_or_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gun, port = os.openpty()
    path = os.ttyname(port)
    lines = (f"serial:{path}", "serial:/dev/no-such-port", "camera:rtsp://u:geheim@127.0.0.1:1/x", "serial:")
    findings = list(check_devices(lines, None, {}))
    strangers = {"scanner.not_configured", "scanner.no_permission", "scanner.unsupported"}
    assert {code: level for code, level in said(iter(findings)).items() if code not in strangers} == {
        "scanner.found": Level.OK,
        "driver.no_such_device": Level.FAULT,
        "scanner.no_answer": Level.FAULT,
        "driver.spec": Level.FAULT,
    }
    assert "geheim" not in str(findings)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert said(check_devices(lines[:1], None, {}))["driver.permission"] is Level.FAULT
    assert said(check_devices((), None, {}))["scanner.none"] is Level.NOTICE
    os.close(gun)
    os.close(port)


@pytest.mark.parametrize(
    ("device", "level"),
    [
        (DeviceStatus("serial:/dev/x", DeviceState.READY, 3, 0), Level.OK),
        (DeviceStatus("serial:/dev/x", DeviceState.FAILED, 3, 0, "driver.x", WORDS, WORDS), Level.FAULT),
        (DeviceStatus("serial:/dev/x", DeviceState.SILENT, 3, 0, "driver.x", WORDS, WORDS), Level.NOTICE),
    ],
)
def test_running_terminal_speaks_for_its_devices(device: DeviceStatus, level: Level) -> None:
    running = replace(STATUS, devices=(device,))
    assert level in said(check_devices(("serial:/dev/x",), running, {})).values()


def test_every_scanner_is_listed_wherever_it_was_asked_for() -> None:
    configured_one = DeviceStatus("serial:/dev/x", DeviceState.READY, 3, 0)
    at_start = DeviceStatus("serial:/dev/y", DeviceState.LOST, 0, 0, "driver.lost", WORDS, WORDS)
    stranger = Unlisted("/dev/ttyACM9", "Maker", "scanner.unsupported", WORDS, WORDS)
    someones_keyboard = replace(stranger, code="scanner.not_configured", needs_person=False)
    running = replace(STATUS, devices=(configured_one, at_start), unlisted_devices=(stranger, someones_keyboard))
    lines = ("serial:/dev/x", "serial:/dev/z;name=new", "serial:/dev/w;name=new")
    assert said(check_devices(lines, running, {})) == {
        "scanner.ready": Level.OK,
        "scanner.not_in_use": Level.NOTICE,
        "scanner.named_twice": Level.FAULT,
        "driver.lost": Level.FAULT,
        "scanner.unsupported": Level.NOTICE,
    }


def test_scanner_of_the_command_line_is_tried_like_one_of_the_configuration(tmp_path: Path) -> None:
    port = tmp_path / "none"
    for options, lines in (([f"--scanner=serial:{port}"], ()), ([], (f"serial:{port}",))):
        config = written(tmp_path)
        config.write_text(
            config.read_text("utf-8").replace("scanners = []", f"scanners = {json.dumps(lines)}"), "utf-8"
        )
        report = json.loads(yima(config, "--json", *options).output)
        found = {one["code"]: one["words"]["en"] for one in report["findings"]}
        assert found["driver.no_such_device"] == f"serial:{port} is not there"
        assert "scanner.none" not in found


@pytest.mark.req("T-22")
def test_scanner_that_drops_separators_is_named_while_nothing_runs(store: Path, tmp_path: Path) -> None:
    dropped = Advice("scanner.setup.gs_dropped", WORDS, WORDS)
    line = "serial:/dev/no-such-port;name=left"
    profile = Profile("serial:left", line, line, (), (), (dropped,), gs_ok=False)
    with opened_store(store) as connection, connection.begin():
        save_profile(connection, profile, NOON)
    before = files_of(store)
    findings = json.loads(yima(written(tmp_path), f"--scanner={line}", "--json").output)["findings"]
    (found,) = [one for one in findings if one["code"] == "scanner.drops_gs"]
    assert (found["level"], "serial:left" in found["words"]["zh"]) == ("notice", True)
    assert "/setup" in found["next_step"]["en"]
    assert files_of(store) == before


def test_profiles_of_a_store_that_cannot_tell_are_none(store: Path, tmp_path: Path) -> None:
    assert inspect_profiles(tmp_path / "none") == {}
    database_path(store).write_bytes(b"no database")
    assert inspect_profiles(store) == {}


@pytest.mark.contract
def test_line_is_tried_up_to_the_login(broker: BrokerProcess, tmp_path: Path) -> None:
    config = configured(tmp_path, link={"port": broker.port}, centre={"public_key": "0" * 64})
    assert said(check_line(config)) == {"line.reached": Level.OK, "line.login": Level.OK}


def test_line_that_leads_nowhere(tmp_path: Path) -> None:
    key = {"public_key": "0" * 64}
    assert said(check_line(configured(tmp_path, link={"is_enabled": False}))) == {"line.switched_off": Level.NOTICE}
    refused = configured(tmp_path, link={"port": free_port()}, centre=key)
    assert said(check_line(refused)) == {"link.cannot_connect.refused": Level.NOTICE}
    open_file = tmp_path / "password"
    open_file.write_text("x")
    open_file.chmod(0o644)
    careless = configured(tmp_path, link={"username": "t", "password_file": open_file}, centre=key)
    assert said(check_line(careless)) == {"config.secret_file": Level.FAULT}


def test_broker_that_hangs_up_is_no_broker() -> None:
    def hang_up() -> None:
        listener.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=hang_up, daemon=True).start()
        loss = try_login(LinkSettings("x", port=listener.getsockname()[1]))
    assert loss is not None
    assert loss.cause is Cause.CLOSED


@pytest.mark.parametrize(
    ("state", "restarts", "code"),
    [("active", "0", "service.active"), ("active", "9", "service.restarts"), ("failed", "0", "service.not_active")],
)
def test_unit_of_the_service(state: str, restarts: str, code: str) -> None:
    assert unit_finding({"ActiveState": state, "Result": "exit-code", "NRestarts": restarts}).code == code


def test_running_terminal_speaks_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    up = Lamps(sync=Lamp(LampState.OK, "sync.up", WORDS))
    status = replace(STATUS, lamps=up, troubles=(Trouble("disk.low", WORDS, WORDS),))
    monkeypatch.setattr(service, "fetch_status", lambda _: status)
    monkeypatch.setattr(service, "ask_systemd", lambda: None)
    config = configured(tmp_path)
    assert said(check_service(config, Asked(config))) == {
        "edge.running": Level.OK,
        "sync.up": Level.OK,
        "disk.low": Level.FAULT,
    }


def test_what_the_doctor_sees_itself_is_not_said_again_by_the_terminal(
    tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    low = Trouble("disk.low", Words("数据磁盘只剩 150 MB", "150 MB are left"), WORDS)
    monkeypatch.setattr(service, "fetch_status", lambda _: replace(STATUS, troubles=(low,)))
    monkeypatch.setattr("cli.checks.data.shutil.disk_usage", lambda _: type("Usage", (), {"free": 150_000_000}))
    for more in ("", "nonsense = 1\n"):
        told = [one["code"] for one in json.loads(yima(written(tmp_path, more), "--json").output)["findings"]]
        assert told.count("disk.low") == 1
        assert "edge.running" in told


def test_states_are_told_in_words() -> None:
    for state in DeviceState:
        assert state.value not in DEVICE_STATES[state].zh
    for level in QuotaState:
        assert level.value not in QUOTA_STATES[level].zh


def test_terminal_that_does_not_say_how_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "ask_systemd", lambda: None)
    config = configured(tmp_path)
    asked = Asked(config)
    assert said(check_service(config, asked)) == {"edge.not_running": Level.NOTICE}

    def refuse(_: EdgeConfig) -> None:
        raise StatusRefusedError(WORDS)

    monkeypatch.setattr(service, "fetch_status", refuse)
    assert said(check_service(config, Asked(config))) == {"edge.status_refused": Level.FAULT}
    exposed = configured(tmp_path, api={"is_exposed": True})

    def want_sign_in(_: EdgeConfig) -> None:
        raise SignInWantedError(WORDS)

    monkeypatch.setattr(service, "fetch_status", want_sign_in)
    assert said(check_service(exposed, Asked(exposed))) == {"edge.sign_in": Level.NOTICE}
