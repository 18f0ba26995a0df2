"""The page of 医保码结算率 and of where visits broke off."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape

import pytest
from fastapi.testclient import TestClient

from server.store.institutions import Institution, InstitutionKind, put_institutions
from server.store.visit_steps import add_visit_steps
from tests.browser.centre import PASSWORD, ConsoleStage, staged_console
from tests.browser.stepped import step_some
from tests.server.console.test_ratios import BASE, rows_of
from tests.server.fsi.counter import PLAIN, TOKEN_OF_LI, ZHAO, open_counter
from tests.server.fsi.office import PHARMACY
from tests.server.store.test_visit_steps import step

WHOLE = "first=2020-01&last=2099-12"
EVIL = "@SUM(1)"
"""What a registry may call an institution."""
STEPS = [
    ["挂号", "3", "0", "0.00%", "0", "—"],
    ["就诊签到", "3", "1", "33.33%", "0", "20.0"],
    ["检查预约", "0", "0", "—", "0", "—"],
    ["检查", "2", "1", "50.00%", "0", "20.0"],
    ["治疗", "0", "0", "—", "0", "—"],
    ["结算", "1", "0", "0.00%", "1", "30.0"],
    ["取药", "1", "0", "0.00%", "0", "15.0"],
    ["取报告", "0", "0", "—", "0", "—"],
    ["打印票据", "0", "0", "—", "0", "—"],
]


@dataclass(frozen=True)
class Looking:
    """Somebody who looks, and the month in which the visits began."""

    client: TestClient
    month: str

    def page(self, query: str, language: str = "zh") -> str:
        return self.client.get(f"/console/vouchers?{query}", headers={"accept-language": language}).text

    def file(self, name: str, query: str) -> list[list[str]]:
        answer = self.client.get(f"/console/vouchers/{name}?{query}")
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert "attachment" in answer.headers["content-disposition"]
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleStage]:
    with staged_console(tmp_path_factory.mktemp("centre")) as made:
        yield made


@pytest.fixture(scope="module")
def looking(stage: ConsoleStage) -> Looking:
    """A centre that settled by voucher, by card and in vain, and whose terminals told of visits."""
    counter = open_counter(stage.centre.store)
    by_voucher = {"mdtrt_cert_type": "01", "mdtrt_cert_no": TOKEN_OF_LI}
    counter.settle(counter.sale(counter.line(PLAIN, "1", "10.00"), **by_voucher))
    counter.settle(counter.sale(counter.line(PLAIN, "1", "11.00"), **by_voucher))
    counter.settle(counter.sale(counter.line(PLAIN, "1", "50.00"), psn_no=ZHAO, acct_used_flag="0"))
    counter.cancel(counter.settle(counter.sale(counter.line(PLAIN, "1", "30.00"))))
    month = step_some(stage, EVIL)
    named = Institution(EVIL, "=cmd()", InstitutionKind.HOSPITAL, "3", "350203", "", False, datetime.now(UTC))
    with stage.centre.store.writing() as connection:
        put_institutions(connection, [named])
    client = TestClient(stage.app, base_url=BASE, headers={"accept-language": "zh"}, follow_redirects=False)
    client.post("/console/sign-in", data={"name": "admin", "password": PASSWORD})
    return Looking(client, month)


def test_the_rate_and_the_visits_stand_by_institution_and_month_and_the_steps_below(looking: Looking) -> None:
    page = looking.page(WHOLE)
    expected = [
        [looking.month, "=cmd()", "0", "0", "0", "0", "0", "—", "3", "2"],
        ["2026-03", "示例药店", "3", "2", "1", "0", "0", "66.67%", "0", "0"],
    ]
    assert rows_of(page) == sorted(expected, reverse=True) + STEPS
    assert "2 ÷ 3 笔医保结算" in page


def test_one_institution_is_looked_at_alone(looking: Looking) -> None:
    page = looking.page(f"{WHOLE}&institution={PHARMACY}")
    assert [row[1] for row in rows_of(page)] == ["示例药店"]
    assert "没有就诊环节" in page
    assert f'href="/console/vouchers?{WHOLE}&institution={PHARMACY}"' in looking.page(WHOLE)
    hospital = looking.page("first=2020-01&last=2099-12&institution=%40SUM%281%29")
    assert rows_of(hospital)[1:] == STEPS


def test_months_without_anything_say_so(looking: Looking) -> None:
    page = looking.page("first=2021-01&last=2021-02")
    assert "2021-01 至 2021-02 没有医保结算，也没有就诊" in page
    assert rows_of(page) == []


def test_it_is_told_in_english_too(looking: Looking) -> None:
    page = looking.page(WHOLE, "en")
    assert "Settled by voucher" in page
    assert "2 of 3 insured settlements" in page
    assert "Picking up drugs" in page


def test_the_files_have_exact_figures_and_no_formula(looking: Looking) -> None:
    rates, steps = looking.file("rates.csv", WHOLE), looking.file("steps.csv", WHOLE)
    assert sorted(rates[1:]) == sorted(
        [
            [looking.month, f"'{EVIL}", "'=cmd()", "0", "0", "0", "0", "0", "", "3", "2"],
            ["2026-03", PHARMACY, "示例药店", "3", "2", "1", "0", "0", "0.6667", "0", "0"],
        ]
    )
    assert rates[0][0] == "月份"
    assert steps[4] == [looking.month, f"'{EVIL}", "'=cmd()", "01203", "检查", "2", "1", "0", "20.0"]
    assert len(steps) == 1 + len(STEPS)


def test_many_institutions_are_shown_page_by_page_and_the_file_has_them_all(
    stage: ConsoleStage, looking: Looking
) -> None:
    then = datetime(2019, 5, 6, tzinfo=UTC)
    with stage.centre.store.writing() as connection:
        add_visit_steps(connection, [step("01101", at=then, institution=f"H{number:03}") for number in range(60)])
    may = "first=2019-05&last=2019-05"
    first, last = looking.page(may), looking.page(f"{may}&page=2")
    assert f'href="/console/vouchers?{may}&page=2"' in unescape(first)
    assert (len(rows_of(first)), len(rows_of(last))) == (50 + len(STEPS), 10 + len(STEPS))
    assert rows_of(looking.page(f"{may}&page=7")) == rows_of(last)
    assert len(looking.file("rates.csv", may)) == 61


@pytest.mark.parametrize("query", ["first=2026-13", "last=x", "first=0000-01", "last=9999-12", "page=0"])
def test_what_is_no_month_is_refused(looking: Looking, query: str) -> None:
    assert looking.client.get(f"/console/vouchers?{query}").status_code == 422


def test_it_is_in_the_menu_and_behind_the_door(stage: ConsoleStage, looking: Looking) -> None:
    assert 'href="/console/vouchers"' in looking.client.get("/console/").text
    stranger = TestClient(stage.app, base_url=BASE, follow_redirects=False)
    for path in ("", "/rates.csv", "/steps.csv"):
        assert stranger.get(f"/console/vouchers{path}").status_code == 303
