"""States of the counter in which the terminal is unwell, each as the daemon itself would say it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import expect
from pydantic import TypeAdapter

from codes.words import Words
from drivers.errors import DeviceLostError
from drivers.scanner.unlisted import Unlisted
from edge.health import DeviceState, DeviceStatus, Machine, SitePeer, SiteStatus, Trouble
from edge.quota_watch import LINE_OR_DISK
from edge.setup_findings import setup_troubles
from edge.store.life import FormerStore
from edge.store.quota import StoreFullError
from edge.store.salvage import Mended
from edge.store_troubles import store_troubles
from edge.troubles import clock_troubles, machine_troubles, site_troubles
from tests.browser.calm import AT, calm_status
from tests.browser.counter_page import CounterPage
from tests.browser.stage import Stage


def begin_well(desk: CounterPage) -> None:
    """Let everything be well, and load the page anew."""
    stage = desk.stage
    stage.status, stage.dead, stage.in_setup = calm_status(), [], []
    desk.page.reload()
    desk.page.wait_for_selector("html[data-ready]")


def busy(desk: CounterPage) -> None:
    if not desk.stage.scans:
        for number in range(1, 13):
            desk.stage.scan(number)
    desk.expect_rows(12)


def nearly_full(desk: CounterPage) -> None:
    busy(desk)
    words = Words("存储已用 90%", "The store is 90 % full")
    full = Trouble("store.quota_alarm", words, LINE_OR_DISK)
    quota = {"state": "alarm", "used_percent": 90, "used_bytes": 90, "capacity_bytes": 100}
    desk.stage.change_health(full, quota=quota)
    expect(desk.page.locator("#c-urgent")).to_contain_text("90")


def drops_separators(desk: CounterPage) -> None:
    left = DeviceStatus("serial:left", DeviceState.READY, 12, 0, gs_ok=False)
    desk.stage.change_health(*setup_troubles([left]))
    expect(desk.page.locator("#c-devices")).to_have_attribute("data-state", "notice")
    expect(desk.page.locator("#c-devices-text")).to_have_text(re.compile("设置有误|set wrongly"))


def out_of_room(desk: CounterPage) -> None:
    busy(desk)
    full = StoreFullError()
    desk.stage.change_health(
        Trouble(
            full.code, Words("存储已满，暂不受理新业务", "The store is full: no new business is taken"), full.next_step
        )
    )
    expect(desk.page.locator("#c-urgent.y-notice--bad")).to_be_visible()


def many_troubles(desk: CounterPage) -> None:
    busy(desk)
    mended = FormerStore(
        "019aa3f0-5c00-7000-8000-000000000001", AT, "damaged", 48_211, ((301, 312),), "store/damaged-1"
    )
    peers = [SitePeer("T-0302", is_heard=True, heard_at=AT), SitePeer("T-0303", is_heard=False, heard_at=AT)]
    site = SiteStatus(tuple(peers))
    status = TypeAdapter(SiteStatus).dump_python(site, mode="json")
    machine = desk.stage.status["machine"] | {"disk_free_bytes": 640_000_000, "temperature_c": 71.5}
    quota = {"state": "notice", "used_percent": 74, "used_bytes": 74, "capacity_bytes": 100}
    stranger = Unlisted(
        "/dev/ttyACM3", "Newland NLS-HR22", "scanner.not_configured", Words("没有写进配置", "not in the configuration"),
        Words("请在 [[scanners]] 中添加。", "Add it to the scanners of the configuration."),
    )  # fmt: skip
    desk.stage.status["unlisted_devices"] = TypeAdapter(list[Unlisted]).dump_python([stranger], mode="json")
    desk.stage.change_health(
        *store_troubles(Mended(parked=2), [mended], AT),
        *clock_troubles(-7_400),
        *machine_troubles(Machine(disk_free_bytes=640_000_000)),
        *site_troubles(replace(site, peers=(replace(peers[1], is_missing=True),)), is_open=True),
        site=status,
        machine=machine,
        quota=quota,
        clock_offset_ms=-7_400,
    )
    desk.page.reload()
    expect(desk.page.locator("#c-urgent")).to_be_visible()


def troubles_shown(desk: CounterPage) -> None:
    many_troubles(desk)
    desk.page.locator("#c-health").click()
    expect(desk.page.locator("#c-troubles li")).to_have_count(6)


def two_lost(desk: CounterPage) -> None:
    busy(desk)
    gone = DeviceLostError("serial:left", "/dev/yima/scanner-0042")
    words, step = (TypeAdapter(Words).dump_python(said, mode="json") for said in (gone.words, gone.next_step))
    lost = {"state": "lost", "problem": gone.code, "words": words, "next_step": step, "scans": 12, "restarts": 3}
    ready = desk.stage.status["devices"][0]
    desk.stage.status["devices"] = [ready | lost, ready | lost | {"device": "keyboard:right"}]
    desk.stage.change_health(*(Trouble(gone.code, gone.words, gone.next_step) for _ in range(2)))
    desk.page.reload()
    expect(desk.page.locator("#c-device-fault")).to_be_visible()


def in_setup(desk: CounterPage) -> None:
    busy(desk)
    desk.stage.change_setup("serial:left", is_running=True)
    expect(desk.page.locator("#c-setup")).to_be_visible()


def letters(desk: CounterPage) -> None:
    busy(desk)
    refuse_two(desk.stage)
    desk.page.reload()
    desk.page.locator("#c-dead-open").click()
    desk.page.locator("#c-dead-list li:first-child [data-act=aside]").click()
    expect(desk.page.locator("#c-dead-list li:first-child input")).to_be_focused()


def refuse_two(stage: Stage) -> None:
    """Let the centre have refused two records."""
    stage.status["sync"]["dead"] = 2
    letter = {
        "epoch": "e",
        "kind": "dispensed",
        "created_at": AT.isoformat(),
        "code": "event.invalid",
        "set_aside": None,
    }
    stage.dead = [
        letter | {"seq": 40 + number, "id": f"019aa3f0-5c00-7000-8000-00000000000{number}"} for number in (1, 2)
    ]


UNWELL: list[Callable[[CounterPage], None]] = [
    nearly_full,
    drops_separators,
    out_of_room,
    many_troubles,
    two_lost,
    in_setup,
    troubles_shown,
    letters,
]
