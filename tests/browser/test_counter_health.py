"""What the counter says of the terminal itself, and to whom: lamps, urgent line, panel, set-up, refused records."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenPage
from tests.browser.counter_page import counter
from tests.browser.unwell import begin_well, drops_separators, letters, many_troubles, nearly_full, out_of_room

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.req("T-60")
def test_what_is_urgent_is_told_at_once_and_the_rest_stands_in_the_panel(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        page = desk.page
        expect(page.locator("#c-settlement")).to_have_attribute("data-state", "unknown")
        expect(page.locator("#c-settlement")).to_contain_text("医保未接入")
        expect(page.locator("#c-health")).to_have_attribute("data-state", "ok")
        expect(page.locator("#c-urgent")).to_be_hidden()

        out_of_room(desk)
        expect(page.locator("#c-urgent-seen")).to_be_hidden()

        nearly_full(desk)
        expect(page.locator("#c-health")).to_have_attribute("data-state", "alarm")
        page.locator("#c-urgent-seen").click()
        expect(page.locator("#c-urgent")).to_be_hidden()
        page.reload()
        page.wait_for_selector("html[data-ready]")
        expect(page.locator("#c-urgent")).to_be_hidden()
        expect(page.locator("#c-health-text")).to_have_text("本机状态 1 项")

        begin_well(desk)
        many_troubles(desk)
        expect(page.locator("#c-urgent-title")).to_contain_text("数据库曾损坏")
        expect(page.locator("#c-urgent-more")).to_have_text("另有 1 项。")
        page.locator("#c-urgent-open").click()
        rows = page.locator("#c-troubles li")
        states = [row.split("\n")[1].strip() for row in rows.all_inner_texts()]
        assert states == ["需要处理"] * 3 + ["提醒"] * 2 + ["没有写进配置"]
        expect(page.locator("#c-health-facts")).to_contain_text("74 %")
        expect(page.locator("#c-health-facts")).to_contain_text("本店终端 T-0303")


@pytest.mark.req("T-22")
def test_a_scanner_that_drops_separators_lights_its_lamp_until_it_is_set_well(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        badge = desk.page.locator("#c-devices")
        expect(badge).to_have_attribute("data-state", "ok")
        drops_separators(desk)
        expect(desk.page.locator("#c-health-text")).to_have_text("本机状态 1 项")
        badge.click()
        row = desk.page.locator("#c-device-list li").first
        for told in ("serial:left 收不到分隔符 GS", "设置码", "scanner.drops_gs"):
            expect(row).to_contain_text(told)
        # News of the device itself knows nothing of set-ups and must not put the lamp out.
        desk.stage.bus.publish("device", json.dumps(desk.stage.status["devices"][0] | {"scans": 13}))
        expect(row).to_contain_text("扫码 13 次")
        expect(badge).to_have_attribute("data-state", "notice")
        desk.stage.change_health()
        expect(badge).to_have_attribute("data-state", "ok")
        expect(row).not_to_contain_text("GS")


@pytest.mark.req("T-22")
def test_a_scanner_in_set_up_is_named_until_the_set_up_ends(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        badge = desk.page.locator("#c-setup")
        expect(badge).to_be_hidden()
        desk.stage.change_setup("serial:left", is_running=True)
        expect(badge).to_contain_text("正在设置 serial:left")
        desk.page.reload()
        expect(badge).to_be_visible()
        desk.stage.change_setup("serial:left", is_running=False)
        expect(badge).to_be_hidden()


def test_a_refused_record_is_sent_again_or_set_aside_with_a_reason(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        letters(desk)
        rows = desk.page.locator("#c-dead-list > li")
        desk.page.locator("#c-dead-list input").first.fill("  药已退回供应商 ")
        desk.page.keyboard.press("Enter")
        expect(rows.first).to_contain_text("chen · 药已退回供应商")
        expect(desk.page.locator("#c-dead")).to_contain_text("1 条记录被中心拒收")
        rows.nth(1).locator("[data-act=send]").click()
        expect(rows).to_have_count(1)
        expect(desk.page.locator("#c-dead")).to_be_hidden()
        assert [one["set_aside"]["reason"] for one in desk.stage.dead] == ["药已退回供应商"]
