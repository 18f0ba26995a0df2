"""Settlements one by one at the console: found by what is at hand, and one of them with every step."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape

import pytest
from fastapi.testclient import TestClient

from server.settlement.inspecting import LOOKED, masked_person
from server.store import audit
from tests.browser.centre import PASSWORD, ConsoleStage, staged_console
from tests.server.fake_terminal import code_of
from tests.server.fsi.counter import CARD, LI, PLAIN, SHARED, WANG, Counter, open_counter
from tests.server.fsi.office import PHARMACY

BASE = "http://127.0.0.1:8640"
Info = dict[str, object]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleStage]:
    with staged_console(tmp_path_factory.mktemp("centre")) as made:
        yield made


@pytest.fixture(scope="module")
def counter(stage: ConsoleStage) -> Counter:
    return open_counter(stage.centre.store)


@pytest.fixture(scope="module")
def code() -> str:
    return code_of(7)


@pytest.fixture(scope="module")
def standing(counter: Counter, code: str) -> Info:
    lines = (counter.line(PLAIN, "1", "1000.00"), counter.line(SHARED, "2", "50.05"))
    packs = {"drugtracinfo": [{"feedetl_sn": lines[0]["feedetl_sn"], "drug_trac_codg": code}]}
    return counter.settle(counter.sale(*lines, expContent=json.dumps(packs)))


@pytest.fixture(scope="module")
def cancelled(counter: Counter, standing: Info) -> Info:
    assert standing
    info = counter.settle(counter.sale(counter.line(PLAIN, "1", "200.00")))
    counter.office.clock.forward(minutes=1)
    counter.cancel(info)
    return info


@pytest.fixture
def inspector(stage: ConsoleStage) -> TestClient:
    client = TestClient(stage.app, base_url=BASE, headers={"accept-language": "zh"}, follow_redirects=False)
    client.post("/console/sign-in", data={"name": "inspector", "password": PASSWORD})
    return client


def text_of(page: str) -> str:
    main = page.partition("<main")[2]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", main)))


def test_each_step_is_told_in_both_languages_with_its_rule_and_numbers(inspector: TestClient, standing: Info) -> None:
    page = inspector.get(f"/console/settlements/{standing['setl_id']}").text
    said = text_of(page)
    assert "起付标准 300.00，本次起付 300.00" in said
    assert "standard 300.00, now 300.00" in said
    assert "310-outpatient 2026.1" in said
    assert "起付线以上 790.09" in said
    assert "剩余限额 5000.00" in said
    assert "支付基金 统筹基金" in said
    assert [name for name in re.findall(r"<dt>(.*?)</dt>", page) if re.fullmatch(r"[a-z_]+", name)] == ["msgid"]


def test_who_pays_adds_up_and_lines_are_split(inspector: TestClient, standing: Info, code: str) -> None:
    page = inspector.get(f"/console/settlements/{standing['setl_id']}").text
    said = text_of(page)
    # 1,090.09 in scope, 790.09 above the deductible, 65 %.
    assert "总费用 1,100.10 = 基金支付 513.56 + 个人账户 60.00 + 家庭共济 50.00 + 现金 476.54" in said
    assert "政策范围内报销比例 47.11%，实际报销比例 46.68%" in said
    assert "2 × 50.05 — 100.10 0.00 0.00 10.01 10.00% 90.09" in said
    assert "合计 1,100.10 0.00 0.00 10.01 1,090.09" in said
    assert f'href="/console/codes?code={code}"' in page


def test_totals_of_the_year_stand_before_and_after(inspector: TestClient, standing: Info, cancelled: Info) -> None:
    first = text_of(inspector.get(f"/console/settlements/{standing['setl_id']}").text)
    then = text_of(inspector.get(f"/console/settlements/{cancelled['setl_id']}").text)
    assert "起付累计：职工普通门诊 dedc:310-outpatient 0.00 +300.00 300.00" in first
    assert "限额内基金支付累计：职工普通门诊 paid:310-outpatient 513.56 +130.00 643.56" in then


@pytest.mark.req("T-49")
def test_nobody_is_named(inspector: TestClient, standing: Info) -> None:
    page = inspector.get(f"/console/settlements/{standing['setl_id']}").text
    for secret in (LI, WANG, CARD[LI], "李一", "王二"):
        assert secret not in page
    assert "家庭成员账户 -50.00" in text_of(page)


def test_with_the_key_of_the_centre_the_name_is_masked_and_without_it_missing(counter: Counter) -> None:
    with counter.office.store.reading() as connection:
        assert masked_person(connection, LI, counter.office.sealer).name == "李*"
        assert masked_person(connection, LI, None).name == ""


def test_a_cancelled_settlement_and_its_cancellation_lead_to_each_other(inspector: TestClient, cancelled: Info) -> None:
    page = inspector.get(f"/console/settlements/{cancelled['setl_id']}").text
    assert "已于 2026-03-10 12:01:00 撤销" in text_of(page)
    (negative,) = set(re.findall(r'href="/console/settlements/(\d{30})"', page))
    back = inspector.get(f"/console/settlements/{negative}").text
    assert "这是一笔撤销记录" in text_of(back)
    assert f'href="/console/settlements/{cancelled["setl_id"]}"' in back
    assert "总费用 -200.00" in text_of(back)


def test_what_was_reversed_says_that_it_counts_nowhere(inspector: TestClient, counter: Counter) -> None:
    info = counter.settle(counter.sale(counter.line(PLAIN, "1", "77.00")))
    counter.reverse(str(info["medins_setl_id"]))
    said = text_of(inspector.get(f"/console/settlements/{info['setl_id']}").text)
    assert "已被 2601 冲正" in said
    assert "已冲正" in said


@pytest.mark.parametrize("name", ["setl_id", "mdtrt_id", "medins_setl_id", "code"])
def test_it_is_found_by_whatever_is_at_hand(inspector: TestClient, standing: Info, code: str, name: str) -> None:
    asked = str((standing | {"code": code})[name])
    answer = inspector.post("/console/settlements/find", data={"id": f" {asked[:4]} {asked[4:]} "})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/console/settlements/{standing['setl_id']}")


def test_a_visit_with_several_is_listed(inspector: TestClient, cancelled: Info) -> None:
    answer = inspector.post("/console/settlements/find", data={"id": str(cancelled["mdtrt_id"])})
    assert answer.status_code == 200
    assert ("已撤销" in answer.text, "撤销记录" in answer.text) == (True, True)


def test_what_is_not_found_is_said_without_an_address_that_holds_it(inspector: TestClient) -> None:
    answer = inspector.post("/console/settlements/find", data={"id": CARD[LI]})
    assert answer.status_code == 404
    assert "没有找到结算" in answer.text
    assert "预结算与自费销售没有结算记录" in answer.text


def test_an_unknown_one_leads_to_what_to_do(inspector: TestClient) -> None:
    answer = inspector.get("/console/settlements/202611010000000000000000000000")
    assert answer.status_code == 404
    assert "请核对结算ID" in answer.text


def test_the_newest_come_first_of_one_institution_too(inspector: TestClient, standing: Info, cancelled: Info) -> None:
    page = inspector.get(f"/console/settlements/all?institution={PHARMACY}").text
    assert page.index(str(cancelled["setl_id"])) < page.index(str(standing["setl_id"]))
    assert "没有结算" not in inspector.get("/console/settlements/all").text
    assert "还没有结算" in inspector.get("/console/settlements/all?institution=P0").text


def test_a_page_further_back_ends_somewhere(inspector: TestClient, standing: Info) -> None:
    assert standing
    assert "没有更早的结算" in inspector.get("/console/settlements/all?before=1.1").text


def test_who_looked_is_kept(inspector: TestClient, stage: ConsoleStage, standing: Info) -> None:
    inspector.get(f"/console/settlements/{standing['setl_id']}")
    with stage.centre.store.reading() as connection:
        records = audit.load_audit(connection, after=0, limit=1000)
    assert ("inspector", LOOKED, standing["setl_id"]) in {(one.who, one.action, one.subject) for one in records}


def test_strangers_are_led_to_the_door(stage: ConsoleStage) -> None:
    stranger = TestClient(stage.app, base_url=BASE, follow_redirects=False)
    for path in ("all", "202611010000000000000000000000"):
        assert stranger.get(f"/console/settlements/{path}").status_code == 303
    assert stranger.post("/console/settlements/find", data={"id": "1"}).status_code == 401
