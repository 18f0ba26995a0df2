"""What a pharmacist sees and does on the counter page, in a real browser."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import APIResponse, Page, Route, expect
from pydantic import TypeAdapter

from edge.counter.views import to_json
from edge.health import Trouble
from edge.link_trouble import CANNOT_CONNECT, NO_ANSWER, REVOKED
from edge.sync_board import WRONG_CENTRE_KEY
from tests.browser.conftest import OpenPage
from tests.browser.counter_page import CounterPage, counter
from tests.browser.serving import serving
from tests.browser.stage import Stage, staged_app
from wire.link_loss import Cause

pytestmark = pytest.mark.browser


def test_scan_appears_on_top_with_groups_shape_word_and_tone(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.listen_to_tones()
        desk.stage.scan(1)
        desk.stage.scan(2, "unmatched")
        desk.expect_rows(2)

        newest, first = desk.page.locator(".c-row").all()
        expect(first.locator(".y-four")).to_have_text(["8600", "0110", "0000", "0000", "0001"])
        expect(first).to_contain_text("缬沙坦胶囊")
        expect(first.locator(".c-row__class")).to_have_text("乙")
        expect(first.locator(".c-row__price")).to_have_text("¥28.65")
        expect(first.locator(".c-row__state")).to_have_text("已匹配")
        expect(first.locator("use").first).to_have_attribute("href", "#y-check")
        expect(newest.locator(".c-row__state")).to_have_text("未匹配")
        expect(newest.locator("use").first).to_have_attribute("href", "#y-question")
        assert desk.tones() == ["ok", "notice"]


@pytest.mark.req("C-03")
@pytest.mark.parametrize(("language", "words"), [("zh", "扫码枪可能丢失了 GS 分隔符"), ("en", "drop the GS separator")])
def test_box_read_with_a_doubt_is_counted_and_says_so(open_page: OpenPage, language: str, words: str) -> None:
    with counter(open_page, language=language) as desk:
        desk.listen_to_tones()
        desk.stage.scan(1, is_doubted=True)
        row = desk.page.locator(".c-row")
        expect(row).to_contain_text(words)
        expect(row).to_have_class(re.compile("c-row--notice"))
        expect(row.locator("use").first).to_have_attribute("href", "#y-warning")
        expect(desk.page.locator("#c-count-matched")).to_have_text("1")
        assert desk.tones() == ["notice"]


@pytest.mark.parametrize(("language", "words"), [("zh", "首位为 8 但不是 20 位"), ("en", "has not 20 digits")])
def test_text_that_is_no_code_says_why(open_page: OpenPage, language: str, words: str) -> None:
    with counter(open_page, language=language) as desk:
        desk.stage.scan(1, "unreadable")
        expect(desk.page.locator(".c-row__why")).to_contain_text(words)


def test_copied_code_has_no_blanks(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.expect_rows(1)
        assert desk.page.locator(".c-row__code").text_content() == "86000110000000000001"


def test_two_packs_of_one_product_are_one_line_of_two(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        for number in (1, 6, 2):
            desk.stage.scan(number)
        expect(desk.page.locator(".c-line")).to_have_count(2)
        line = desk.page.locator('.c-line[data-line="1"]')
        expect(line.locator(".c-line__quantity")).to_have_text("×2")
        expect(line.locator(".c-line__amount")).to_have_text("¥57.30")
        expect(desk.page.locator("#c-amount")).to_have_text("¥72.05")


def test_alarm_stays_until_it_is_seen_and_bars_the_close(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.listen_to_tones()
        desk.stage.scan(1)
        desk.stage.scan(1, "already_in_sale")
        strip = desk.page.locator("#c-alarm")
        expect(strip).to_contain_text("重复扫码，这一盒已在清单中，只计一次")
        expect(desk.page.locator("#c-shout")).to_contain_text("重复扫码")
        assert desk.tones() == ["ok", "alarm"]
        desk.stage.scan(9, "wrong_code_type")
        expect(desk.page.locator("#c-say")).to_contain_text("扫错码 扫错了码")
        expect(desk.page.locator("#c-say")).to_contain_text("请扫描盒上的药品追溯码")

        desk.page.keyboard.press("F10")
        expect(desk.page.locator("#c-message")).to_contain_text("请先确认风险提示")
        assert desk.stage.closed_keys == []

        desk.page.keyboard.press("Escape")
        expect(strip).to_be_hidden()
        desk.page.keyboard.press("F10")
        expect(desk.page.locator("#c-last")).to_contain_text("已结账")
        assert len(desk.stage.closed_keys) == 1


def test_same_box_scanned_again_and_again_is_one_alarm(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        for _ in range(3):
            desk.stage.scan(1, "already_in_sale")
        desk.stage.scan(2, "sold_here")
        expect(desk.page.locator("#c-alarm-more")).to_have_text("另有 1 条风险")
        desk.page.locator("#c-alarm-seen").click()
        desk.page.locator("#c-alarm-seen").click()
        expect(desk.page.locator("#c-alarm")).to_be_hidden()


def test_seen_alarm_does_not_come_back_with_a_reload(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.stage.scan(1, "already_in_sale")
        expect(desk.page.locator("#c-alarm")).to_be_visible()
        desk.page.reload()
        expect(desk.page.locator("#c-alarm")).to_be_visible()
        desk.page.keyboard.press("Escape")
        desk.page.reload()
        desk.page.wait_for_selector("html[data-ready]")
        desk.expect_rows(2)
        expect(desk.page.locator("#c-alarm")).to_be_hidden()


def test_mute_silences_everything_but_alarms(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.page.locator("#c-sound").click()
        desk.page.locator("#c-muted").check()
        desk.page.keyboard.press("Escape")
        desk.listen_to_tones()
        desk.stage.scan(1)
        desk.stage.scan(1, "already_in_sale")
        desk.stage.scan(2, "unmatched")
        desk.expect_rows(3)
        assert desk.tones() == ["ok silent", "alarm", "notice silent"]
        desk.page.reload()
        desk.page.locator("#c-sound").click()
        expect(desk.page.locator("#c-muted")).to_be_checked()


def test_removed_box_can_be_put_back(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.stage.scan(6)
        desk.expect_rows(2)
        desk.page.keyboard.press("ArrowDown")
        desk.page.keyboard.press("Delete")
        expect(desk.page.locator(".c-row").first.locator(".c-row__state")).to_have_text("已移除")
        expect(desk.page.locator(".c-line__quantity")).to_have_text("×1")
        expect(desk.page.locator("#c-undo-what")).to_have_text("已移除 缬沙坦胶囊")

        desk.page.keyboard.press("Control+z")
        expect(desk.page.locator(".c-line__quantity")).to_have_text("×2")
        expect(desk.page.locator("#c-undo-bar")).to_be_hidden()
        expect(desk.page.locator(".c-row").first.locator(".c-row__state")).to_have_text("已匹配")
        desk.expect_rows(2)


def test_unanswered_undo_can_be_pressed_again(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.expect_rows(1)
        desk.page.keyboard.press("ArrowDown")
        desk.page.keyboard.press("Delete")
        expect(desk.page.locator("#c-undo-bar")).to_be_visible()
        desk.page.route("**/api/v1/sale/packs/**", lambda route: route.abort())
        desk.page.locator("#c-undo").click()
        expect(desk.page.locator("#c-message")).to_contain_text("本机服务没有应答")
        desk.page.unroute("**/api/v1/sale/packs/**")
        desk.page.locator("#c-undo").click()
        expect(desk.page.locator(".c-line__quantity")).to_have_text("×1")
        expect(desk.page.locator("#c-undo-bar")).to_be_hidden()


def test_removed_box_is_still_removed_after_a_reload(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        removed = desk.stage.scan(1)
        desk.stage.scan(6)
        desk.stage.remove(removed.code)
        expect(desk.page.locator(".c-row--removed")).to_have_count(1)
        desk.page.reload()
        desk.expect_rows(2)
        expect(desk.page.locator(".c-row--removed")).to_have_count(1)


def test_cancel_asks_first_and_empties_the_page(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.expect_rows(1)
        desk.page.locator("#c-cancel").click()
        expect(desk.page.locator("#c-cancel-dialog")).to_contain_text("1 盒将全部移除")
        desk.page.locator("#c-cancel-dialog [data-close]").last.click()
        desk.expect_rows(1)
        desk.page.locator("#c-cancel").click()
        desk.page.locator("#c-cancel-yes").click()
        desk.expect_rows(0)
        expect(desk.page.locator("#c-empty-title")).to_be_visible()


def test_unanswered_close_is_sent_again_with_the_same_key(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.expect_rows(1)
        keys: list[str] = []

        def cut(route: Route) -> None:
            keys.append(route.request.headers["idempotency-key"])
            if len(keys) == 1:
                route.abort()
            else:
                route.continue_()

        desk.page.route("**/api/v1/sale/close", cut)
        desk.page.keyboard.press("F10")
        expect(desk.page.locator("#c-message")).to_contain_text("本机服务没有应答")
        desk.page.locator("#c-message .y-button").click()
        expect(desk.page.locator("#c-last")).to_be_visible()
        assert len(keys) == 2
        assert keys[0] == keys[1]


def test_refusal_shows_words_code_and_next_step(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.expect_rows(1)
        desk.stage.is_failing = True
        desk.page.keyboard.press("F10")
        message = desk.page.locator("#c-message")
        for part in ("磁盘已满，无法记录", "请清理磁盘后重试。", "store.full"):
            expect(message).to_contain_text(part)


def test_filter_shows_only_its_rows(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        for number, verdict in ((1, "added"), (2, "unmatched"), (1, "already_in_sale"), (3, "added")):
            desk.stage.scan(number, verdict)
        desk.expect_rows(4)
        desk.page.locator('[data-filter="alarms"]').click()
        desk.expect_rows(1)
        desk.stage.scan(4)
        desk.page.locator('[data-filter="matched"]').click()
        desk.expect_rows(3)
        expect(desk.page.locator('[data-filter="matched"]')).to_have_attribute("aria-pressed", "true")


def test_old_rows_are_folded_and_can_be_opened(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        for number in range(450):
            desk.stage.scan(number)
        expect(desk.page.locator("#c-earlier-open")).to_have_text("更早 250 行")
        desk.expect_rows(200)
        desk.page.locator("#c-earlier-open").click()
        desk.expect_rows(400)
        desk.page.locator("#c-earlier-open").click()
        desk.expect_rows(450)
        expect(desk.page.locator("#c-earlier")).to_be_hidden()


def test_credential_is_shown_masked_and_not_numbered_twice(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.stage.scan(2, "credential")
        desk.stage.scan(3, "credential")
        desk.stage.scan(4)
        desk.expect_rows(4)
        assert [row.split()[0] for row in desk.row_texts()] == ["4", "3", "2", "1"]
        expect(desk.page.locator(".c-row").nth(1)).to_contain_text("患者凭证")


def test_sign_in_says_what_is_wrong_and_then_lets_in(open_page: OpenPage) -> None:
    with counter(open_page, Stage(operator=None)) as desk:
        expect(desk.page.locator("#c-empty-title")).to_have_text("请先登录")
        expect(desk.page.get_by_label("工号")).to_be_focused()
        desk.page.get_by_label("工号").fill("chen")
        desk.page.get_by_label("密码", exact=True).fill("wrong")
        desk.page.locator("#c-sign-in-form button").click()
        expect(desk.page.locator("#c-message")).to_contain_text("操作员或密码不正确")
        desk.page.get_by_label("密码", exact=True).fill("right")
        desk.page.keyboard.press("Enter")
        expect(desk.page.locator("#c-operator")).to_have_text("操作员 chen")
        expect(desk.page.locator("#c-pay")).to_be_visible()
        desk.page.locator("#c-leave").click()
        expect(desk.page.locator("#c-sign-in")).to_be_visible()
        expect(desk.page.get_by_label("工号")).to_be_focused()


def test_exposed_terminal_asks_to_sign_in_before_and_after(open_page: OpenPage) -> None:
    """Where others can ask too, looking needs a sign-in: the page says so and does not take it for a lost daemon."""
    with counter(open_page, Stage(operator=None, is_open=False)) as desk:
        form, lost = desk.page.locator("#c-sign-in"), desk.page.locator("#c-lost")
        expect(form).to_be_visible()
        expect(lost).to_be_hidden()
        desk.page.get_by_label("工号").fill("chen")
        desk.page.get_by_label("密码", exact=True).fill("right")
        with desk.page.expect_request("**/api/v1/live*"):
            desk.page.keyboard.press("Enter")
        expect(desk.page.locator("#c-pay")).to_be_visible()
        desk.stage.scan(1)
        desk.expect_rows(1)

        followed: list[str] = []
        desk.page.on("request", lambda request: followed.append(request.url) if "/api/v1/live" in request.url else None)
        desk.page.locator("#c-leave").click()
        expect(form).to_be_visible()
        desk.expect_rows(0)
        desk.page.wait_for_load_state("networkidle")
        expect(lost).to_be_hidden()
        assert followed == [], "who may not look does not ask again and again"

        desk.page.get_by_label("工号").fill("chen")
        desk.page.get_by_label("密码", exact=True).fill("right")
        desk.page.keyboard.press("Enter")
        desk.expect_rows(1)
        desk.stage.scan(2)
        desk.expect_rows(2)


def test_browser_that_was_signed_out_elsewhere_shows_the_sign_in(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.operator = None
        desk.stage.bus.publish("session", "{}")
        expect(desk.page.locator("#c-sign-in")).to_be_visible()


def test_return_finds_the_sale_by_the_box_scanned_or_typed(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        first, second = desk.stage.scan(1), desk.stage.scan(6)
        desk.expect_rows(2)
        desk.page.keyboard.press("F10")
        expect(desk.page.locator("#c-last")).to_be_visible()
        other = desk.stage.scan(2)
        expect(desk.page.locator("#c-count-boxes")).to_have_text("1")
        desk.page.keyboard.press("F10")
        expect(desk.page.locator("#c-last")).to_be_visible()

        desk.stage.scan(1, "sold_here")
        desk.page.locator("#c-alarm-return").click()
        expect(desk.page.locator("#c-return-sale")).to_have_value("T-0301-20261121-1")
        expect(desk.page.locator("#c-return-list")).to_contain_text("缬沙坦胶囊")
        field, said = desk.page.locator("#c-return-code"), desk.page.locator("#c-return-problem")
        for code, words in ((other.code, "另一张销售单 T-0301-20261121-2"), ("8" * 20, "counter.pack_not_sold_here")):
            field.fill(code)
            desk.page.keyboard.press("Enter")
            expect(said).to_contain_text(words)
            expect(desk.page.locator("#c-return-list li")).to_have_count(1)
        field.fill(second.code)
        desk.page.locator("#c-return-add").click()
        expect(said).to_be_empty()
        expect(desk.page.locator("#c-return-list li")).to_have_count(2)
        desk.page.locator("#c-return-send").click()
        expect(desk.page.locator("#c-message")).to_contain_text("已退货 2 盒")
        assert desk.stage.sold == {other.code: "T-0301-20261121-2"}
        assert first.code != second.code


def test_unanswered_return_is_sent_again_with_the_same_key(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        code = desk.stage.scan(1).code
        desk.stage.close("k")
        desk.expect_rows(0)
        desk.stage.scan(1, "sold_here")
        desk.page.locator("#c-alarm-return").click()
        expect(desk.page.locator("#c-return-list li")).to_have_count(1)
        keys: list[str] = []

        def cut(route: Route) -> None:
            keys.append(route.request.headers["idempotency-key"])
            if len(keys) == 1:
                route.abort()
            else:
                route.continue_()

        desk.page.route("**/api/v1/sales/*/return", cut)
        send, problem = desk.page.locator("#c-return-send"), desk.page.locator("#c-return-problem")
        send.click()
        expect(problem).to_contain_text("本机服务没有应答")
        send.click()
        expect(desk.page.locator("#c-message")).to_contain_text("已退货 1 盒")
        assert code not in desk.stage.sold
        assert len(keys) == 2
        assert keys[0] == keys[1]

        again = desk.stage.scan(3).code
        desk.stage.close("k2")
        desk.stage.scan(3, "sold_here")
        desk.page.locator("#c-alarm-return").click()
        expect(desk.page.locator("#c-return-list li")).to_have_count(1)
        send.click()
        expect(desk.page.locator("#c-return-dialog")).to_be_hidden()
        assert again not in desk.stage.sold
        assert keys[2] not in keys[:2]


def test_receiving_shows_boxes_instead_of_money(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.page.locator('[data-mode="receive"]').click()
        expect(desk.page.locator("#c-pay-title")).to_have_text("本次入库")
        desk.stage.scan(1)
        expect(desk.page.locator("#c-amount")).to_have_text("1 盒")
        expect(desk.page.locator("#c-close-text")).to_have_text("完成入库")
        expect(desk.page.locator('[data-mode="dispense"]')).to_be_disabled()


def test_language_switch_keeps_the_list(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.expect_rows(1)
        desk.page.get_by_role("link", name="English").click()
        expect(desk.page.locator("html")).to_have_attribute("lang", "en")
        desk.expect_rows(1)
        expect(desk.page.locator(".c-row__state")).to_have_text("Matched")


def test_offline_bar_says_what_still_works(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        since = datetime.now(UTC) - timedelta(minutes=12, seconds=5)
        desk.stage.change_status(is_up=False, pending=7, oldest_pending_at=since.isoformat())
        expect(desk.page.locator("#c-offline")).to_contain_text("可以继续扫码和自费结账")
        expect(desk.page.locator("#c-offline")).to_contain_text("医保结算需要联网，暂时不能办理")
        expect(desk.page.locator("#c-sync-text")).to_have_text("离线 · 待上传 7 条 · 12 分钟")
        desk.stage.scan(1)
        desk.expect_rows(1)
        desk.page.keyboard.press("F10")
        expect(desk.page.locator("#c-last")).to_contain_text("已结账")
        desk.stage.change_status(is_up=True, pending=0, oldest_pending_at=None)
        expect(desk.page.locator("#c-offline")).to_be_hidden()


def test_link_that_is_switched_off_does_not_read_as_offline(open_page: OpenPage) -> None:
    stage = Stage()
    stage.change_status(is_up=False, is_enabled=False, pending=3, oldest_pending_at="2026-11-21T01:30:00Z")
    with counter(open_page, stage) as desk:
        expect(desk.page.locator("#c-off")).to_contain_text("本终端设为单机使用")
        expect(desk.page.locator("#c-offline")).to_be_hidden()
        expect(desk.page.locator("#c-sync-text")).to_contain_text("单机使用 · 待上传 3 条")


@pytest.mark.parametrize(("language", "next_step"), [("zh", "请管理员核对"), ("en", "An administrator compares")])
def test_centre_that_cannot_be_believed_is_named_until_it_can(
    open_page: OpenPage, language: str, next_step: str
) -> None:
    with counter(open_page, language=language) as desk:
        problem = TypeAdapter(Trouble).dump_python(WRONG_CENTRE_KEY, mode="json")
        desk.stage.change_status(problem=problem, pending=7)
        bar = desk.page.locator("#c-link")
        expect(bar).to_contain_text(next_step)
        expect(bar).to_contain_text("link.wrong_centre_key")
        expect(desk.page.locator("#c-sync")).to_have_attribute("data-state", "alarm")
        desk.page.locator("#c-sync").click()
        expect(desk.page.locator("#c-sync-facts")).to_contain_text("link.wrong_centre_key")
        desk.page.keyboard.press("Escape")
        desk.stage.change_status(problem=None, pending=0)
        expect(bar).to_be_hidden()
        expect(desk.page.locator("#c-sync")).to_have_attribute("data-state", "ok")


@pytest.mark.parametrize(
    ("problem", "is_up", "badge", "bar_class"),
    [
        (NO_ANSWER, True, ("notice", "中心无应答"), "y-notice--warn"),
        (CANNOT_CONNECT[Cause.TAKEN_OVER], True, ("alarm", "连接受阻"), "y-notice--bad"),
        (REVOKED, True, ("alarm", "密钥已吊销"), "y-notice--bad"),
        (CANNOT_CONNECT[Cause.NAME], False, ("notice", "离线"), None),
    ],
)
def test_why_nothing_goes_up_is_told_and_offline_stays_calm(
    open_page: OpenPage, problem: Trouble, is_up: bool, badge: tuple[str, str], bar_class: str | None
) -> None:
    with counter(open_page) as desk:
        told = TypeAdapter(Trouble).dump_python(problem, mode="json")
        desk.stage.change_status(problem=told, is_up=is_up, pending=7)
        state, word = badge
        expect(desk.page.locator("#c-sync-text")).to_contain_text(word)
        expect(desk.page.locator("#c-sync")).to_have_attribute("data-state", state)
        bar = desk.page.locator("#c-link")
        if bar_class is None:
            expect(bar).to_be_hidden()
            expect(desk.page.locator("#c-offline")).to_be_visible()
        else:
            expect(bar).to_have_class(f"y-notice {bar_class}")
            expect(bar).to_contain_text(problem.next_step.zh)
        desk.page.locator("#c-sync").click()
        expect(desk.page.locator("#c-sync-facts")).to_contain_text(problem.code)


def test_open_line_does_not_read_as_online_before_the_centre_has_answered(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        badge = desk.page.locator("#c-sync")
        desk.stage.change_status(problem=None, is_up=True, pending=0, last_receipt_at=None)
        expect(desk.page.locator("#c-sync-text")).to_contain_text("等待中心应答")
        expect(badge).to_have_attribute("data-state", "unknown")
        desk.stage.change_status(last_receipt_at="2026-11-22T08:00:00Z")
        expect(badge).to_have_attribute("data-state", "ok")


def test_wrong_clock_refused_records_broken_scanner_and_missing_approval_are_named(open_page: OpenPage) -> None:
    stage = Stage()
    stage.status["clock_offset_ms"] = -185_000
    stage.status["is_approved"] = False
    stage.status["sync"]["dead"] = 2
    stage.status["devices"][0] |= {"state": "lost", "problem": "driver.lost"}
    stage.dead = [
        {
            "seq": 41,
            "kind": "dispensed",
            "code": "event.invalid",
            "id": "019aa3f0-5c00-7000-8000-000000000041",
            "epoch": "019aa3f0",
            "created_at": "2026-11-21T01:30:00Z",
        }
    ]
    with counter(open_page, stage) as desk:
        expect(desk.page.locator("#c-skew")).to_contain_text("与中心相差 3 分钟")
        expect(desk.page.locator("#c-unapproved")).to_contain_text("3F2A-91C0-77DE-0B15")
        expect(desk.page.locator("#c-device-fault")).to_contain_text("serial:left 已断开")
        expect(desk.page.locator("#c-dead")).to_contain_text("2 条记录被中心拒收")
        desk.page.locator("#c-dead-open").click()
        expect(desk.page.locator("#c-dead-list")).to_contain_text("第 41 号 售出")
        expect(desk.page.locator("#c-dead-list")).to_contain_text("event.invalid")


def test_lost_daemon_shows_a_red_bar_and_the_page_catches_up(open_page: OpenPage) -> None:
    stage = Stage()
    with serving(staged_app(stage)) as address:
        page = open_page()
        page.goto(f"{address}/counter")
        page.wait_for_selector("html[data-ready]")
        desk = CounterPage(page, stage, address)
        stage.scan(1)
        desk.expect_rows(1)
        stage.bus.close()
    expect(page.locator("#c-lost")).to_be_visible()
    expect(page.locator("#c-lost")).to_contain_text("本机服务未响应")
    expect(page.locator("#c-close")).to_be_disabled()

    # The daemon starts again on the same port, with a bus of its own, and has gone on meanwhile.
    reborn = replace(stage, bus=type(stage.bus)(first_id=1_000_000))
    reborn.scan(2)
    with serving(staged_app(reborn), port=int(address.rsplit(":", 1)[1])):
        expect(page.locator("#c-lost")).to_be_hidden(timeout=8_000)
        desk.expect_rows(2)
        reborn.scan(3)
        desk.expect_rows(3)
        expect(page.locator("#c-close")).to_be_enabled()
        reborn.bus.close()


def test_slow_follower_loads_the_list_again(open_page: OpenPage) -> None:
    stage = Stage()
    stage.bus = type(stage.bus)(capacity=5)
    with counter(open_page, stage) as desk:
        desk.page.context.set_offline(True)
        for number in range(40):
            stage.scan(number)
        desk.page.context.set_offline(False)
        expect(desk.page.locator("#c-count-boxes")).to_have_text("40", timeout=10_000)
        desk.expect_rows(40)


def test_help_opens_and_closes_by_key(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        for key in ("F1", "?"):
            desk.page.keyboard.press(key)
            expect(desk.page.locator("#c-help-dialog")).to_be_visible()
            desk.page.keyboard.press("Escape")
            expect(desk.page.locator("#c-help-dialog")).to_be_hidden()


def test_typed_code_is_recorded_and_judged(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.page.keyboard.press("F2")
        field = desk.page.locator("#c-manual-code")
        expect(field).to_be_focused()
        field.fill("86000110000000000006")
        desk.page.keyboard.press("Enter")
        expect(desk.page.locator("#c-manual-answer")).to_contain_text("已匹配，缬沙坦胶囊")
        assert desk.stage.entries == ["typed"]
        expect(field).to_have_value("")
        desk.expect_rows(1)


def test_list_is_reached_and_moved_in_by_keyboard(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        for number in range(3):
            desk.stage.scan(number)
        desk.expect_rows(3)
        desk.page.keyboard.press("ArrowDown")
        expect(desk.page.locator(".c-row").nth(0)).to_be_focused()
        desk.page.keyboard.press("ArrowDown")
        expect(desk.page.locator(".c-row").nth(1)).to_be_focused()
        expect(desk.page.locator('.c-row[tabindex="0"]')).to_have_count(1)


def test_summary_is_announced_quietly(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.stage.scan(2)
        expect(desk.page.locator("#c-say")).to_have_text(re.compile("新扫 2 次。 共 2 盒"), timeout=8_000)
        expect(desk.page.locator("#c-shout")).to_be_empty()


class HeldAnswer:
    """The next request for the open list waits for its answer; those after it get the true one at once."""

    def __init__(self, page: Page) -> None:
        self._held: Route | None = None
        page.route("**/api/v1/sale", self._take)

    def let_go(self, answer: str) -> None:
        """Answer what waits with an older answer."""
        assert self._held is not None
        self._held.fulfill(body=answer, content_type="application/json")

    def _take(self, route: Route) -> None:
        if self._held is None:
            self._held = route
        else:
            route.continue_()


def test_scan_that_begins_the_next_sale_while_the_page_reloads_is_not_lost(open_page: OpenPage) -> None:
    """The answer about the list that was closed arrives after the first scan of the next one."""
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.expect_rows(1)
        held = HeldAnswer(desk.page)
        with desk.page.expect_request("**/api/v1/sale"):
            desk.page.keyboard.press("F10")
        nothing_open = to_json(desk.stage.shown).decode()
        desk.stage.scan(2)
        expect(desk.page.locator(".c-row")).to_contain_text("连花清瘟胶囊")
        held.let_go(nothing_open)
        expect(desk.page.locator("#c-count-boxes")).to_have_text("1")
        expect(desk.page.locator(".c-line__quantity")).to_have_text("×1")
        expect(desk.page.locator(".c-row")).to_contain_text("连花清瘟胶囊")


def test_scans_during_a_removal_are_on_their_lines(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        for number in (1, 6):
            desk.stage.scan(number)
        removed = desk.stage.scan(2)
        desk.expect_rows(3)
        held = HeldAnswer(desk.page)
        with desk.page.expect_request("**/api/v1/sale"):
            desk.stage.remove(removed.code)
        before = to_json(desk.stage.shown).decode()
        desk.stage.scan(11)
        desk.expect_rows(4)
        held.let_go(before)
        expect(desk.page.locator(".c-line")).to_have_count(1)
        assert desk.page.locator(".c-line__quantity").text_content() == "×3"
        assert desk.page.locator("#c-count-boxes").text_content() == "3"


def test_an_answer_that_a_later_one_has_overtaken_is_not_shown(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.stage.scan(1)
        desk.expect_rows(1)
        overtaken: list[tuple[Route, APIResponse]] = []

        def hold_the_first(route: Route) -> None:
            if overtaken:
                route.continue_()
            else:
                overtaken.append((route, route.fetch()))

        desk.page.route("**/api/v1/sale", hold_the_first)
        desk.page.locator(".c-row").first.get_by_role("button").click()
        expect(desk.page.locator("#c-undo-what")).to_be_visible()
        desk.page.keyboard.press("Control+z")
        expect(desk.page.locator(".c-line")).to_have_count(1)
        (late, answer) = overtaken[0]
        with desk.page.expect_response("**/api/v1/sale"):
            late.fulfill(response=answer)
        desk.page.wait_for_timeout(100)
        expect(desk.page.locator(".c-line")).to_have_count(1)
