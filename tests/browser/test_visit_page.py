"""The kiosk page of a step of a visit: another way is always offered, and the next person finds nothing."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Route, expect

from tests.browser.axe import grave_findings
from tests.browser.conftest import OpenPage
from tests.browser.serving import serving
from tests.browser.stage import Stage, staged_app

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NO_READER = {"code": "device.none", "zh": "没有", "en": "There is none", "next": {"zh": "换", "en": "Use another"}}
DUE = {"zh": "已登记，医院系统暂未应答", "en": "Noted; the hospital's system does not answer yet"}
SIZES = [(1080, 1920), (1366, 768), (390, 844)]


def answer(route: Route) -> None:
    """Be a terminal without a voucher reader, in a hospital with a room."""
    form = json.loads(route.request.post_data or "{}")
    assert (form["step"], form["item"]) == ("01203", "X1")
    if form["by"] == "card":
        route.fulfill(json={"message": "请到 3 号诊室", "telling": "told"})
    elif form["by"] == "id":
        route.fulfill(json={"message": "", "telling": "due"})
    else:
        route.fulfill(status=422, json=NO_READER)


@pytest.mark.req("T-32")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_step_that_fails_by_one_way_goes_by_another(open_page: OpenPage, language: str) -> None:
    stage = Stage()
    with serving(staged_app(stage)) as address:
        page = open_page(language)
        page.route("**/api/v1/visits/M1/steps", answer)
        page.goto(f"{address}/visit?step=01203")
        page.wait_for_selector("html[data-ready]")
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert grave_findings(page) == []
        expect(page.locator("#v-visit")).to_be_focused()
        page.keyboard.type("M1")
        page.locator("#v-item").fill("X1")
        page.locator("button[value=voucher]").click()
        expect(page.locator("#v-failed-words")).to_be_focused()
        assert grave_findings(page) == []
        page.locator("[data-other]").click()
        expect(page.locator("#v-visit")).to_have_value("M1")
        page.locator("button[value=card]").click()
        expect(page.locator("#v-done-message")).to_have_text("请到 3 号诊室")
        assert grave_findings(page) == []
        page.locator("[data-again]").click()
        expect(page.locator("#v-visit")).to_have_value("")
        page.locator("#v-visit").fill("M1")
        page.locator("#v-item").fill("X1")
        page.locator("button[value=id]").click()
        expect(page.locator("#v-done-words")).to_have_text(DUE[language])
        stage.bus.close()
