"""The console in a real browser: scans as they arrive, lists that follow, a decision, and axe on every page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from server.people.roles import COMMAND_LINE
from tests.browser.axe import grave_findings
from tests.browser.centre import PASSWORD, SOLD_TWICE, UNKNOWN, ConsoleStage, staged_console
from tests.browser.conftest import OpenPage
from tests.browser.serving import serving
from tests.browser.settled import settle_some
from tests.server.fake_terminal import code_of, scanned

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = {
    "overview": "/console/",
    "scans": "/console/scans",
    "terminals": "/console/terminals",
    "terminal": "/console/terminals/T-0401",
    "approve": "/console/terminals/T-0301/approve",
    "revoke": "/console/terminals/T-0101/revoke",
    "code": f"/console/codes?code={SOLD_TWICE}",
    "no record": f"/console/codes?code={UNKNOWN}",
    "no code": "/console/codes",
    "conflicts": "/console/conflicts",
    "alarms": "/console/alarms",
    "ratios of late": "/console/settlements",
    "settlements": "/console/settlements/all",
    "settlement unknown": "/console/settlements/1",
    "vouchers of late": "/console/vouchers",
    "error": "/console/terminals/NOBODY",
    "refused": "/console/codes?code=6900000000014",
}
USUAL = (1440, 900)
SIZES = [(1920, 1080), USUAL, (1366, 768), (1080, 1440), (720, 450), (390, 844)]


@dataclass(frozen=True)
class Console:
    """An open console."""

    page: Page
    stage: ConsoleStage
    address: str

    def go(self, path: str) -> None:
        self.page.goto(f"{self.address}{path}")
        self.page.wait_for_selector("html[data-ready]")


def sign_in(page: Page, stage: ConsoleStage, address: str) -> Console:
    """Go through the door."""
    page.goto(f"{address}/")
    page.locator("#k-name").fill("admin")
    page.locator("#k-password").fill(PASSWORD)
    page.locator(".k-door__send").click()
    page.wait_for_selector("html[data-ready]")
    return Console(page, stage, address)


@contextmanager
def console(open_page: OpenPage, folder: Path) -> Iterator[Console]:
    """Sign in to the console of a staged centre of one's own, to change it."""
    with staged_console(folder) as stage, serving(stage.app) as address:
        try:
            yield sign_in(open_page(), stage, address)
        finally:
            stage.centre.bus.close()


@dataclass(frozen=True)
class Served:
    """A staged centre that answers."""

    stage: ConsoleStage
    address: str
    pages: Mapping[str, str]


