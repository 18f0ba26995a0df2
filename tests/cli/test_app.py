"""The command as a whole: what is typed wrongly, and what is not installed, is said in both languages with a code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from rich.cells import cell_len
from typer._click.exceptions import UsageError
from typer.core import TyperGroup
from typer.main import get_command

import cli.app
import cli.edge
import cli.parts
import cli.server
from cli.app import PARTS, main
from cli.complaint import Complaint, show_complaint
from cli.mistakes import complaint_about
from cli.parts import Part
from codes.errors import YimaError
from codes.words import Words

ROOT = Path(__file__).parents[2]


@pytest.fixture
def yima(monkeypatch, capsys):
    """Run the command line; return its exit code, what it printed and what it complained about."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["yima", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return ended.value.code or 0, out, err

    return run


def test_the_first_page_of_help_loads_no_part() -> None:
    script = "import sys, cli.app; sys.argv[1:] = ['--help']; cli.app.main()"
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert all(name in shown.stdout for name in PARTS)
    assert "sqlalchemy" not in shown.stderr
    assert "cv2" not in shown.stderr


EVERY_PART = [
    (group, name, part)
    for group, parts in (("", PARTS), ("server ", cli.server.PARTS), ("edge ", cli.edge.PARTS))
    for name, part in parts.items()
]


@pytest.mark.parametrize(("group", "name", "part"), EVERY_PART, ids=[group + name for group, name, _ in EVERY_PART])
def test_a_part_is_summed_up_in_its_own_words(group: str, name: str, part: Part) -> None:
    words = cli.parts.load_part(name, part).help
    assert words is not None
    assert words.partition("\n\n")[0].replace("\n", " ") == part.summary


@pytest.mark.parametrize(
    ("typed", "code", "worded", "asks"),
    [
        ("reed x", "unknown_command", ("没有命令 reed。是否想用 read？", "Did you mean read?"), "yima --help"),
        ("server nope", "unknown_command", ("没有命令 nope", "no command nope"), "yima server --help"),
        ("decode --jsn a", "unknown_option", ("没有选项 --jsn。是否想用 --json", "no option --jsn"), "decode --help"),
        ("read -x", "unknown_option", ("没有选项 -x", "no option -x"), "yima read --help"),
        ("decode", "missing", ("缺少 IMAGES", "IMAGES is missing"), "yima decode --help"),
        ("server key", "missing", ("缺少 --config", "--config is missing"), "yima server key --help"),
        ("broker run --port", "missing", ("选项 --port 后面缺少值", "--port needs a value"), "--help"),
        ("read x --json=1", "value", ("选项 --json 不带值", "--json takes no value"), "--help"),
        ("decode --budget-ms x a", "value", ("--budget-ms 应为不小于 1 的整数", "whole number, 1 or more"), "--help"),
        ("broker run --port 70000", "value", ("--port 应为 1 到 65535 的整数", "from 1 to 65535"), "broker run --help"),
        (
            "chaos --minutes 0",
            "value",
            ("--minutes 应为不小于 0.1 的数", "must be a number, 0.1 or more"),
            "chaos --help",
        ),
        ("demo --seed x", "value", ("--seed 应为整数", "--seed must be a whole number"), "yima demo --help"),
        (
            "server user add li --config c --role boss",
            "value",
            ("--role 应为 admin、operator、inspector 之一", "--role must be one of admin, operator, inspector"),
            "server user add --help",
        ),
        ("broker run extra", "extra", ("多余的参数：extra", "Too many arguments: extra"), "yima broker run --help"),
        ("read", "conflict", ("两者选一", "not both"), "--help"),
    ],
)
def test_a_mistake_is_named_in_both_languages_with_a_code_and_a_next_step(yima, typed, code, worded, asks):
    zh, en = worded
    exit_code, out, err = yima(*typed.split())
    first, second, third, fourth = err.splitlines()

    assert (exit_code, out) == (2, "")
    assert first.startswith(f"usage.{code}  ")
    assert zh in first
    assert en in second
    assert third.startswith("→ ")
    assert asks in third
    assert asks in fourth


def test_a_mistake_that_we_have_no_words_for_is_still_given_a_code():
    complaint = complaint_about(UsageError("Something new."))
    assert complaint.code == "usage.error"
    assert "Something new." in complaint.words.zh


def test_no_command_prints_the_help(yima):
    exit_code, out, err = yima()
    assert exit_code == 2
    assert "scanner" in out
    assert err == ""


def test_version_and_help_are_no_mistakes(yima):
    assert yima("--version")[0] == 0
    assert yima("read", "--help")[0] == 0


def test_a_commands_own_exit_code_is_kept(yima):
    assert yima("read", "83857930000879766660", "--json")[0] == 0
    assert yima("read", "???", "--json")[0] == 1


def command_that(raises: Exception):
    def command() -> None:
        raise raises

    return command


@pytest.fixture
def replaced(monkeypatch):
    """Put a command in the place of `yima read`."""

    def replace(command) -> None:
        monkeypatch.setattr("cli.read.read", command)

    return replace


def test_an_error_of_ours_is_shown_as_it_is_written(yima, replaced):
    class FaultError(YimaError):
        code = "test.fault"
        next_step = Words("改 [store]", "Change [store]")

    replaced(command_that(FaultError(Words("[store] 坏了", "[store] is broken"))))
    exit_code, out, err = yima("read")
    assert (exit_code, out) == (2, "")
    assert err.splitlines() == ["test.fault  [store] 坏了", "  [store] is broken", "→ 改 [store]", "  Change [store]"]


