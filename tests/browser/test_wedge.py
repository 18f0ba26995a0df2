"""A keyboard scanner that types into the counter page, and people who type there too."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.counter_page import counter
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser

QUICK_MS = 2
SLOW_MS = 120


class Keys:
    """Keys with the times at which they are pressed, whatever else this machine is busy with."""

    def __init__(self, page: Page) -> None:
        self._devtools = page.context.new_cdp_session(page)
        self._at_ms = time.time() * 1_000

    def type(self, text: str, *, gap_ms: float, pause_ms: float = SLOW_MS) -> None:
        """Press one key after the other, after a pause; a line end is Enter."""
        self._at_ms += pause_ms
        for character in text:
            self._at_ms += gap_ms
            self._press(character)

    def _press(self, character: str) -> None:
        key = "Enter" if character == "\n" else character
        text = "\r" if character == "\n" else character
        event = {"key": key, "text": text, "timestamp": self._at_ms / 1_000}
        self._devtools.send("Input.dispatchKeyEvent", {"type": "keyDown", **event})
        self._devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", **event})


def code(number: int) -> str:
    return f"86000{number % 5}1{number:013d}"


def test_twenty_codes_at_scanner_pace_are_twenty_scans(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        keys = Keys(desk.page)
        for number in range(20):
            keys.type(f"{code(number)}\n", gap_ms=QUICK_MS)
        desk.expect_rows(20)
        assert [scan.code for scan in desk.stage.scans] == [code(number) for number in range(20)]
        assert set(desk.stage.entries) == {"wedge"}


def test_one_hiccup_does_not_cut_a_code_in_two(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        keys = Keys(desk.page)
        keys.type(code(1)[:12], gap_ms=QUICK_MS)
        keys.type(f"{code(1)[12:]}\n", gap_ms=QUICK_MS, pause_ms=70)
        desk.expect_rows(1)
        assert [scan.code for scan in desk.stage.scans] == [code(1)]


def test_keys_that_come_late_are_no_second_code_where_codes_end_with_a_key(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        keys = Keys(desk.page)
        keys.type(f"{code(1)}\n{code(2)[:12]}", gap_ms=QUICK_MS)
        desk.page.wait_for_timeout(400)
        keys.type(f"{code(2)[12:]}\n", gap_ms=QUICK_MS, pause_ms=70)
        desk.expect_rows(2)
        assert [scan.code for scan in desk.stage.scans] == [code(1), code(2)]


def test_code_without_a_suffix_ends_with_silence(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        Keys(desk.page).type(code(1), gap_ms=QUICK_MS)
        desk.expect_rows(1)


def test_hand_typing_is_no_scan(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        Keys(desk.page).type("8600011\n", gap_ms=SLOW_MS)
        desk.stage.scan(1)
        desk.expect_rows(1)


def test_scan_never_lands_in_a_text_field(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.page.keyboard.press("F2")
        field = desk.page.locator("#c-manual-code")
        keys = Keys(desk.page)
        keys.type("86", gap_ms=SLOW_MS)
        keys.type(f"{code(3)}\n", gap_ms=QUICK_MS)
        desk.expect_rows(1)
        expect(field).to_have_value("86")
        expect(desk.page.locator("#c-manual-dialog")).to_be_visible()


def test_quick_hand_in_a_field_loses_no_letter(open_page: OpenPage) -> None:
    with counter(open_page, Stage(operator=None)) as desk:
        field = desk.page.get_by_label("工号")
        field.click()
        Keys(desk.page).type("lin", gap_ms=QUICK_MS)
        expect(field).to_have_value("lin")


def test_password_is_never_taken_for_a_scan(open_page: OpenPage) -> None:
    with counter(open_page, Stage(operator=None)) as desk:
        field = desk.page.get_by_label("密码", exact=True)
        field.click()
        Keys(desk.page).type("right-and-quick", gap_ms=QUICK_MS)
        expect(field).to_have_value("right-and-quick")
        assert desk.stage.scans == []


def test_scan_that_the_daemon_did_not_take_is_said_to_be_lost(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        desk.listen_to_tones()
        desk.stage.is_failing = True
        Keys(desk.page).type(f"{code(1)}\n", gap_ms=QUICK_MS)
        expect(desk.page.locator("#c-message")).to_contain_text("这次扫码没有记录")
        expect(desk.page.locator("#c-message")).to_contain_text("请重扫这一盒")
        assert desk.tones() == ["alarm"]
