"""What needs a person and what does not: a local fault is red, a line that is down is not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from codes.words import Words
from edge.health import (
    CertificateStatus,
    ConfigRevision,
    DeviceState,
    DeviceStatus,
    LampState,
    Machine,
    SitePeer,
    SiteStatus,
    SyncStatus,
    Trouble,
)
from edge.link_trouble import CANNOT_CONNECT, NO_ANSWER, REVOKED
from edge.troubles import (
    certificate_troubles,
    clock_troubles,
    config_troubles,
    device_troubles,
    event_clock_troubles,
    in_order,
    machine_troubles,
    site_troubles,
    sync_lamp,
    sync_troubles,
)
from tests.edge.scene import NOON
from wire.link_loss import Cause

WORDS = Words("坏", "bad")


@pytest.mark.req("T-12")
@pytest.mark.parametrize(("lead_s", "codes"), [(-5.0, []), (60.0, []), (61.0, [("clock.events_ahead", False)])])
def test_events_that_are_dated_ahead_are_told_beyond_a_minute(lead_s: float, codes: list[tuple[str, bool]]) -> None:
    assert said(event_clock_troubles(lead_s)) == codes


def said(troubles: Iterable[Trouble]) -> list[tuple[str, bool]]:
    return [(trouble.code, trouble.is_alarm) for trouble in troubles]


def sync(
    *,
    is_up: bool = True,
    is_enabled: bool = True,
    problem: Trouble | None = None,
    dead: int = 0,
    last_receipt_at: datetime | None = NOON,
) -> SyncStatus:
    return SyncStatus(is_up, 3, 0, dead, None, NOON, last_receipt_at, is_enabled, problem)


@pytest.mark.parametrize(
    ("status", "is_approved", "state", "code"),
    [
        (sync(), True, LampState.OK, "sync.up"),
        (sync(), None, LampState.OK, "sync.up"),
        (sync(last_receipt_at=None), None, LampState.NOTICE, "sync.no_answer_yet"),
        (sync(problem=NO_ANSWER, last_receipt_at=None), None, LampState.NOTICE, "link.no_answer"),
        (sync(problem=REVOKED), False, LampState.DOWN, "terminal.revoked"),
        (sync(), False, LampState.NOTICE, "terminal.not_approved"),
        (sync(problem=NO_ANSWER), True, LampState.NOTICE, "link.no_answer"),
        (sync(problem=CANNOT_CONNECT[Cause.TAKEN_OVER]), True, LampState.DOWN, "link.cannot_connect.taken_over"),
        (sync(is_up=False), None, LampState.DOWN, "sync.connecting"),
        (sync(is_up=False, problem=CANNOT_CONNECT[Cause.NAME]), None, LampState.DOWN, "link.cannot_connect.name"),
        (sync(is_up=False, is_enabled=False), None, LampState.OFF, "sync.switched_off"),
    ],
)
def test_lamp_of_the_way_to_the_centre(
    status: SyncStatus, is_approved: bool | None, state: LampState, code: str
) -> None:
    lamp = sync_lamp(status, is_approved=is_approved)
    assert (lamp.state, lamp.code) == (state, code)


@pytest.mark.req("T-66")
def test_line_that_is_down_needs_nobody_but_a_refused_login_does() -> None:
    assert said(sync_troubles(sync(is_up=False, problem=CANNOT_CONNECT[Cause.UNREACHABLE]), is_approved=None)) == [
        ("link.cannot_connect.unreachable", False)
    ]
    assert said(sync_troubles(sync(is_up=False, problem=CANNOT_CONNECT[Cause.LOGIN]), is_approved=None)) == [
        ("link.cannot_connect.login", True)
    ]


def test_refused_records_and_a_missing_approval_need_a_person() -> None:
    assert said(sync_troubles(sync(dead=2), is_approved=False)) == [
        ("terminal.not_approved", True),
        ("outbox.refused", True),
    ]


def test_revoked_key_is_told_once_and_not_as_an_approval_that_is_still_to_come() -> None:
    assert said(sync_troubles(sync(problem=REVOKED), is_approved=False)) == [("terminal.revoked", True)]


@pytest.mark.parametrize(
    ("state", "is_alarm"), [(DeviceState.LOST, True), (DeviceState.FAILED, True), (DeviceState.SILENT, False)]
)
def test_device_that_is_gone_is_an_alarm_and_a_silent_one_a_notice(state: DeviceState, is_alarm: bool) -> None:
    device = DeviceStatus("serial:left", state, 1, 0, "driver.x", WORDS, WORDS)
    assert said(device_troubles([device, DeviceStatus("serial:right", DeviceState.READY, 1, 0)])) == [
        ("driver.x", is_alarm)
    ]


@pytest.mark.req("T-22")
@pytest.mark.parametrize(
    ("gs_ok", "findings", "code", "step"),
    [
        (True, (), None, ""),
        (None, (), None, ""),
        (None, ("scanner.setup.not_read",), None, ""),
        (False, ("scanner.setup.gs_dropped",), "scanner.drops_gs", "programming code"),
        (False, (), "scanner.drops_gs", "programming code"),
        (False, ("scanner.setup.gs_replaced",), "scanner.drops_gs", "into the configuration"),
        (False, ("scanner.setup.gs_by_key", "scanner.setup.prefix"), "scanner.drops_gs", "into the configuration"),
        (True, ("scanner.setup.not_read", "scanner.setup.case_folded"), "scanner.set_badly", "do what its result says"),
    ],
)
def test_scanner_that_is_known_to_be_set_badly_is_a_notice_until_a_set_up_finds_it_well(
    *, gs_ok: bool | None, findings: tuple[str, ...], code: str | None, step: str
) -> None:
    device = DeviceStatus("serial:left", DeviceState.READY, 1, 0, gs_ok=gs_ok, set_up_findings=findings)
    found = list(device_troubles([device]))
    assert [(one.code, one.is_alarm, one.device) for one in found] == ([(code, False, "serial:left")] if code else [])
    assert all(step in one.next_step.en and "/setup" in one.next_step.zh for one in found)


@pytest.mark.req("T-12")
@pytest.mark.parametrize(("offset_ms", "zh"), [(None, None), (5_000, None), (5_001, "慢 5 秒"), (-90_000, "快 90 秒")])
def test_clock_is_flagged_beyond_five_seconds(offset_ms: int | None, zh: str | None) -> None:
    found = list(clock_troubles(offset_ms))
    assert [zh in trouble.words.zh for trouble in found] == ([True] if zh else [])


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (Machine(), []),
        (Machine(disk_free_bytes=2 * 10**9, temperature_c=60.0, memory_available_bytes=10**9), []),
        (Machine(disk_free_bytes=9 * 10**8), [("disk.low", False)]),
        (Machine(disk_free_bytes=10**8), [("disk.low", True)]),
        (Machine(temperature_c=80.0), [("machine.hot", False)]),
        (Machine(temperature_c=95.0), [("machine.hot", True)]),
        (Machine(memory_available_bytes=10**7), [("machine.memory_low", False)]),
    ],
)
def test_box(machine: Machine, expected: list[tuple[str, bool]]) -> None:
    assert said(machine_troubles(machine)) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (31, []),
        (30, [("certificate.running_out", False)]),
        (8, [("certificate.running_out", False)]),
        (7, [("certificate.running_out", True)]),
        (0, [("certificate.expired", True)]),
    ],
)
def test_certificate_is_told_30_days_before_it_runs_out(days: int, expected: list[tuple[str, bool]]) -> None:
    one = CertificateStatus("link.certificate_file", NOON + timedelta(days=days))
    assert said(certificate_troubles([one], NOON)) == expected


def test_certificate_that_is_gone_is_an_alarm() -> None:
    assert said(certificate_troubles([CertificateStatus("api.certificate_file", None)], NOON)) == [
        ("certificate.unreadable", True)
    ]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, []),
        (ConfigRevision("a", "a"), []),
        (ConfigRevision("a", "b"), [("config.not_applied", False)]),
        (ConfigRevision("a", None), [("config.not_applied", False)]),
    ],
)
def test_configuration_that_is_not_the_one_in_use(
    config: ConfigRevision | None, expected: list[tuple[str, bool]]
) -> None:
    assert said(config_troubles(config)) == expected


def test_terminal_of_the_site_is_missed_only_while_somebody_is_at_work() -> None:
    heard, missing = SitePeer("counter-2", True, NOON), SitePeer("counter-3", False, None, is_missing=True)
    deaf = Trouble("site.cannot_listen", WORDS, WORDS, is_alarm=False)
    site = SiteStatus((heard, missing), deaf)
    both = [("site.cannot_listen", False), ("site.peer_unheard", False)]
    assert said(site_troubles(site, is_open=True)) == both
    assert said(site_troubles(site, is_open=False)) == both[:1]
    assert said(site_troubles(SiteStatus(), is_open=True)) == []


def test_alarms_come_first() -> None:
    notice, alarm = Trouble("n", WORDS, WORDS, is_alarm=False), Trouble("a", WORDS, WORDS)
    assert in_order([notice, alarm, notice]) == (alarm, notice, notice)
