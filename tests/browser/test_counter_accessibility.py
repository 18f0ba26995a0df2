"""The counter page for everybody: axe in every state and both languages, zoom, small and tall screens, focus."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from pydantic import TypeAdapter

from edge.health import Trouble
from edge.sync_board import WRONG_CENTRE_KEY
from tests.browser.axe import grave_findings
from tests.browser.conftest import OpenPage
from tests.browser.counter_page import CounterPage, counter
from tests.browser.stage import Stage
from tests.browser.unwell import UNWELL, begin_well

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = [(1440, 900), (1366, 768), (1080, 1440), (720, 450), (390, 844)]
"""A desktop, a small one, a tall one, the desktop at 200 % zoom, and a phone."""


def a_morning(stage: Stage) -> None:
    for number in range(1, 15):
        stage.scan(number)
    for number, verdict in ((15, "unmatched"), (17, "wrong_code_type"), (3, "already_in_sale"), (21, "added")):
        stage.scan(number, verdict)


def empty(_desk: CounterPage) -> None:
    pass


def normal(desk: CounterPage) -> None:
    a_morning(desk.stage)
    desk.expect_rows(18)


def quiet(desk: CounterPage) -> None:
    normal(desk)
    desk.page.keyboard.press("Escape")
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Delete")
    expect(desk.page.locator("#c-undo-bar")).to_be_visible()


def offline(desk: CounterPage) -> None:
    normal(desk)
    since = datetime.now(UTC) - timedelta(hours=2)
    desk.stage.change_status(is_up=False, pending=27, oldest_pending_at=since.isoformat())
    expect(desk.page.locator("#c-offline")).to_be_visible()


def lost(desk: CounterPage) -> None:
    normal(desk)
    desk.page.context.set_offline(True)
    desk.stage.bus.close()
    expect(desk.page.locator("#c-lost")).to_be_visible()


def refused(desk: CounterPage) -> None:
    quiet(desk)
    desk.stage.is_failing = True
    desk.page.keyboard.press("F10")
    expect(desk.page.locator("#c-message .y-message--bad")).to_be_visible()


def signed_out(desk: CounterPage) -> None:
    desk.page.locator("#c-leave").click()
    expect(desk.page.locator("#c-sign-in")).to_be_visible()


def closed(desk: CounterPage) -> None:
    quiet(desk)
    desk.page.keyboard.press("F10")
    expect(desk.page.locator("#c-last")).to_be_visible()


def receiving(desk: CounterPage) -> None:
    desk.page.locator('[data-mode="receive"]').click()
    desk.stage.scan(1)
    desk.expect_rows(1)


def all_notices(desk: CounterPage) -> None:
    status = desk.stage.status
    status |= {"clock_offset_ms": -185_000, "is_clock_off": True, "is_approved": False}
    status["sync"]["dead"] = 2
    status["devices"][0] |= {"state": "lost", "problem": "driver.lost", "words": {"zh": "断开", "en": "gone"}}
    desk.page.reload()
    expect(desk.page.locator("#c-dead")).to_be_visible()


def doubted(desk: CounterPage) -> None:
    normal(desk)
    desk.page.keyboard.press("Escape")
    desk.stage.scan(22, is_doubted=True)
    desk.stage.scan(23, "unreadable")
    desk.expect_rows(20)


def unbelieved(desk: CounterPage) -> None:
    normal(desk)
    since = datetime.now(UTC) - timedelta(hours=2)
    problem = TypeAdapter(Trouble).dump_python(WRONG_CENTRE_KEY, mode="json")
    desk.stage.change_status(problem=problem, pending=27, oldest_pending_at=since.isoformat())
    expect(desk.page.locator("#c-link")).to_be_visible()


def switched_off(desk: CounterPage) -> None:
    normal(desk)
    desk.stage.change_status(is_up=False, is_enabled=False, pending=27, oldest_pending_at=None)
    expect(desk.page.locator("#c-off")).to_be_visible()


def returning(desk: CounterPage) -> None:
    desk.stage.scan(1)
    desk.expect_rows(1)
    desk.page.keyboard.press("F10")
    expect(desk.page.locator("#c-last")).to_be_visible()
    desk.stage.scan(1, "sold_here")
    desk.page.locator("#c-alarm-return").click()
    expect(desk.page.locator("#c-return-list li")).to_have_count(1)


def splitting(desk: CounterPage) -> None:
    desk.stage.scan(1)
    desk.stage.scan(2)
    desk.expect_rows(2)
    desk.page.keyboard.press("F4")
    expect(desk.page.locator("#t-split-units")).to_be_focused()
    desk.page.keyboard.type("6")
    expect(desk.page.locator("#t-split-send")).to_be_enabled()


def dialog(opener: str) -> Callable[[CounterPage], None]:
    def open_dialog(desk: CounterPage) -> None:
        desk.page.locator(opener).click()
        expect(desk.page.locator("dialog[open]")).to_be_visible()

    open_dialog.__name__ = f"dialog {opener}"
    return open_dialog


STATES = [
    empty,
    normal,
    quiet,
    offline,
    lost,
    refused,
    signed_out,
    closed,
    receiving,
    all_notices,
    doubted,
    unbelieved,
    switched_off,
    returning,
    splitting,
    *(dialog(opener) for opener in ("#c-sync", "#c-devices", "#c-sound", "#c-help", "#c-manual")),
]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing_grave(open_page: OpenPage, state: Callable[[CounterPage], None], language: str) -> None:
    with counter(open_page, language=language) as desk:
        state(desk)
        assert grave_findings(desk.page) == []


@pytest.mark.parametrize(("language", "states"), [("zh", UNWELL), ("en", UNWELL[-2:])])
def test_a_terminal_that_is_unwell_says_so_to_everybody(
    open_page: OpenPage, language: str, states: list[Callable[[CounterPage], None]]
) -> None:
    with counter(open_page, language=language, size=(390, 844)) as desk:
        for state in states:
            begin_well(desk)
            state(desk)
            assert (state.__name__, grave_findings(desk.page)) == (state.__name__, [])
            assert (state.__name__, desk.page.evaluate(CUT_OFF)) == (state.__name__, [])


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "state", [offline, unbelieved, switched_off, doubted, signed_out, closed], ids=lambda state: state.__name__
)
def test_nothing_is_cut_off_at_any_size(
    open_page: OpenPage, state: Callable[[CounterPage], None], language: str
) -> None:
    with counter(open_page, language=language) as desk:
        state(desk)
        for width, height in SIZES:
            desk.page.set_viewport_size({"width": width, "height": height})
            assert desk.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
            assert (width, desk.page.evaluate(CUT_OFF)) == (width, [])


CUT_OFF = """() => [...document.querySelectorAll("button, .y-notice__text, .c-total__amount, .c-row__state, h1, h2")]
  .filter(one => one.offsetParent !== null)
  .filter(one => one.getBoundingClientRect().right > window.innerWidth + 1
    || one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== "inline")
  .map(one => one.id || one.className || one.tagName)"""


def test_targets_are_large_enough_to_touch(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        quiet(desk)
        sizes = desk.page.locator("button:visible, a:visible").evaluate_all(
            "all => all.map(one => [one.id || one.className, one.getBoundingClientRect().height])"
        )
        assert [(name, height) for name, height in sizes if height < 36 and "y-skip" not in name] == []


def test_focus_is_seen_on_every_stop(open_page: OpenPage) -> None:
    with counter(open_page) as desk:
        normal(desk)
        stops = []
        for _ in range(40):
            desk.page.keyboard.press("Tab")
            stop, outline = desk.page.evaluate(FOCUS)
            if stop == "BODY":
                break
            stops.append(stop)
            assert (stop, outline) == (stop, "solid")
        assert {"c-sync", "c-manual", "c-alarm-seen", "c-lines-scroll", "c-close", "c-cancel"} <= set(stops)
        assert any(stop.startswith("c-row") for stop in stops)


FOCUS = """() => {
  const at = document.activeElement;
  return [at.id || at.className || at.tagName, getComputedStyle(at).outlineStyle];
}"""


def test_lang_attribute_and_title_follow_the_language(open_page: OpenPage) -> None:
    for language, lang, title in (("zh", "zh-CN", "追溯收银台"), ("en", "en", "Trace counter")):
        with counter(open_page, language=language) as desk:
            expect(desk.page.locator("html")).to_have_attribute("lang", lang)
            assert title in desk.page.title()
