"""A POS on another machine, which is another network here: over TLS, by a token, and no other way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.clients.networks import HERE, Networks, two_networks
from tests.clients.standing import CODES, Standing, script, standing, written, yima

LAN = f"""\
[api]
host = "{HERE}"
is_exposed = true
certificate_file = "terminal.pem"
key_file = "terminal.key"
"""
ASK = """\
import os
from yima_client import ClientError, RefusedError, Terminal
names = ("token", "certificate_file", "fingerprint")
given = {{name: os.environ[name.upper()] for name in names if name.upper() in os.environ}}
try:
    with Terminal(os.environ["URL"], **given) as terminal:
        {ask}
except RefusedError as error:
    print(error.status, error.code)
except ClientError as error:
    print(type(error).__name__)
"""


@dataclass(frozen=True)
class Shop:
    """A terminal in one network, and how to run a program in the other."""

    terminal: Standing
    networks: Networks
    certificate: dict[str, str]
    token: str

    def pos(self, ask: str, **environment: str) -> str:
        given = {"URL": self.terminal.url, **environment}
        return script(ASK.format(ask=ask), given, prefix=self.networks.there).strip()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder: Path = tmp_path_factory.mktemp("lan")
    with two_networks() as networks:
        written(folder, LAN)
        made = json.loads(yima("edge", "certificate", "--json", "--config", str(folder / "edge.toml")))
        with standing(folder, LAN, prefix=networks.here) as terminal:
            terminal.sign_in(prefix=networks.here)
            yield Shop(terminal, networks, made, terminal.token("pos-1"))


def test_a_pos_that_was_given_the_certificate_sells(shop):
    ask = f"scan = terminal.scan('{CODES[0]}'); print(scan.verdict, terminal.close_sale(scan.sale).totals.amount)"
    assert shop.pos(ask, TOKEN=shop.token, CERTIFICATE_FILE=shop.certificate["file"]) == "added 9.80"


def test_a_pos_that_was_given_the_fingerprint_sells(shop):
    ask = f"print(terminal.scan('{CODES[1]}').verdict, terminal.cancel().sale is not None)"
    assert shop.pos(ask, TOKEN=shop.token, FINGERPRINT=shop.certificate["fingerprint"]) == "added True"


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ({}, "StrangerError"),
        ({"FINGERPRINT": "AB:" * 31 + "AB"}, "StrangerError"),
        ({"CERTIFICATE_FILE": ""}, "401 session.required"),
        ({"CERTIFICATE_FILE": "", "TOKEN": "yima_guess"}, "401 token.refused"),
    ],
)
def test_nothing_is_told_without_token_and_nothing_is_said_to_a_stranger(shop, given, answer):
    given = {**given, "CERTIFICATE_FILE": shop.certificate["file"]} if "CERTIFICATE_FILE" in given else given
    assert shop.pos("print(terminal.sale())", **given) == answer


def test_a_token_is_not_sent_in_the_clear(shop):
    url = shop.terminal.url.replace("https:", "http:")
    assert shop.pos("print(terminal.sale())", TOKEN=shop.token, URL=url) == "UnsafeAddressError"