def test_a_question_that_is_not_answered_cancels(yima, replaced):
    replaced(command_that(typer.Abort()))
    assert yima("read") == (1, "", "已取消 / Cancelled\n")


@pytest.mark.parametrize(
    "arguments", [("scanner",), ("scanner", "try", "--beep"), ("edge", "run", "--config", "edge.toml")]
)
def test_a_part_that_is_not_installed_says_what_to_run(yima, monkeypatch, arguments):
    there = cli.parts.importlib.import_module

    def import_module(name: str) -> object:
        if name == "cli.edge":
            return there(name)
        raise ModuleNotFoundError("No module named 'serial'", name="serial")

    monkeypatch.setattr(cli.parts.importlib, "import_module", import_module)
    exit_code, out, err = yima(*arguments)

    assert (exit_code, out) == (2, "")
    first, second, third, fourth = err.splitlines()
    assert first == "install.missing  缺少组件 serial，此命令需要 yima[edge]。"
    assert "serial is not installed" in second
    assert f"make -B -C {ROOT} setup" in third
    assert f"make -B -C {ROOT} setup" in fourth
    assert "\nsetup:" in (ROOT / "Makefile").read_text(encoding="utf-8"), "what is advised exists"


def test_outside_a_checkout_the_advice_names_the_folder_to_install_from(tmp_path):
    words = cli.parts._how_to_install(PARTS["edge"], tmp_path)
    assert words.en.startswith(f"Run: {sys.executable} -m pip install ")
    assert "[edge]" in words.zh


def test_where_a_bundle_was_installed_the_advice_is_its_installer(tmp_path, monkeypatch):
    (tmp_path / cli.parts.INSTALLED_MARK).touch()
    monkeypatch.setattr(cli.parts.sys, "prefix", str(tmp_path))
    words = cli.parts._how_to_install(PARTS["edge"], tmp_path)
    assert f"sudo rm {tmp_path / '.complete'}" in words.zh
    assert "install.sh" in words.en
    assert "pip" not in words.zh + words.en
    assert '"$release/.complete"' in (ROOT / "systemd" / "install.sh").read_text(encoding="utf-8"), (
        "the mark is its mark"
    )


def test_a_module_of_ours_that_is_missing_is_no_matter_of_extras(monkeypatch):
    monkeypatch.setitem(PARTS, "broken", Part("…", "cli.no_such_module", "x", None))
    with pytest.raises(ModuleNotFoundError):
        cli.parts.load_part("broken", PARTS["broken"])


def every_command(command, path=()):
    """Yield each command with its path."""
    yield path, command
    if isinstance(command, TyperGroup):
        context = command.make_context("yima", [], resilient_parsing=True)
        for name in command.list_commands(context):
            yield from every_command(command.get_command(context, name), (*path, name))


COMMANDS = [(path, command) for path, command in every_command(get_command(cli.app.app))]


def bare(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) or "yima" for path, _ in COMMANDS])
def test_help_is_whole_and_in_both_languages(yima, monkeypatch, path, command):
    monkeypatch.setenv("COLUMNS", "80")
    exit_code, out, _ = yima(*path, "--help")
    assert exit_code == 0
    if len(path) == 1 or command.params:
        assert " / " in command.help
    for param in command.params:
        words = getattr(param, "help", None)
        assert words is not None, param.name
        assert " / " in words, param.name
        assert bare(words) in bare(out), "no letter of it is cut off"
    assert "..." not in out.partition("Commands:")[2], "each command's sentence fits"


def run(*arguments: str, **options) -> subprocess.CompletedProcess:
    command = (sys.executable, "-m", "cli.app", *arguments)
    return subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, timeout=60, check=False, **options)


@pytest.mark.parametrize("arguments", [("read", "x", "--json"), ("read", "x"), ("--help",)])
def test_a_full_disk_is_said_and_not_traced(arguments):
    with Path("/dev/full").open("wb") as full:
        done = run(*arguments, stdout=full)
    told = done.stderr.decode()
    assert done.returncode == 2
    assert told.startswith("system.refused  操作被系统拒绝：磁盘已满\n")
    assert "Traceback" not in told
    assert len(told.splitlines()) == 4


def test_closed_streams_are_empty_ones():
    program = f"exec {sys.executable} -m cli.app read --stdin <&- >&-"
    done = subprocess.run(["sh", "-c", program], cwd=ROOT, stderr=subprocess.PIPE, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("arguments", [("nope",), ("read", "83857930000879766660")])
def test_a_screen_without_chinese_gets_escapes(arguments):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = run(*arguments, stdout=subprocess.PIPE, env=environment)
    assert b"Traceback" not in done.stderr
    assert b"\\u" in done.stdout + done.stderr


def test_a_complaint_shows_a_device_as_it_is_written(capsys):
    words = Words("无法打开 camera:x: 与 [store]", "Cannot open camera:x: and [store]")
    show_complaint(Complaint("driver.lost:x:", words, Words("检查 :camera:", "Look at :camera:")))

    told = capsys.readouterr().err
    for written in ("camera:x: 与 [store]", "camera:x: and [store]", "检查 :camera:", "Look at :camera:"):
        assert written in told


def test_a_complaint_fits_the_screen_and_leaves_a_command_in_one_piece(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    words = Words("无法写入文件，" * 8, "The file cannot be written. " * 8)
    command = "请执行：sudo -u yima-edge yima doctor --config /etc/yima/edge.toml"
    show_complaint(Complaint("outbox.file", words, Words(command, "Look at the disk. " * 8)))

    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().err).splitlines()
    assert f"→ {command}" in lines
    assert max(cell_len(line) for line in lines if command not in line) <= 40
    assert len(lines) > 8
