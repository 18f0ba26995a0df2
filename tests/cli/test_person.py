"""Trying the devices that tell who a person is: what was read is shown masked, and nothing else of it anywhere."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from cli.redaction import gate_for
from drivers.card.errors import CardRefusedError
from drivers.card.simulated import IdCard, InsuranceCard, SimulatedCardReader
from drivers.pinpad.simulated import SimulatedPinPad
from drivers.vendor.errors import VendorFileMissingError
from drivers.vendor.twin import Fault
from drivers.voucher.errors import VoucherRefusedError
from drivers.voucher.simulated import Person, SimulatedVoucherTerminal
from edge.config import EdgeConfig
from edge.counter_devices import DeviceNotConfiguredError
from tests.edge.test_config import MINIMAL

ROOT = Path(__file__).parents[2]
PERSON = Person("350203197001011236", "陈小安", "350200", "女", "1970.01.01")
CARD = InsuranceCard(PERSON.id_number, PERSON.name, PERSON.district, "X00000019", "350200D156000005BF7C")
ID_CARD = IdCard("110105198801010014", "李宁", "男", "19880101")
PIN = "739182"
INSTITUTION = '[institution]\ncode = "P35020000001"\nname = "安心药店"\n'


def yima(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [*map(str, words)])


@pytest.mark.parametrize("verb", ["voucher", "face"])
def test_a_code_and_a_face_are_read_and_shown_masked(tmp_path, verb):
    twin = SimulatedVoucherTerminal(tmp_path)
    (twin.hold_code if verb == "voucher" else twin.look_in)(PERSON)
    result = yima("person", verb, "--simulated", tmp_path)
    assert result.exit_code == 0, result.output
    for shown in ("医保电子凭证", "陈**", "**************1236", "350200", "女"):
        assert shown in result.stdout
    assert "请" in result.stderr


@pytest.mark.parametrize(("verb", "card", "cert_type"), [("card", CARD, "03"), ("id", ID_CARD, "02")])
def test_cards_are_read_and_told_to_programs_masked(tmp_path, verb, card, cert_type):
    SimulatedCardReader(tmp_path).lay(card)
    result = yima("person", verb, "--simulated", tmp_path, "--json")
    record = json.loads(result.stdout)
    assert (result.exit_code, record["cert_type"]) == (0, cert_type)
    assert record["id_number"] == "*" * 14 + card.id_number[-4:]
    assert record["cert_number"] == ("*********" if verb == "card" else record["id_number"])


def test_a_refusal_is_an_error_with_its_code(tmp_path):
    SimulatedVoucherTerminal(tmp_path / "v").hold_code(PERSON, fault=Fault.REFUSE)
    assert isinstance(yima("person", "voucher", "--simulated", tmp_path / "v").exception, VoucherRefusedError)
    SimulatedCardReader(tmp_path / "c")
    assert isinstance(yima("person", "card", "--simulated", tmp_path / "c").exception, CardRefusedError)


@pytest.mark.parametrize("verb", ["voucher", "face", "card", "id", "pin"])
def test_what_is_not_configured_is_said(tmp_path, verb):
    config = tmp_path / "edge.toml"
    config.write_text(MINIMAL, encoding="utf-8")
    assert isinstance(yima("person", verb, "--config", config).exception, DeviceNotConfiguredError)


@pytest.mark.parametrize("verb", ["voucher", "face", "card", "id"])
def test_nobody_is_asked_for_anything_where_the_library_or_the_twin_is_not_there(tmp_path, verb):
    result = yima("person", verb, "--simulated", tmp_path / "nowhere")
    assert isinstance(result.exception, VendorFileMissingError)
    assert result.stderr == ""


def test_the_configuration_names_the_devices(tmp_path):
    config = tmp_path / "edge.toml"
    config.write_text(
        f'{MINIMAL}{INSTITUTION}[voucher]\nkind = "simulated"\nfolder = "v"\n'
        '[card]\nkind = "simulated"\nfolder = "c"\n',
        encoding="utf-8",
    )
    SimulatedVoucherTerminal(tmp_path / "v").hold_code(PERSON)
    SimulatedCardReader(tmp_path / "c").lay(CARD)
    for verb in ("voucher", "card"):
        assert yima("person", verb, "--config", config).exit_code == 0
    assert yima("person", "pin", "--reader", "--config", config).exit_code == 0


@pytest.fixture
def typing(tmp_path: Path) -> Iterator[None]:
    """A person who types the PIN as soon as the pad asks for it."""
    pad, has_ended = SimulatedPinPad(tmp_path / "pinpad"), threading.Event()

    def type_pin() -> None:
        while not has_ended.wait(0.01):
            if pad.is_asking:
                pad.press(f"{PIN}\r")
                return

    person = threading.Thread(target=type_pin)
    person.start()
    yield
    has_ended.set()
    person.join()
    pad.unplug()


def test_nothing_of_a_person_is_left_in_any_output_or_file(tmp_path, typing, caplog):
    """The whole number, the token and the PIN are nowhere but where the twins' players put them."""
    del typing
    desks = {tmp_path / "v" / "desk.json", tmp_path / "c" / "desk.json"}
    SimulatedVoucherTerminal(tmp_path / "v").hold_code(PERSON)
    SimulatedCardReader(tmp_path / "c").lay(CARD)
    before = {path: path.stat().st_mtime_ns for path in desks}
    told = ""
    for verb, folder in (("voucher", "v"), ("card", "c"), ("pin", ".")):
        for more in ((), ("--json",)) if verb != "pin" else ((),):
            result = yima("person", verb, "--simulated", tmp_path / folder, *more)
            assert result.exit_code == 0, result.output
            told += result.stdout + result.stderr
    SimulatedCardReader(tmp_path / "c").lay(CARD, fault=Fault.GARBAGE)
    told += repr(yima("person", "card", "--simulated", tmp_path / "c").exception)
    secrets = (PERSON.id_number, PERSON.id_number[:-1], PERSON.name, CARD.number, CARD.serial, PIN, "350200ec")
    for secret in secrets:
        assert secret not in told + caplog.text
        for path in tmp_path.rglob("*"):
            if path.is_file() and path not in desks:
                assert secret not in path.read_text(encoding="utf-8", errors="replace"), path
    assert before.keys() == desks


def test_a_secret_of_the_card_library_goes_into_no_support_bundle(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("Xk29-card\n", encoding="utf-8")
    start = {"PASSWORD": {"file": str(secret)}, "IP": "10.0.0.5"}
    terminal = {"id": "counter-1", "area": "350200", "institution": "P1"}
    gate = gate_for(EdgeConfig(terminal=terminal, card={"kind": "heasec", "start": start}))
    assert gate.text("Init Xk29-card 10.0.0.5") == "Init … 10.0.0.5"


def test_ctrl_c_ends_the_command_and_the_process_that_holds_the_library(tmp_path):
    SimulatedVoucherTerminal(tmp_path)
    command = [sys.executable, "-m", "cli.app", "person", "voucher", "--simulated", str(tmp_path)]
    # Whoever runs the tests in the background has this signal ignored, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        assert "医保码" in running.stderr.readline()
        child = _child_of(running.pid)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=20)
    assert (running.returncode, "Traceback" in said) == (130, False), said
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def _child_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if found := children.read_text(encoding="ascii").split():
            return int(found[0])
        time.sleep(0.02)
    raise AssertionError
