"""`yima scanner`: listing, the calibration sheet, and the test of a scanner that hangs on a pseudo-terminal."""

from __future__ import annotations

import asyncio
import functools
import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from typer.testing import CliRunner

import cli.scanner
from cli.mistakes import UsageMistakeError
from cli.scanner import NameTakenError, SheetNotWrittenError, scanner_app
from codes.reading import Scan
from codes.words import Words
from drivers.errors import DeviceMissingError, DeviceSpecError
from drivers.scanner import open_scanner, parse_spec
from drivers.scanner.discovery import Attached
from drivers.scanner.factory import DriverNotInstalledError
from drivers.scanner.selftest import SHEET, TRIAL, Finding
from drivers.scanner.simulated.habit import Habit
from drivers.scanner.simulated.serial import SimulatedSerialScanner
from drivers.scanner.simulated.twin import Fault
from drivers.scanner.spec import ScannerKind
from drivers.scanner.trial import Step
from drivers.scanner.unlisted import Unlisted
from edge.store.database import visited_store
from edge.store.scanner_profiles import all_profiles, find_gs_ok

ROOT = Path(__file__).parents[2]
LONG = "Very-Long-Maker-Name Model-Number-1234567890 with a description that fills a line"
GUN = Attached(ScannerKind.SERIAL, "/dev/ttyACM0", LONG, usb_serial="19351B0A4C0000000000000000000000001234")

FORBIDDEN = Unlisted(
    GUN.node, LONG, "scanner.no_permission", Words("没有权限", "no permission"), Words("加入用户组", "join the group")
)
STRANGE = Unlisted(
    "/dev/hidraw7", "Maker", "scanner.unsupported", Words("不受支持", "not supported"), Words("切换", "switch it")
)

yima = functools.partial(CliRunner(env={"COLUMNS": "40"}).invoke, scanner_app)


@pytest.fixture
def plugged_in(monkeypatch):
    def plug(*attached, unlisted=()):
        monkeypatch.setattr(cli.scanner, "list_attached", lambda: attached)
        monkeypatch.setattr(cli.scanner, "list_unlisted", lambda specs: () if specs else unlisted)

    return plug


def test_the_line_to_copy_is_shown_whole(plugged_in):
    plugged_in(GUN)
    result = yima(["list"])
    assert result.exit_code == 0
    assert f'scanners = ["{GUN.suggestion}"]' in result.output
    assert LONG in result.output


def test_what_is_plugged_in_is_told_to_programs(plugged_in):
    plugged_in(GUN)
    assert json.loads(yima(["list", "--json"]).output) == {
        "kind": "serial",
        "node": "/dev/ttyACM0",
        "label": LONG,
        "spec": GUN.suggestion,
    }


def test_what_cannot_be_used_is_listed_with_the_reason(plugged_in):
    plugged_in(GUN, unlisted=(FORBIDDEN, STRANGE))
    result = yima(["list"])
    for told in (FORBIDDEN.words.zh, FORBIDDEN.next_step.en, STRANGE.words.en, "scanner.unsupported", STRANGE.node):
        assert told in result.output
    assert result.output.count(GUN.node) == 1
    first, second = map(json.loads, yima(["list", "--json"]).output.splitlines())
    assert (first["spec"], first["code"], first["reason"]["zh"]) == (GUN.suggestion, FORBIDDEN.code, "没有权限")
    assert (second["kind"], second["spec"], second["code"]) == (None, None, "scanner.unsupported")


def test_what_is_not_configured_is_told_only_where_a_configuration_is_given(plugged_in, tmp_path):
    stranger = replace(FORBIDDEN, code="scanner.not_configured")
    plugged_in(GUN, unlisted=(stranger,))
    assert "not_configured" not in yima(["list"]).output
    config = tmp_path / "edge.toml"
    terminal = '[terminal]\nid = "c"\narea = "350200"\ninstitution = "P"\n'
    config.write_text(terminal)
    assert "not_configured" in yima(["list", "--config", str(config)]).output
    config.write_text(f'scanners = ["{GUN.suggestion}"]\n{terminal}')
    assert "not_configured" not in yima(["list", "--config", str(config)]).output


def test_nothing_plugged_in_says_what_to_do(plugged_in):
    plugged_in()
    result = yima(["list"])
    assert (result.exit_code, "检查数据线" in result.output, "check the cable" in result.output) == (0, True, True)
    assert yima(["list", "--json"]).output == ""


