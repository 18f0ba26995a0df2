"""The bundle tells enough to help and nothing that must not be told: canaries in every input, none in the output."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import support_bundle
from cli.app import app
from cli.redaction import Gate, gate_for
from codes.reading import Scan
from edge.config import EdgeConfig, load_config
from edge.store.database import opened_store
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.conftest import free_port
from tests.edge.scene import EPOCH, ID_NUMBER, TERMINAL, TRACE_1, UDI_RAW, VOUCHER, FakeClock, Shop
from tests.web.certificates import written_pair
from wire.keys import load_or_create_key

PASSWORD = "k7mwq-Broker-Canary"
CAMERA_PASSWORD = "CameraCanary9"
OPERATOR = "chenxiaoming"
TYPED = "陈小明 13800001111 CanaryTypedName"
TOKEN = "CanaryTokenAbcdefghijklmnop123"
PHONE = "13912345678"
LOG = f"""\
{{"event": "scan.recorded", "raw": "{TRACE_1}", "operator": "{OPERATOR}", "password": "{PASSWORD}"}}
{{"event": "x", "detail": "patient {ID_NUMBER} of {VOUCHER} called {PHONE}", "nested": {{"token": "{TOKEN}"}}}}
Traceback: connect rtsp://admin:{CAMERA_PASSWORD}@10.0.0.9/ch1 failed, password={PASSWORD}
Authorization: Bearer {TOKEN}
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49
-----END PRIVATE KEY-----
"""
HOSTILE = (
    "id 350203 19900101 123X of 350203-19900101-1234 and ３５０２０３１９９００１０１１２３４",
    "called 138 0000 1111, +86 139-1234-5678, 0592-5551234, 13700002222",
    "card 6222 0212 3456 7890 123 psn_no=A1234567 psn_name=欧阳娜娜",
    "姓名：诸葛亮，身份证号: 35020319900101123x，医保编号：B7654321，密码：mima-canary",
    "{'certno': 'C0000001', 'patientName': '司马懿'}",
    "mqtt://user:pa/ss@w0rd@10.0.0.1:1883 https://h/x?access_token=tok-canary&b=1 Basic dXNlcjpwYXNz",
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVcB/UNPxalR9zDYA",
    f"sold {TRACE_1} (01)06901234567892(21)SERIALNUMBEROF26CHARACTERS",
    OPERATOR,
    '{"phone": 13912345678, "id": 350203199001011234, "token": 4711, "accessToken": "short", "patientName": "曹操"}',
    '{"detail": "-----BEGIN EC PRIVATE KEY-----\\nMHcCAQEE\\n-----END EC PRIVATE KEY-----"}',
)
HIDDEN_IN_HOSTILE = (
    *("19900101", "３５０２０３", "0000 1111", "1234-5678", "5551234", "13700002222", "0212 3456", "A1234567", "娜娜"),
    *("诸葛", "B7654321", "mima-canary", "C0000001", "司马懿", "w0rd", "pa/ss", "tok-canary", "dXNlcjpwYXNz"),
    *("MIGHAgEA", "UNPxalR9zDYA", TRACE_1[7:], "SERIALNUMBEROF", OPERATOR, "13912345678", "350203199001011234"),
    *("4711", "short", "曹操", "MHcCAQEE"),
)
CANARIES = (
    PASSWORD,
    CAMERA_PASSWORD,
    OPERATOR,
    "CanaryTypedName",
    "陈小明",
    TOKEN,
    PHONE,
    ID_NUMBER,
    VOUCHER,
    TRACE_1,
    TRACE_1[:14],
    "LOT1",
    "CommentCanary",
    "MIGHAgEAMBMGByqGSM49",
    "UserCanary",
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A terminal with a secret or a person in everything that it reads."""
    secret = tmp_path / "broker.password"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    chain, key = written_pair(tmp_path, "api")
    path = tmp_path / "edge.toml"
    path.write_text(
        f"""\
# CommentCanary: the broker's password is {PASSWORD}
scanners = ["camera:rtsp://admin:{CAMERA_PASSWORD}@127.0.0.1:1/ch1"]
[terminal]
id = "{TERMINAL}"
area = "350200"
institution = "P35020000001"
[store]
folder = "store"
[link]
port = {free_port()}
username = "UserCanary"
password_file = "{secret.name}"
[api]
port = {free_port()}
certificate_file = "{chain.name}"
key_file = "{key.name}"
""",
        encoding="utf-8",
    )
    with opened_store(tmp_path / "store") as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        shop = Shop(connection, FakeClock())
        shop.stock()
        shop.sign_in(OPERATOR)
        for code in (TRACE_1, UDI_RAW, VOUCHER, ID_NUMBER, TYPED):
            shop.scan(code, device=f"camera:{CAMERA_PASSWORD}".replace(CAMERA_PASSWORD, "ward"))
        shop.counter.take(Scan(PHONE.encode(), None, "typed"))
    load_or_create_key(tmp_path / "store" / "terminal.key")
    return path