@pytest.fixture(scope="module", params=["busy", "empty"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A centre for all tests that only look: one in its morning, one on its first day."""
    with (
        staged_console(tmp_path_factory.mktemp("centre"), is_empty=request.param == "empty") as stage,
        serving(stage.app) as address,
    ):
        yield Served(stage, address, PAGES if request.param == "empty" else PAGES | settle_some(stage))
        stage.centre.bus.close()


ON_A_BUSY_DAY = pytest.mark.parametrize("served", ["busy"], indirect=True)


@pytest.fixture(scope="module")
def signed_in(open_lasting_page: OpenPage, served: Served) -> Callable[[str], Console]:
    """Gives a console that was signed in to once in each language, for all tests that only look."""
    return cache(lambda language: sign_in(open_lasting_page(language), served.stage, served.address))


@dataclass(frozen=True)
class Found:
    """What one visit to a page found."""

    grave: list[str]
    too_wide_at: list[int]


@pytest.fixture(scope="module", params=["zh", "en"])
def visited(request: pytest.FixtureRequest, served: Served, signed_in: Callable[[str], Console]) -> Mapping[str, Found]:
    """Every page, gone to once: what axe says of it, and the widths of a screen that it does not fit."""
    desk, found = signed_in(request.param), {}
    for name, path in served.pages.items():
        desk.go(path)
        grave, too_wide_at = grave_findings(desk.page), []
        for width, height in SIZES:
            desk.page.set_viewport_size({"width": width, "height": height})
            if not desk.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
                too_wide_at.append(width)
        desk.page.set_viewport_size({"width": USUAL[0], "height": USUAL[1]})
        found[name] = Found(grave, too_wide_at)
    return found


def test_axe_finds_nothing_grave_on_any_page(visited: Mapping[str, Found]) -> None:
    assert {name: found.grave for name, found in visited.items() if found.grave} == {}


def test_pages_fit_every_size(visited: Mapping[str, Found]) -> None:
    assert {name: found.too_wide_at for name, found in visited.items() if found.too_wide_at} == {}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_grave_at_the_door(open_page: OpenPage, tmp_path: Path, language: str) -> None:
    with staged_console(tmp_path, is_empty=True) as stage, serving(stage.app) as address:
        page = open_page(language)
        page.goto(f"{address}/")
        assert grave_findings(page) == []
        page.locator("#k-name").fill("admin")
        page.locator("#k-password").fill("wrong")
        page.locator(".k-door__send").click()
        expect(page.locator(".y-message--bad")).to_be_visible()
        assert grave_findings(page) == []


def test_scans_arrive_live_and_lead_to_the_code(open_page: OpenPage, tmp_path: Path) -> None:
    with console(open_page, tmp_path) as desk:
        desk.go("/console/scans")
        rows = desk.page.locator("#k-scans tbody tr")
        expect(rows).to_have_count(3)
        desk.stage.deliver(desk.stage.east, desk.stage.east.say(scanned(code_of(77), sale="S5")))
        expect(rows).to_have_count(4)
        newest = rows.first
        expect(newest.locator(".y-four")).to_have_text(["8600", "0110", "0000", "0000", "0077"])
        expect(newest).to_contain_text("阿莫西林胶囊")
        expect(newest).to_contain_text("已匹配")

        desk.page.locator("#k-live-pause").click()
        desk.stage.deliver(desk.stage.east, desk.stage.east.say(scanned(code_of(78), sale="S5")))
        expect(desk.page.locator("#k-live-state")).to_contain_text("缓存 1 条")
        expect(rows).to_have_count(4)
        desk.page.locator("#k-live-pause").click()
        expect(rows).to_have_count(5)
        newest.locator("a").click()
        expect(desk.page.locator(".k-code-large")).to_have_text(code_of(78))
        expect(desk.page.locator(".k-step")).to_have_count(1)


def test_list_follows_what_happens_without_a_reload(open_page: OpenPage, tmp_path: Path) -> None:
    with console(open_page, tmp_path) as desk:
        desk.go("/console/terminals?show=pending")
        expect(desk.page.locator(".k-table tbody tr")).to_have_count(1)
        desk.stage.centre.fleet.approve("T-0301", by=COMMAND_LINE, now=desk.stage.centre.now())
        expect(desk.page.locator(".k-table tbody tr")).to_have_count(0, timeout=8_000)
        expect(desk.page.locator(".k-chip[aria-current]")).to_have_text("待批准 0")


def test_terminal_is_approved_after_the_comparison(open_page: OpenPage, tmp_path: Path) -> None:
    with console(open_page, tmp_path) as desk:
        desk.go("/console/")
        desk.page.get_by_role("link", name="青渚医院药房").click()
        desk.page.get_by_role("link", name="批准").click()
        desk.page.get_by_role("button", name="批准").click()
        expect(desk.page).to_have_url(f"{desk.address}/console/terminals/T-0301/approve")
        desk.page.get_by_label("我已核对").check()
        desk.page.get_by_role("button", name="批准").click()
        expect(desk.page.locator(".k-head .y-pill").nth(1)).to_have_text("已批准")


@ON_A_BUSY_DAY
def test_scanner_types_a_code_into_the_search(signed_in: Callable[[str], Console]) -> None:
    desk = signed_in("zh")
    desk.go("/console/")
    desk.page.keyboard.press("/")
    desk.page.keyboard.type(f"{SOLD_TWICE}\n")
    expect(desk.page.locator(".k-conflicts")).to_contain_text("同一追溯码售出两次")
    expect(desk.page.locator(".k-step--bad")).to_have_count(1)


def test_live_page_does_not_say_live_when_it_is_not(open_page: OpenPage, tmp_path: Path) -> None:
    with staged_console(tmp_path) as stage:
        page = open_page()
        with serving(stage.app) as address:
            desk = sign_in(page, stage, address)
            desk.go("/console/scans")
            expect(page.locator("#k-live-state")).to_have_text("实时")
        expect(page.locator("#k-live-state")).to_have_text("连接中断，恢复后自动补齐")
        stage.centre.bus.close()


def test_stopped_centre_is_said_and_forgiven(open_page: OpenPage, tmp_path: Path) -> None:
    with staged_console(tmp_path) as stage:
        page = open_page()
        with serving(stage.app) as address:
            desk = sign_in(page, stage, address)
            desk.go("/console/terminals")
            page.evaluate("window.stays = true")
        expect(page.locator("#k-push")).to_contain_text("实时更新已暂停")
        assert grave_findings(page) == []
        with serving(stage.app, port=int(address.rsplit(":", 1)[1])):
            expect(page.locator("#k-push")).to_be_hidden(timeout=10_000)
            assert page.evaluate("window.stays") is True
            stage.centre.bus.close()


@ON_A_BUSY_DAY
@pytest.mark.parametrize("path", ["/console/scans", "/console/terminals"])
def test_page_is_left_when_its_reader_is_signed_out_elsewhere(open_page: OpenPage, served: Served, path: str) -> None:
    desk = sign_in(open_page(), served.stage, served.address)
    other = desk.page.context.new_page()
    other.goto(f"{desk.address}/console/")
    desk.go(path)
    other.get_by_role("button", name="退出").click()
    expect(desk.page.locator("#k-door-title")).to_be_visible(timeout=10_000)
    expect(desk.page.locator("input[name=next]")).to_have_value(path)


@ON_A_BUSY_DAY
def test_codes_in_conflict_lead_from_the_overview_to_both_sides(signed_in: Callable[[str], Console]) -> None:
    desk = signed_in("zh")
    desk.go("/console/")
    desk.page.get_by_role("link", name="有矛盾的追溯码").click()
    expect(desk.page.locator("tbody tr")).to_have_count(1)
    desk.page.locator("tbody").get_by_role("link").first.click()
    expect(desk.page.locator(".k-conflicts")).to_contain_text("同一追溯码售出两次")


@ON_A_BUSY_DAY
def test_language_switch_stays_on_the_page(open_page: OpenPage, served: Served) -> None:
    desk = sign_in(open_page(), served.stage, served.address)
    desk.go("/console/terminals?show=offline")
    desk.page.get_by_role("link", name="English").click()
    expect(desk.page).to_have_url(f"{desk.address}/console/terminals?show=offline")
    expect(desk.page.locator("h1")).to_have_text("Terminals")
