"""The page of what was settled month by month."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient

from tests.browser.centre import PASSWORD, ConsoleStage, staged_console
from tests.server.fsi.counter import PLAIN, SHARED, ZHAO, open_counter
from tests.server.fsi.office import HOSPITAL, PHARMACY

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
        counter.settle(counter.sale(counter.line(PLAIN, "1", "200.00"), med_type="14", dise_codg="M03900")),
        counter.settle(counter.sale(counter.line(PLAIN, "1", "50.00"), psn_no=ZHAO, acct_used_flag="0")),
    ]
    counter.office.clock.forward(days=30)
    counter.cancel(infos[1])
    client = TestClient(stage.app, base_url=BASE, headers={"accept-language": "zh"}, follow_redirects=False)
    client.post("/console/sign-in", data={"name": "admin", "password": PASSWORD})
    return client


def rows_of(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", "".join(re.findall(r"<tbody>(.*?)</tbody>", page, re.DOTALL)), re.DOTALL)
    return [cells_of(row) for row in rows]


def sums_of(page: str) -> list[list[str]]:
    return [cells_of(row) for row in re.findall(r"<tr[^>]*>(.*?)</tr>", page.partition("<tfoot>")[2], re.DOTALL)]


def cells_of(row: str) -> list[str]:
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
    return [unescape(re.sub(r"<small>.*?</small>|<[^>]+>", "", cell)).strip() for cell in cells]


def test_ratios_stand_by_month_insurance_and_treatment(admin: TestClient) -> None:
    page = admin.get("/console/settlements?first=2026-03&last=2026-03").text
    # 1,090 in scope, 300 deductible, 65 %: 513.50; then 200 at 65 %: 130.00.
    assert rows_of(page) == [
        ["2026-03", "职工基本医疗保险", "合计", "2", "1,300.00", "1,290.00", "643.50", "49.88%", "49.50%"],
        ["门诊慢特病", "1", "200.00", "200.00", "130.00", "65.00%", "65.00%"],
        ["定点药店购药", "1", "1,100.00", "1,090.00", "513.50", "47.11%", "46.68%"],
        ["城乡居民基本医疗保险", "定点药店购药", "1", "50.00", "50.00", "0.00", "0.00%", "0.00%"],
    ]


def test_all_months_are_summed_by_insurance_and_as_a_whole_with_both_denominators(admin: TestClient) -> None:
    page = admin.get("/console/settlements?first=2026-03&last=2026-04").text
    assert sums_of(page) == [
        ["全部月份", "职工基本医疗保险", "1", "1,100.00", "1,090.00", "513.50", "47.11%", "46.68%"],
        ["城乡居民基本医疗保险", "1", "50.00", "50.00", "0.00", "0.00%", "0.00%"],
        ["全部险种", "2", "1,150.00", "1,140.00", "513.50", "45.04%", "44.65%"],
    ]
    assert "基金支付 513.50 ÷ 政策范围内费用 1,140.00" in page
    assert "基金支付 513.50 ÷ 总费用 1,150.00" in page


def test_a_cancellation_counts_in_its_own_month_and_has_no_ratio_alone(admin: TestClient) -> None:
    (kind,) = rows_of(admin.get("/console/settlements?first=2026-04&last=2026-04").text)
    assert kind == [
        "2026-04", "职工基本医疗保险", "门诊慢特病", "-1", "-200.00", "-200.00", "-130.00", "—", "—",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "totals"),
    [
        ("insutype=390", ["50.00"]),
        ("insutype=310", ["-200.00", "1,300.00"]),
        ("med_type=14", ["-200.00", "200.00"]),
        ("med_type=41&insutype=310", ["1,100.00"]),
        (f"institution={PHARMACY}&insutype=390", ["50.00"]),
        (f"institution={HOSPITAL}", []),
        ("district=3502&insutype=390", ["50.00"]),
        ("district=3503", []),
    ],
)
def test_what_is_looked_at_can_be_narrowed(admin: TestClient, choice: str, totals: list[str]) -> None:
    page = admin.get(f"/console/settlements?first=2026-01&last=2026-12&{choice}").text
    found = [row for row in rows_of(page) if "合计" in row or len(row) > 7]
    assert [row[-5] for row in found] == totals


def test_what_was_chosen_is_said_and_goes_on_into_the_file(admin: TestClient) -> None:
    asked = f"first=2026-01&last=2026-12&insutype=390&institution={PHARMACY}&district=3502"
    page = admin.get(f"/console/settlements?{asked}").text
    assert 'value="390" selected' in page
    assert "示例药店" in page
    assert f'href="/console/settlements/ratios.csv?{asked.replace("&", "&amp;")}"' in page


def test_the_file_has_the_rows_by_kind_with_exact_ratios(admin: TestClient) -> None:
    answer = admin.get("/console/settlements/ratios.csv?first=2026-03&last=2026-04")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="yima-ratios-2026-03-2026-04.csv"' in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][0] == "月份"
    assert [(row[0], row[1], row[3], *row[5:]) for row in rows[1:]] == [
        ("2026-04", "310", "14", "-1", "-200.00", "-200.00", "-130.00", "", ""),
        ("2026-03", "310", "14", "1", "200.00", "200.00", "130.00", "0.6500", "0.6500"),
        ("2026-03", "310", "41", "1", "1100.00", "1090.00", "513.50", "0.4711", "0.4668"),
        ("2026-03", "390", "41", "1", "50.00", "50.00", "0.00", "0.0000", "0.0000"),
    ]


def test_nothing_settled_is_said_with_the_months(admin: TestClient) -> None:
    page = admin.get("/console/settlements?first=2024-01&last=2024-02").text
    assert "2024-01 至 2024-02 没有结算" in page
    assert rows_of(page) == []


def test_without_a_choice_it_is_the_last_twelve_months_in_the_readers_language(admin: TestClient) -> None:
    page = admin.get("/console/settlements", headers={"accept-language": "en"}).text
    assert "In-scope share" in page
    assert "Resident basic" in page
    first, last = (re.search(rf'name="{name}" value="(\d{{4}})-(\d\d)"', page) for name in ("first", "last"))
    assert first is not None
    assert last is not None
    months = [int(one[1]) * 12 + int(one[2]) for one in (first, last)]
    assert months[1] - months[0] == 11


@pytest.mark.parametrize("query", ["first=2026-13", "last=x", "insutype=%3Cb%3E", "district=xiamen"])
def test_what_is_no_month_is_refused(admin: TestClient, query: str) -> None:
    assert admin.get(f"/console/settlements?{query}").status_code == 422


def test_it_is_in_the_menu_and_behind_the_door(stage: ConsoleStage, admin: TestClient) -> None:
    assert 'href="/console/settlements"' in admin.get("/console/").text
    stranger = TestClient(stage.app, base_url=BASE, follow_redirects=False)
    for path in ("", "/ratios.csv"):
        assert stranger.get(f"/console/settlements{path}").status_code == 303
