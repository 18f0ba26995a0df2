"""The page of what was settled month by month."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient

from tests.browser.centre import PASSWORD, ConsoleStage, staged_console
from tests.server.fsi.counter import PLAIN, SHARED, ZHAO, open_counter

BASE = "http://127.0.0.1:8640"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleStage]:
    with staged_console(tmp_path_factory.mktemp("centre")) as made:
        yield made


@pytest.fixture(scope="module")
def admin(stage: ConsoleStage) -> TestClient:
    """Somebody who looks at a centre where four sales were settled in March, and one of them cancelled in April."""
    counter = open_counter(stage.centre.store)
    infos = [
        counter.settle(counter.sale(counter.line(PLAIN, "1", "1000.00"), counter.line(SHARED, "1", "100.00"))),
        counter.settle(counter.sale(counter.line(PLAIN, "1", "200.00"), med_type="11")),
        counter.settle(counter.sale(counter.line(PLAIN, "1", "50.00"), psn_no=ZHAO, acct_used_flag="0")),
    ]
    counter.office.clock.forward(days=30)
    counter.cancel(infos[1])
    client = TestClient(stage.app, base_url=BASE, headers={"accept-language": "zh"}, follow_redirects=False)
    client.post("/console/sign-in", data={"name": "admin", "password": PASSWORD})
    return client


def rows_of(page: str) -> list[list[str]]:
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[unescape(re.sub(r"<small>.*?</small>|<[^>]+>", "", cell)).strip() for cell in row] for row in cells]


def test_ratios_stand_by_month_insurance_and_treatment(admin: TestClient) -> None:
    page = admin.get("/console/settlements?first=2026-03&last=2026-03").text
    # 1,090 in scope, 300 deductible, 65 %: 513.50; then 200 at 65 %: 130.00.
    assert rows_of(page)[:3] == [
        ["2026-03", "职工基本医疗保险", "合计", "2", "1,300.00", "1,290.00", "643.50", "49.88%", "49.50%"],
        ["2026-03", "310", "普通门诊", "1", "200.00", "200.00", "130.00", "65.00%", "65.00%"],
        ["2026-03", "310", "定点药店购药", "1", "1,100.00", "1,090.00", "513.50", "47.11%", "46.68%"],
    ]


def test_a_cancellation_counts_in_its_own_month_and_has_no_ratio_alone(admin: TestClient) -> None:
    (whole, kind) = rows_of(admin.get("/console/settlements?first=2026-04&last=2026-04").text)
    assert whole[3:] == ["-1", "-200.00", "-200.00", "-130.00", "—", "—"]
    assert kind[2] == "普通门诊"


def test_one_insurance_can_be_looked_at(admin: TestClient) -> None:
    page = admin.get("/console/settlements?first=2026-01&last=2026-12&insutype=390").text
    assert {row[1] for row in rows_of(page)} == {"城乡居民基本医疗保险", "390"}
    assert 'value="390" selected' in page


def test_nothing_settled_is_said_with_the_months(admin: TestClient) -> None:
    page = admin.get("/console/settlements?first=2024-01&last=2024-02").text
    assert "2024-01 至 2024-02 没有结算" in page
    assert rows_of(page) == []


def test_without_a_choice_it_is_the_last_twelve_months_in_the_readers_language(admin: TestClient) -> None:
    page = admin.get("/console/settlements", headers={"accept-language": "en"}).text
    assert "In-scope share" in page
    first, last = (re.search(rf'name="{name}" value="(\d{{4}})-(\d\d)"', page) for name in ("first", "last"))
    assert first is not None
    assert last is not None
    months = [int(one[1]) * 12 + int(one[2]) for one in (first, last)]
    assert months[1] - months[0] == 11


@pytest.mark.parametrize("query", ["first=2026-13", "last=x", "insutype=%3Cb%3E"])
def test_what_is_no_month_is_refused(admin: TestClient, query: str) -> None:
    assert admin.get(f"/console/settlements?{query}").status_code == 422


def test_it_is_in_the_menu_and_behind_the_door(stage: ConsoleStage, admin: TestClient) -> None:
    assert 'href="/console/settlements"' in admin.get("/console/").text
    stranger = TestClient(stage.app, base_url=BASE, follow_redirects=False)
    assert stranger.get("/console/settlements").status_code == 303
