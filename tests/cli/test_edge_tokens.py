"""`yima edge token` and `yima edge certificate`: for programs beside the terminal, and on other machines."""

from __future__ import annotations

import hashlib
import json
import ssl
import stat
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from cli.app import app
from codes.errors import YimaError
from edge.config import load_config
from edge.operators.pos_tokens import Scope, find_program
from edge.store.database import visited_store
from web.tls import tls_files

CONFIG = """\
[terminal]
id = "counter-1"
area = "350200"
institution = "P35020000001"
[store]
folder = "store"
[api]
host = "192.168.7.5"
is_exposed = true
certificate_file = "api.pem"
key_file = "api.key"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "edge.toml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def edge(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["edge", *arguments, "--config", str(config)])


def refusal(result: Result) -> str:
    assert isinstance(result.exception, YimaError), result.output
    return result.exception.code


def test_a_token_is_shown_once_and_listed_without_it(config):
    made = json.loads(edge(config, "token", "create", "pos-1", "--scope", "scan", "--scope", "read", "--json").output)
    assert (made["name"], made["scopes"]) == ("pos-1", ["read", "scan"])
    with visited_store(config.parent / "store") as store, store.begin():
        program = find_program(store, made["token"])
    assert program is not None
    assert program.scopes == {Scope.READ, Scope.SCAN}
    listed = edge(config, "token", "list")
    assert "pos-1" in listed.output
    assert made["token"] not in listed.output


def test_a_token_that_is_revoked_is_out_of_force_and_stays_on_the_list(config):
    secret = json.loads(edge(config, "token", "create", "pos-1", "--json").output)["token"]
    assert refusal(edge(config, "token", "create", "pos-1")) == "token.exists"
    assert edge(config, "token", "revoke", "pos-1").exit_code == 0
    assert refusal(edge(config, "token", "revoke", "pos-1")) == "token.unknown"
    with visited_store(config.parent / "store") as store, store.begin():
        assert find_program(store, secret) is None
    (row,) = json.loads(edge(config, "token", "list", "--json").output)
    assert row["revoked_at"] is not None


@pytest.mark.parametrize("name", ["", "收银", "a b", "x" * 33])
def test_a_name_that_would_not_be_legible_in_records_is_refused(config, name):
    assert refusal(edge(config, "token", "create", name)) == "token.form"


def test_a_certificate_is_made_once_and_can_be_believed(config):
    first = json.loads(edge(config, "certificate", "--name", "till.shop.lan", "--json").output)
    assert first["is_new"]
    assert {"till.shop.lan", "192.168.7.5", "127.0.0.1", "localhost"} <= set(first["names"])
    key = config.parent / "api.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    der = ssl.PEM_cert_to_DER_cert((config.parent / "api.pem").read_text("ascii"))
    assert first["fingerprint"].replace(":", "").lower() == hashlib.sha256(der).hexdigest()
    again = json.loads(edge(config, "certificate", "--json").output)
    assert again == {**first, "is_new": False}
    secret = key.read_bytes()
    renewed = json.loads(edge(config, "certificate", "--renew", "--days", "30", "--json").output)
    assert renewed["fingerprint"] != first["fingerprint"]
    assert key.read_bytes() == secret


def test_a_certificate_that_was_made_is_taken_by_the_terminal(config):
    edge(config, "certificate")
    assert tls_files(load_config(config).api)["ssl_keyfile"] == str(config.parent / "api.key")


def test_a_certificate_needs_a_place(config):
    config.write_text(CONFIG.partition("[api]")[0], encoding="utf-8")
    assert refusal(edge(config, "certificate")) == "config.no_certificate_path"


def test_a_file_that_is_no_certificate_is_left_as_it_is(config):
    (config.parent / "api.pem").write_text("mine", encoding="ascii")
    assert refusal(edge(config, "certificate")) == "config.certificate_file"
    assert (config.parent / "api.pem").read_text("ascii") == "mine"