def yima(*options: str) -> Result:
    return CliRunner().invoke(app, ["support-bundle", *options])


def unpacked(path: Path) -> dict[str, str]:
    with tarfile.open(path) as tar:
        return {one.name: (tar.extractfile(one) or pytest.fail(one.name)).read().decode() for one in tar}


@pytest.fixture
def journal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support_bundle.shutil, "which", lambda name: f"/bin/{name}" if name == "journalctl" else None)
    told = subprocess.CompletedProcess([], 0, stdout=LOG, stderr="")
    monkeypatch.setattr(support_bundle, "_log", lambda gate: LOG_OF(gate, lambda *_, **__: told))


LOG_OF = support_bundle._log


@pytest.mark.req("T-49")
def test_no_canary_leaves_with_the_bundle(config: Path, tmp_path: Path, journal: None) -> None:
    target = tmp_path / "bundle.tar.gz"
    result = yima("--config", str(config), "--out", str(target))
    assert result.exit_code == 0, result.output
    found = unpacked(target)
    key = (tmp_path / "store" / "terminal.key").read_text().strip()
    pem = (tmp_path / "api.key").read_text().splitlines()[1]
    for name, text in found.items():
        seen = [canary for canary in (*CANARIES, key, pem) if canary in text]
        assert seen == [], name
    assert [one for one in CANARIES if one in result.output] == []
    assert target.stat().st_mode & 0o777 == 0o600
    for name in found:
        assert name.removeprefix("yima-support/") in result.output


def test_bundle_tells_what_helps(config: Path, tmp_path: Path, journal: None) -> None:
    target = tmp_path / "bundle.tar.gz"
    yima("--config", str(config), "--out", str(target))
    found = {name.removeprefix("yima-support/"): text for name, text in unpacked(target).items()}
    assert set(found) == {
        "about.json",
        "doctor.json",
        "versions.json",
        "log.txt",
        "config.json",
        "environment.json",
        "status.json",
        "salvage.json",
        "store.json",
    }
    store = json.loads(found["store.json"])
    assert (store["finding"], store["rows"]["operator"], store["outbox"]["pending"]) == ("ok", 1, 5)
    assert {scan["kind"] for scan in store["scans"]} == {"trace", "gs1", "unknown"}
    (trace,) = (scan for scan in store["scans"] if scan["kind"] == "trace")
    assert (trace["length"], trace["tail"]) == (len(TRACE_1), f"…{TRACE_1[-4:]}")
    assert {scan["tail"] for scan in store["scans"] if scan["kind"] not in {"trace", "gs1"}} == {None}
    assert json.loads(found["config.json"])["terminal"]["institution"] == "P35020000001"
    assert json.loads(found["config.json"])["scanners"] == ["camera:rtsp://127.0.0.1:1/ch1"]
    assert "scan.recorded" in found["log.txt"]
    assert json.loads(found["status.json"]) is None


def test_bundle_of_a_terminal_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "edge.toml"
    broken.write_text(f'password = "{PASSWORD}"\n', encoding="utf-8")
    target = tmp_path / "bundle.tar.gz"
    assert yima("--config", str(broken), "--out", str(target)).exit_code == 0
    found = unpacked(target)
    assert "config.value" in found["yima-support/doctor.json"]
    assert "yima-support/config.json" not in found
    assert PASSWORD not in "".join(found.values())


