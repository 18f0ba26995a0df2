"""A centre set up by the very commands of docs/fsi.md, and started as anybody starts it; one per area, in copies."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from cli.app import app
from sim.stage import Stage, free_port, write_toml
from tests.blackbox.lines import HttpLine, PlugIns, Protected, gateway, with_password
from tests.blackbox.till import EMPLOYEE, HOSPITAL, PEOPLE, PHARMACY, Custom, Patient, Till
from tests.conftest import logs_restored
from wire.fsi.signing import Secrets, read_party
from wire.fsi.signing.sm2_keys import read_private_key

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "fsi.md"
PASSWORD = "135790"
_MINE, _THEIRS = "3a7509d6f3432d22c138aca7bd29f51ea6814f1eb2cf09c6183dc7c06ce3f5ad", "2" * 64
_ACCOUNTS = {PHARMACY: "yixin-pos", HOSPITAL: "first-his"}
_SECRET, _TOKEN, _SM4 = "a secret of the gateway", "a token of the platform", "0123456789abcdef" * 2
AREAS = ("base", "shenzhen", "hunan", "jilin", "neimenggu", "guangdong", "hubei")

CUSTOMS: Mapping[str, Custom] = {
    "base": Custom(),
    "shenzhen": Custom(),
    "hunan": Custom(),
    "jilin": Custom(
        says_kind_of_record=True,
        sale_extras={"hi_feesetl_type": "1", "psn_cert_type": "01", "rx_circ_flag": "0"},
        return_extras={"psn_cert_type": "01", "mdtrt_sn": "V1"},
    ),
    "neimenggu": Custom(version="V1.24", needs_password=frozenset({"2102", "2207", "2304"})),
    "guangdong": Custom(fund_has_account=True),
    "hubei": Custom(version="V1.2", sale_extras={"hi_feesetl_type": "1", "psn_cert_type": "01"}),
}
PLUG_INS: Mapping[str, PlugIns] = {"jilin": PlugIns(signer="token+sm", encryptor="sm4")}
_KEYS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "guangdong": {code: {"client_id": account, "secret": _SECRET} for code, account in _ACCOUNTS.items()},
    "jilin": {
        **{
            code: {
                "client_id": account,
                "token": _TOKEN,
                "sm2_public_key": read_private_key(_MINE).public.raw.hex(),
                "sm4_key": _SM4,
            }
            for code, account in _ACCOUNTS.items()
        },
        "platform": {"sm2_private_key": _THEIRS},
    },
}


@dataclass(frozen=True)
class Seeded:
    """A folder with configuration, keys and an SQLite store in which the page's commands were run."""

    folder: Path
    token: str

    def copy(self, folder: Path) -> Seeded:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Seeded(folder, self.token)

    @property
    def config(self) -> Path:
        return self.folder / "server.toml"


@dataclass
class Running:
    """A centre that answers."""

    stage: Stage
    seeded: Seeded
    area: str
    port: int
    broker_port: int

    @property
    def custom(self) -> Custom:
        return CUSTOMS[self.area]

    def line(self, code: str = PHARMACY) -> HttpLine:
        """Return a line as the software of the area's institutions would make it."""
        if self.area == "guangdong":
            return HttpLine(self.port, dress=gateway(_ACCOUNTS[code], _SECRET))
        if self.area == "jilin":
            protected = Protected(PLUG_INS[self.area], client_keys())
            return HttpLine(self.port, dress=protected.dress, undress=protected.undress)
        if self.area == "neimenggu":
            return HttpLine(self.port, self.seeded.token, with_password(PASSWORD, self.custom.needs_password))
        return HttpLine(self.port, self.seeded.token)

    def till(self, code: str = PHARMACY, patient: Patient = EMPLOYEE) -> Till:
        return Till(self.line(code), self.custom, code, patient)


def yima(*arguments: str, stdin: str | None = None) -> str:
    """Run a command, as a shell would, without a process for each."""
    # Also for fixtures that live longer than a test, whose changes no test would undo.
    with logs_restored():
        result = CliRunner().invoke(app, list(arguments), input=stdin, catch_exceptions=False)
    assert result.exit_code == 0, (arguments, result.output)
    return result.stdout