@pytest.mark.parametrize(("name", "begins"), [("sheet.html", b"<!doctype html>"), ("sheet.PNG", b"\x89PNG")])
def test_the_sheet_is_written(tmp_path, name, begins):
    assert yima(["sheet", "--out", str(tmp_path / name)]).exit_code == 0
    assert (tmp_path / name).read_bytes().startswith(begins)


def test_a_sheet_that_cannot_be_written_says_why(tmp_path):
    assert isinstance(yima(["sheet", "--out", str(tmp_path / "none" / "s.html")]).exception, SheetNotWrittenError)
    assert isinstance(yima(["sheet", "--out", str(tmp_path / "s.pdf")]).exception, UsageMistakeError)


def test_a_box_without_the_camera_extra_says_what_draws_the_sheet(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "drivers.scanner.sheet", raising=False)
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert isinstance(yima(["sheet", "--out", str(tmp_path / "s.html")]).exception, DriverNotInstalledError)


def test_a_scanner_that_cannot_be_understood_is_refused():
    assert isinstance(yima(["test", "ttyACM0"]).exception, DeviceSpecError)


def try_out(
    gun: SimulatedSerialScanner, *options: str, fault: Fault | None = None, command: str = "test"
) -> tuple[int, str, str]:
    """Run the command as a technician does: wait for each prompt, then pull the trigger."""

    async def run() -> tuple[int, str, str]:
        words = (sys.executable, "-m", "cli.app", "scanner", command, gun.spec, *options)
        process = await asyncio.create_subprocess_exec(
            *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        prompts = b""
        try:
            async with asyncio.timeout(60):
                async for line in process.stderr:
                    prompts += line
                    if "请扫描" in line.decode():
                        symbol = SHEET[int(line[1:2]) - 1]
                        await gun.scan(symbol.code, symbol.symbology, fault=fault)
                out = await process.stdout.read()
                return await process.wait(), out.decode(), prompts.decode()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    try:
        return asyncio.run(run())
    finally:
        gun.close()


@pytest.fixture
def gun(tmp_path):
    return functools.partial(SimulatedSerialScanner, tmp_path / "gun", random=Random(7), sends_aim=True)


@pytest.mark.req("T-22")
def test_a_good_scanner_exits_0(gun):
    exit_code, out, prompts = try_out(gun())
    assert exit_code == 0, prompts
    assert "扫码枪设置正确" in out
    assert out.count("✓") == 3
    assert "[3/3] 请扫描校准页上的 QR 二维码" in prompts


@pytest.mark.req("T-22")
def test_a_scanner_that_drops_the_separator_exits_1_and_is_named(gun):
    exit_code, out, prompts = try_out(gun(), "--json", fault=Fault.DROP_GS)
    assert exit_code == 1, prompts
    said = json.loads(out)
    assert said["is_good"] is False
    (finding,) = [finding for symbol in said["symbols"] for finding in symbol["findings"]]
    assert finding["code"] == "scanner.selftest.gs_missing"
    assert "没有发送分隔符" in finding["zh"]
    assert "drops the group separator" in finding["en"]
    assert [symbol["is_read"] for symbol in said["symbols"]] == [True, True, True]


def test_a_silent_scanner_exits_2_with_a_next_step(tmp_path):
    gun = SimulatedSerialScanner(tmp_path / "gun", random=Random(7), patience_s=0)
    gun.scan = lambda *_args, **_options: asyncio.sleep(0)
    exit_code, out, prompts = try_out(gun, "--timeout", "1")
    assert (exit_code, out) == (2, "")
    assert "scanner.selftest.silent" in prompts
    assert "→" in prompts


def found(setting: str) -> Finding:
    return Finding("scanner.selftest.x", TRIAL[0].words, setting)


def test_the_line_to_write_has_the_settings_that_put_things_right():
    steps = (Step(TRIAL[0], Scan(b"x"), (found("layout=fr"), found(""), found("gs=down"))),)
    suggested = cli.scanner._suggestion("keyboard:/dev/input/event3;layout=us;name=left", steps)
    assert suggested == "keyboard:/dev/input/event3;layout=fr;name=left;gs=down"


@pytest.mark.req("C-04")
def test_a_persons_code_in_place_of_the_sheet_is_not_shown():
    step = Step(TRIAL[0], Scan(b"11010519491231002X"), (found(""),))
    assert "110105194912310" not in json.dumps(cli.scanner._report("serial:/dev/x", (step,)))


def test_findings_are_shown_in_both_languages_with_the_line_to_write(capsys):
    cli.scanner._show("serial:/dev/x", (Step(TRIAL[1], Scan(b"a\x1db"), (found("gs=~"),)), Step(TRIAL[2], None, ())))
    out = capsys.readouterr().out
    assert "✗ 1. GS1 DataMatrix 二维码 / GS1 DataMatrix  a<GS>b" in out
    assert 'scanners = ["serial:/dev/x;gs=~"]' in out


def configured(tmp_path: Path, line: str) -> Path:
    """Write the configuration of a terminal with this scanner."""
    path = tmp_path / "edge.toml"
    path.write_text(
        f'scanners = ["{line}"]\n[terminal]\nid = "T-1"\narea = "350200"\ninstitution = "P1"\n'
        f'[store]\nfolder = "{tmp_path / "store"}"\n',
        "utf-8",
    )
    return path


@pytest.mark.req("T-22")
def test_setup_learns_a_scanner_and_keeps_its_profile_for_the_terminal(gun, tmp_path):
    scanner = gun(suffix=b"\r\n", habit=Habit(gs=b"^"))
    line = f"{scanner.spec};name=left"
    config = configured(tmp_path, line)
    sheet = tmp_path / "sheet.svg"
    options = ("--config", str(config), "--sheet", str(sheet), "--json")
    exit_code, out, prompts = try_out(scanner, *options, command="setup")
    assert exit_code == 1, prompts
    said = json.loads(out)
    assert (said["device"], said["suggestion"]) == ("serial:left", f"{line};gs=^;suffix=crlf;aim=on")
    assert [advice["code"] for advice in said["advice"] if advice["is_fault"]] == ["scanner.setup.gs_replaced"]
    assert (said["gs_ok"], said["is_kept"]) == (False, True)
    assert str(sheet) in prompts
    assert sheet.read_bytes().startswith(b"<svg")
    with visited_store(tmp_path / "store") as connection, connection.begin():
        assert all_profiles(connection)[said["device"]].profile.proposed == said["suggestion"]
        # What the terminal's own driver of that line calls itself is what the counter asks by.
        assert find_gs_ok(connection, open_scanner(parse_spec(line)).device) is False


def test_setup_keeps_nothing_under_the_name_of_another_scanner(tmp_path):
    config = configured(tmp_path, "serial:/dev/yima-right;name=left")
    refused = yima(["setup", "serial:/dev/yima-left;name=left", "--config", str(config)])
    assert isinstance(refused.exception, NameTakenError)
    unknown = yima(["setup", "serial:/dev/yima-left", "--config", str(config)])
    assert "结果以 serial:/dev/yima-left 保存" in unknown.output
    assert isinstance(unknown.exception, DeviceMissingError)


@pytest.mark.req("T-22")
def test_setup_says_in_words_what_to_do_at_a_scanner_that_drops_the_separator(gun):
    exit_code, out, prompts = try_out(gun(habit=Habit(gs=b"")), command="setup")
    assert exit_code == 1, prompts
    assert "✗ 这把扫码枪丢掉了分隔符 GS" in out
    assert "[scanner.setup.gs_dropped]" in out
    assert "→ Scan the programming code of the scanner's manual that lets GS through" in out
    assert "分隔符 GS：被丢掉" in out
    assert "请扫描 HIBC 码（小写）" in prompts


def test_setup_without_a_device_says_so_and_asks_nobody_to_scan(tmp_path):
    words = (sys.executable, "-m", "cli.app", "scanner", "setup", f"serial:{tmp_path / 'none'}")
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "driver.no_such_device" in done.stderr
    assert "请扫描" not in done.stderr


def test_setup_is_left_with_ctrl_c_without_a_trace(gun):
    scanner = gun()
    # What a shell starts in the background ignores Ctrl-C, and so would all that these tests start from there.
    heeding = ("env", "--default-signal=INT")
    words = (*heeding, sys.executable, "-m", "cli.app", "scanner", "setup", scanner.spec)
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if "请扫描" in line:
                break
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    scanner.close()
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
