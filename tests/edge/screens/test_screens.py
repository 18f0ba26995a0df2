"""The counter page over HTTP: where it is, what it carries, what it never holds."""

from __future__ import annotations

import json
import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from drivers.scanner.selftest import SHEET
from edge.screens import Place, mount_screens
from web.live import LiveBus
from web.security import SecurityMiddleware

BASE = "http://127.0.0.1:8620"


@pytest.fixture
def bus() -> LiveBus:
    return LiveBus(first_id=1_700_000_000_000)


@pytest.fixture
def client(bus: LiveBus) -> TestClient:
    app = FastAPI()
    mount_screens(app, bus=bus, place=Place("T-<1>", "一号“柜台”<b>"))
    app.add_middleware(SecurityMiddleware)
    return TestClient(app, base_url=BASE, follow_redirects=False)


def test_start_page_leads_to_the_counter(client: TestClient) -> None:
    assert client.get("/").headers["location"] == "/counter"


def test_page_names_its_place_and_is_not_kept(client: TestClient) -> None:
    page = client.get("/counter")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "一号“柜台”&lt;b&gt;" in page.text
    assert "T-&lt;1&gt;" in page.text
    assert "<b>”" not in page.text


def test_page_begins_to_follow_where_the_bus_stands(client: TestClient, bus: LiveBus) -> None:
    bus.publish("scan", "{}")
    bus.publish("scan", "{}")
    assert f'data-position="{bus.newest_id}"' in client.get("/counter").text


@pytest.mark.parametrize(("language", "word"), [("zh", "本机未启用就诊环节"), ("en", "Steps of visits are off")])
def test_page_of_a_visit_says_where_visits_are_off(client: TestClient, language: str, word: str) -> None:
    page = client.get("/visit", headers={"accept-language": language}).text
    assert word in page
    assert "<form" not in page


@pytest.mark.parametrize(("language", "word"), [("zh", "自费结账"), ("en", "Close self-pay sale")])
def test_words_for_the_scripts_are_those_of_the_page(client: TestClient, language: str, word: str) -> None:
    text = client.get("/counter", headers={"accept-language": language}).text
    block = re.search(r'<script type="application/json" id="y-words">(.*?)</script>', text, re.DOTALL)
    assert block
    words = json.loads(block[1])
    assert words["counter.close.sale"] == [word]
    assert not any(key.startswith("console.") for key in words)


def test_every_address_in_the_page_is_answered(client: TestClient) -> None:
    text = client.get("/counter").text
    addresses = set(re.findall(r'(?:href|src)="(/[^"]+)"', text))
    assert len(addresses) > 10
    assert {address: client.get(address).status_code for address in addresses if "/language/" not in address} == {
        address: 200 for address in addresses if "/language/" not in address
    }


def test_scripts_import_only_what_is_loaded_beforehand(client: TestClient) -> None:
    text = client.get("/counter").text
    preloaded = set(re.findall(r'rel="modulepreload" href="([^"]+)"', text))
    for address in preloaded:
        folder = address.rsplit("/", 1)[0]
        for name in re.findall(r'from "(\.[^"]+)"', client.get(address).text):
            wanted = f"{folder}/{name}".replace("/./", "/")
            wanted = re.sub(r"/[^/]+/\.\./", "/", wanted)
            assert wanted in preloaded, f"{address} imports {name}"


def test_page_says_nothing_of_any_sale(client: TestClient, bus: LiveBus) -> None:
    bus.publish("scan", '{"code": "86000110000000000001"}')
    assert "8600011" not in client.get("/counter").text


def test_set_up_page_shows_every_symbol_of_the_sheet_and_says_nothing_of_any_scan(
    client: TestClient, bus: LiveBus
) -> None:
    bus.publish("setup", '{"last": {"text": "86000110000000000001"}}')
    page = client.get("/setup")
    assert page.headers["cache-control"] == "no-store"
    assert re.findall(r'data-name="(\w+)"', page.text) == [symbol.name for symbol in SHEET]
    assert "8600011" not in page.text
    addresses = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text))
    assert len(addresses) > 10
    assert {client.get(address).status_code for address in addresses} == {200}
