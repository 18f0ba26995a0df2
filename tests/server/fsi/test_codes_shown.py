"""A sale that only the national interface told of, as the API and the console show it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from server.people.roles import COMMAND_LINE
from tests.browser.centre import PASSWORD, ConsoleStage, staged_console
from tests.server.fake_terminal import code_of, dispensed
from tests.server.fsi.office import PHARMACY
from tests.server.fsi.shop import Shop, open_shop

BASE = "http://127.0.0.1:8640"
ONE, TWO = code_of(1), code_of(2)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleStage]:
    with staged_console(tmp_path_factory.mktemp("centre"), is_empty=True) as made:
        yield made


@pytest.fixture(scope="module")
def shop(stage: ConsoleStage) -> Shop:
    shop = open_shop(stage.centre.store)
    shop.sell(ONE, setl_id=shop.settle_with(ONE, number="C-1"))
    shop.hear(dispensed(TWO, sale="S2"))
    shop.sell(TWO, rtal_docno="S2")
    return shop


def test_the_api_tells_by_which_messages_a_code_was_sold(stage: ConsoleStage, shop: Shop) -> None:
    token = stage.centre.tokens.create("test", "inspector", by=COMMAND_LINE, now=shop.office.clock.now)
    client = TestClient(stage.app, base_url=BASE, headers={"authorization": f"Bearer {token.secret}"})
    said = client.get(f"/api/v1/codes/{ONE}").json()
    assert (said["state"], said["holder"], said["conflict_count"]) == ("sold", PHARMACY, 0)
    (fact,), (entry,) = said["facts"], said["timeline"]
    assert fact["document"] in {"C-1", "S1"}
    assert [one["infno"] for one in entry["evidence"]] == ["2102", "3505"]
    assert all(one["msgid"].startswith(PHARMACY) and one["terminal"] == "" for one in entry["evidence"])
    (row,) = [item for item in client.get("/api/v1/ledger").json()["items"] if item["code"] == TWO]
    assert [(one["act"], one["line"]) for one in row["facts"]] == [("dispensed", 1)]


def test_the_page_of_a_code_says_by_which_messages(stage: ConsoleStage, shop: Shop) -> None:
    client = TestClient(stage.app, base_url=BASE, headers={"accept-language": "zh"}, follow_redirects=False)
    client.post("/console/sign-in", data={"name": "admin", "password": PASSWORD})
    page = client.get("/console/codes", params={"code": TWO}).text
    assert "2 份证据" in page
    assert "医保接口 3505 报文" in page
    assert f"终端 {shop.terminal.name} 第 1 号" in page