def test_bundle_replaces_no_file(config: Path, tmp_path: Path) -> None:
    target = tmp_path / "bundle.tar.gz"
    target.write_text("mine")
    assert isinstance(yima("--config", str(config), "--out", str(target)).exception, FileExistsError)
    assert target.read_text() == "mine"


@pytest.mark.req("T-49")
@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("password: hunter2hunter", "password: …"),
        ('{"api_key":"abcdef"}', '{"api_key":…}'),
        ("Cookie: yima_terminal=abc", "Cookie: …"),
        ("epoch 0197b2c4-0000-7000-8000-000000000000", "epoch 0197b2c4-0000-7000-8000-000000000000"),
        ("key " + "ab12" * 16, "key " + "ab12" * 16),
        ("ticket AbCdEfGhIjKlMnOpQrStUvWxYz", "ticket …26"),
    ],
)
def test_gate(text: str, kept: str) -> None:
    assert Gate().text(text) == kept


@pytest.mark.req("T-49")
@pytest.mark.parametrize("line", HOSTILE)
def test_hostile_line_of_a_log_tells_nothing(line: str) -> None:
    told = gate_for(None, [OPERATOR]).log(line)
    assert [one for one in HIDDEN_IN_HOSTILE if one in told] == []


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-22 06:18:35 yima[7784]: terminal.started",
        "epoch 01a201e8-0d4a-7504-adc0-f6ba57888a7e key 987D-1A3E-0FB5-35F5",
        '{"disk_free_bytes": 76090085376, "seq": 300000, "event": "store.evicted"}',
        "File /opt/yima/lib/python3.11/site-packages/edge/store/outbox.py, line 120",
        "id 0197b2c4-0000-7000-8000-000000000000",
    ],
)
def test_line_that_helps_stays_as_it_is(line: str) -> None:
    assert gate_for(None).log(line) == f"{line}\n"


def test_secret_is_known_in_json_and_in_an_address(config: Path, tmp_path: Path) -> None:
    (tmp_path / "broker.password").write_text('a"b/c d')
    gate = gate_for(load_config(config))
    assert gate.text("say 'a\\\"b/c d' to a%22b%2Fc%20d or a\"b/c d") == "say '…' to … or …"


def test_name_of_two_characters_is_a_name_and_a_short_login_no_reason_to_blot_out_the_log() -> None:
    assert gate_for(None, ["李白", "li"]).text("李白 signed in at line 3") == "… signed in at line 3"


def test_bundle_of_a_broken_configuration_still_knows_the_secrets_and_the_store(
    config: Path, tmp_path: Path, journal: None
) -> None:
    config.write_text(config.read_text(encoding="utf-8") + "\nnonsense = = 1\n", encoding="utf-8")
    target = tmp_path / "bundle.tar.gz"
    assert yima("--config", str(config), "--out", str(target)).exit_code == 0
    found = unpacked(target)
    assert {"yima-support/store.json", "yima-support/status.json"} <= set(found)
    assert "yima-support/config.json" not in found
    assert [canary for canary in CANARIES if canary in "".join(found.values())] == []


def test_gate_knows_the_secrets_of_the_configuration(config: Path) -> None:
    gate = gate_for(load_config(config))
    assert gate.text(f"so {PASSWORD} it is") == "so … it is"


def test_secrets_of_the_national_interface_are_known_to_the_gate(tmp_path: Path) -> None:
    keys = tmp_path / "keys" / "P35020000001"
    keys.mkdir(parents=True)
    (keys / "secret").write_text("KeyCanary\n")
    (keys / "client_id").write_text("yixin-pos\n")
    (tmp_path / "token").write_text("TokenCanary\n")
    (tmp_path / "headers").write_text("X-App: HeaderCanary\n")
    files = {"token_file": tmp_path / "token", "headers_file": tmp_path / "headers", "keys_folder": tmp_path / "keys"}
    terminal = {"id": TERMINAL, "area": "350200", "institution": "P35020000001"}
    gate = gate_for(EdgeConfig(terminal=terminal, fsi=files))
    told = gate.text("KeyCanary and TokenCanary and HeaderCanary of yixin-pos")
    assert [one for one in ("KeyCanary", "TokenCanary", "HeaderCanary") if one in told] == []
    assert "yixin-pos" in told, "an account is no secret"
