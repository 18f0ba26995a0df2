"""The pages after a sale and of the day for everybody: axe, small and tall screens, one request for one intention."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from edge.api.days import DaysShown
from edge.till.after_views import FoundShown, MoneyShown
from rules.unpaid import Cause
from tests.browser import beside_states
from tests.browser.afterwards import (
    CLOSED,
    DAY,
    PACKS,
    REST_REFUSED,
    SALE,
    UNKNOWN_HERE,
    BesidePage,
    a_report,
    an_undertaking,
    beside,
    busy,
)
from tests.browser.axe import grave_findings
from tests.browser.conftest import OpenPage
from tests.browser.test_counter_accessibility import CUT_OFF

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = [(1366, 768), (1080, 1920), (390, 844)]
LONG_WORDS = (beside_states.after_normal, beside_states.day_differs, beside_states.listening_normal)
SHOWN = [(one, "zh") for one in beside_states.STATES] + [(one, "en") for one in LONG_WORDS]


@pytest.fixture(scope="module")
def desks(open_lasting_page: OpenPage) -> Iterator[Mapping[str, BesidePage]]:
    with beside(open_lasting_page("zh")) as chinese, beside(open_lasting_page("en")) as english:
        yield {"zh": chinese, "en": english}


@pytest.mark.parametrize(("state", "language"), SHOWN, ids=lambda one: getattr(one, "__name__", one))
def test_page_is_for_everybody_and_nothing_is_cut_off(
    desks: Mapping[str, BesidePage], state: Callable[[BesidePage], None], language: str
) -> None:
    desk = desks[language]
    desk.begin_anew()
    state(desk)
    assert grave_findings(desk.page) == []
    for width, height in SIZES:
        desk.page.set_viewport_size({"width": width, "height": height})
        assert desk.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), width
        assert (width, desk.page.evaluate(CUT_OFF)) == (width, [])


def test_pages_lead_to_each_other_and_back(open_page: OpenPage) -> None:
    with beside(open_page(), busy()) as desk:
        desk.open("/counter")
        for opener, address in (("#c-after", "/after"), ("a[href='/day']", "/day"), ("a[href='/after']", "/after")):
            desk.page.locator(opener).click()
            desk.page.wait_for_url(f"**{address}")
        desk.page.locator("a[href='/counter']").first.click()
        expect(desk.page.locator("#c-day")).to_be_visible()


def test_day_that_is_shown_first_is_the_business_day(open_page: OpenPage) -> None:
    """A night shift's day goes on after midnight; what the browser's calendar says is no matter."""
    night = DAY - timedelta(days=200)
    with beside(open_page(), busy()) as desk:
        desk.answers.said["GET /days"] = DaysShown(night, 12, [night], [])
        desk.open("/day")
        expect(desk.page.locator("#t-day")).to_have_value(night.isoformat())
        expect(desk.page.locator("#t-day")).to_have_attribute("max", night.isoformat())
        assert f"/days/{night}?" in desk.answers.looked


def keys(desk: BesidePage, path: str) -> list[str | None]:
    return [one.key for one in desk.answers.asked if one.path == path]


def test_return_whose_answer_was_lost_is_asked_for_again_as_the_same(open_page: OpenPage) -> None:
    path = f"/sales/{SALE}/return"
    with beside(open_page(), busy()) as desk:
        beside_states.after_normal(desk)
        desk.answers.said[f"POST {path}"] = an_undertaking("settle")
        desk.answers.lost = 2
        for _ in range(2):
            desk.page.locator("#t-return").click()
            expect(desk.page.locator("#t-problem")).to_contain_text("screen.no_answer")
            expect(desk.page.locator("#t-return")).to_be_enabled()
        desk.page.locator("#t-return").dblclick()
        expect(desk.page.locator("#t-problem .y-message--ok")).to_be_visible()
        asked = keys(desk, path)
        assert len(set(asked[:3])) == 1, "the same until it was answered"
        desk.page.locator(f"#t-codes input[value='{PACKS[1]}']").check()
        desk.page.locator("#t-return").click()
        expect(desk.page.locator("#t-return")).to_be_enabled()
        assert keys(desk, path)[-1] not in asked, "other packs are another return"


def test_refusal_is_an_answer_and_trying_again_is_another_request(open_page: OpenPage) -> None:
    path = f"/sales/{SALE}/cancel"
    with beside(open_page(), busy()) as desk:
        beside_states.after_asking(desk)
        desk.answers.said[f"POST {path}"] = CLOSED
        desk.page.locator("#t-ask-reason").fill("错")
        for _ in range(2):
            desk.page.locator("#t-ask-send").click()
            expect(desk.page.locator("#t-ask-problem")).to_contain_text(CLOSED.code)
            expect(desk.page.locator("#t-ask-send")).to_be_enabled()
        first, second = keys(desk, path)
        assert first
        assert first != second


def test_what_stays_is_settled_with_the_credential_shown_again(open_page: OpenPage) -> None:
    path = f"/sales/{SALE}/return"
    with beside(open_page(), busy()) as desk:
        beside_states.after_normal(desk)
        again = desk.page.locator("#t-return-again")
        desk.answers.said[f"POST {path}"] = REST_REFUSED
        expect(again).to_be_hidden()
        desk.page.locator("#t-return").click()
        expect(again).to_be_visible()
        assert grave_findings(desk.page) == []
        desk.answers.said[f"POST {path}"] = an_undertaking("settle")
        again.locator("[data-way=card]").click()
        expect(desk.page.locator("#t-problem .y-message--ok")).to_be_visible()
        expect(again).to_be_hidden()
        assert [one.body.get("by") for one in desk.answers.asked if one.path == path] == [None, "card"]


def test_sale_of_another_terminal_shows_its_money_and_what_is_still_out(open_page: OpenPage) -> None:
    sale = "T-0302-20261121-3"
    amounts = MoneyShown(*(Decimal(yuan) for yuan in ("30.00", "20.00", "4.00", "0.00", "6.00")))
    found = FoundShown(sale, is_elsewhere=True, codes=PACKS[:2], amounts=amounts)
    with beside(open_page("en"), busy()) as desk:
        desk.answers.said |= {
            f"GET /tickets/{sale}": UNKNOWN_HERE,
            "GET /sales": UNKNOWN_HERE,
            "POST /sales/find": found,
        }
        desk.open("/after")
        desk.page.locator("#t-find").fill(PACKS[0])
        desk.page.keyboard.press("Enter")
        expect(desk.page.locator("#t-sale-sums")).to_contain_text("¥6.00")
        expect(desk.page.locator("#t-codes input:checked")).to_have_count(1)
        expect(desk.page.locator("#t-cancel")).to_be_disabled()
        desk.answers.said["POST /sales/find"] = replace(found, codes=PACKS[1:2])
        desk.answers.said[f"POST /sales/{sale}/return"] = replace(an_undertaking("settle"), codes=PACKS[:1])
        desk.page.locator("#t-return").click()
        expect(desk.page.locator("#t-problem .y-message--ok")).to_be_visible()
        expect(desk.page.locator("#t-codes input")).to_have_count(1)
        expect(desk.page.locator("#t-codes input:checked")).to_have_count(0)
        expect(desk.page.locator("#t-find")).to_be_focused()
        assert desk.answers.asked[-1].body == {"code": PACKS[1]}


def test_whoever_vouches_makes_turning_insured_no_other_request(open_page: OpenPage) -> None:
    path = f"/sales/{SALE}/turn-insured"
    with beside(open_page(), busy()) as desk:
        beside_states.after_insuring(desk)
        amounts = {"fee": "60000.00", "funds": "59000.00", "account": "0.00", "mutual_aid": "0.00", "cash": "1000.00"}
        person = {"name": "虚**", "number": "3502**********0011", "insurances": [], "chosen": "310"}
        desk.answers.said[f"POST {path}"] = {"amounts": amounts, "person": person, "needs_second_factor": True}
        desk.page.keyboard.press("F8")
        desk.page.locator("#t-insure-by").select_option("operator")
        desk.answers.lost = 1
        for password in ("wrong", "right"):
            desk.page.locator("#t-insure-operator").fill("li")
            desk.page.locator("#t-insure-password").fill(password)
            desk.page.keyboard.press("F10")
            expect(desk.page.locator("#t-insure-wait")).to_be_hidden()
        expect(desk.page.locator("#t-insure-dialog")).to_be_hidden()
        trial, lost, sent = keys(desk, path)
        assert trial is None
        assert lost == sent


def test_report_is_narrowed_by_day_and_cause_and_printed_as_it_stands(open_page: OpenPage) -> None:
    with beside(open_page(), busy()) as desk:
        beside_states.listening_normal(desk)
        page = desk.page
        expect(page.locator("#t-heard-verdict")).to_contain_text("观察到 412 笔医保销售，其中 18 笔得不到支付")
        day = f"{DAY:%Y-%m-%d}"
        desk.answers.said["GET /pos/report"] = a_report(day=DAY, cause=Cause.NO_CODE)
        page.locator("#t-heard-day").select_option(day)
        expect(page.locator("#t-unpaid-sum")).to_contain_text(day)
        page.locator("#t-heard-cause").select_option("unpaid.no_code")
        expect(page.locator("#t-unpaid-sum")).to_contain_text("没有扫追溯码")
        assert desk.answers.looked[-1] == f"/pos/report?days=31&day={day}&cause=unpaid.no_code"
        expect(page.locator("#t-heard-verdict")).to_contain_text("18 笔")
        expect(page.locator("#t-unpaid tbody tr")).to_have_count(1)
        page.emulate_media(media="print")
        for screen_only in (".c-bar__tools", "#t-heard-form", "#t-heard-day"):
            expect(page.locator(screen_only)).to_be_hidden()
        for printed in ("#t-heard-verdict", "#t-unpaid-sum", "#t-causes", "#t-unpaid"):
            expect(page.locator(printed)).to_be_visible()
        page.emulate_media(media="screen")
        page.evaluate("window.print = () => { window.printed = true; }")
        page.locator("#t-heard-print").click()
        assert page.evaluate("window.printed")