def seed(folder: Path, store: str = "sqlite:///centre.db") -> Seeded:
    """Run the set-up of the page, word for word."""
    configure(folder, store)
    told: dict[str, str] = {}
    for command in commands_of_the_page():
        words = [_placed(word.replace("$ID", told.get("id", "")), folder) for word in command]
        printed = yima(*words, stdin="a long password\n" if "add" in words else f"{PASSWORD}\n")
        if "create" in words:
            told = json.loads(printed)
        if "password" in words:
            for one in PEOPLE[1:]:
                yima(*[word.replace(PEOPLE[0].psn_no, one.psn_no) for word in words], stdin=f"{PASSWORD}\n")
    return Seeded(folder, told["token"])


def commands_of_the_page() -> list[list[str]]:
    """Return the `yima` commands under the page's heading of the set-up."""
    chapter = PAGE.read_text(encoding="utf-8").partition("## Set up an institution")[2]
    block = re.search(r"```sh\n(.*?)```", chapter, re.DOTALL)
    assert block is not None
    lines = [shlex.split(line, comments=True) for line in block[1].replace("\\\n", " ").splitlines()]
    return [line[1:] for line in lines if line[:1] == ["yima"]]


def configure(folder: Path, store: str, area: str = "base", port: int = 8700, broker_port: int = 1883) -> Path:
    """Write the configuration of a centre."""
    fsi: dict[str, object] = {"area": area, "district": "350203"}
    if area in _KEYS:
        fsi["keys_folder"] = "keys"
        for party, items in _KEYS[area].items():
            (folder / "keys" / party).mkdir(parents=True, exist_ok=True)
            for name, text in items.items():
                file = folder / "keys" / party / name
                file.write_text(text, encoding="utf-8")
                file.chmod(stat.S_IRUSR | stat.S_IWUSR)
    tables: dict[str, dict[str, object]] = {
        "centre": {"key_file": "centre.key", "hold_s": 1},
        "store": {"url": store},
        "web": {"port": port},
        "broker": {"port": broker_port},
        "fsi": fsi,
    }
    return write_toml(folder / "server.toml", tables)


def run(seeded: Seeded, area: str, *, store: str = "sqlite:///centre.db", has_broker: bool = False) -> Running:
    """Start the centre, and the embedded broker where messages come over MQTT; the caller stops the stage."""
    port, broker_port = free_port(), free_port()
    config = configure(seeded.folder, store, area, port, broker_port)
    stage = Stage(seeded.folder)
    try:
        if has_broker:
            stage.add("broker", ["broker", "run", "--port", str(broker_port)], broker_port)
        stage.add("centre", ["server", "run", "--config", str(config)], port)
    except BaseException:
        stage.stop()
        raise
    return Running(stage, seeded, area, port, broker_port)


def client_keys() -> Secrets:
    """Return what an institution holds where it signs: its own private half, the platform's public one."""
    same = {"token": _TOKEN, "sm2_private_key": _MINE, "sm4_key": _SM4}
    platform = read_party({"sm2_public_key": read_private_key(_THEIRS).public.raw.hex()})
    return Secrets(platform, {code: read_party({**same, "client_id": one}) for code, one in _ACCOUNTS.items()})


def write_client_keys(folder: Path) -> Path:
    """Write the same into a folder, as a terminal reads it."""
    platform = {"sm2_public_key": read_private_key(_THEIRS).public.raw.hex()}
    parties = {"platform": platform}
    for code, account in _ACCOUNTS.items():
        parties[code] = {"client_id": account, "token": _TOKEN, "sm2_private_key": _MINE, "sm4_key": _SM4}
    for party, items in parties.items():
        (folder / party).mkdir(parents=True)
        for name, text in items.items():
            (folder / party / name).write_text(text, encoding="utf-8")
            (folder / party / name).chmod(stat.S_IRUSR | stat.S_IWUSR)
    return folder


def _placed(word: str, folder: Path) -> str:
    if word == "server.toml":
        return str(folder / word)
    return str(ROOT / word) if word.startswith("config/") else word
