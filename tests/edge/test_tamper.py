"""What counts as tampering with the box, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.store.watched import Occupant, Run
from edge.tamper import (
    PULLED_S,
    RADIO_PULLED_S,
    Carriers,
    Interface,
    Standing,
    Tampering,
    look_at,
    power_loss,
    stand,
    swap,
)
from tests.edge.scene import NOON

HOUR = timedelta(hours=1)
BEFORE = Run("box", "boot-1", NOON)
NOW = Run("box", "boot-2", NOON + 5 * HOUR)
GUN = Occupant("pci0/1.2", "0c2e:0b61", "S1", "Honeywell Scanner")


def swapped(remembered: Occupant, there: Occupant) -> Tampering | None:
    return swap(remembered, there, is_read=False, ours=[remembered], standing=[there])


@pytest.mark.req("T-68")
def test_power_that_was_cut_is_told_with_the_last_sign_of_life() -> None:
    noted = power_loss(BEFORE, NOW, None)
    recorded = power_loss(BEFORE, NOW, NOON + HOUR)
    assert noted is not None
    assert noted.detail == "2026-11-21T04:00:00Z -> 2026-11-21T09:00:00Z"
    assert recorded is not None
    assert recorded.detail == "2026-11-21T05:00:00Z -> 2026-11-21T09:00:00Z"
    assert recorded.words.zh == "本机上次没有正常关机，可能是突然断电（最后一次运行记录：2026-11-21 13:00），已记录"
    assert "may have been cut" in recorded.words.en, "a machine that hung and was reset looks the same"


@pytest.mark.req("T-68")
@pytest.mark.parametrize(
    ("before", "now"),
    [
        (None, NOW),
        (replace(BEFORE, has_ended=True), NOW),
        (BEFORE, replace(NOW, boot_id="boot-1")),
        (replace(BEFORE, boot_id=""), NOW),
        (BEFORE, replace(NOW, boot_id="")),
        (BEFORE, replace(NOW, home="another box")),
        (replace(BEFORE, home="box:7:1"), replace(NOW, home="box:7:2")),
    ],
    ids=["first start", "stopped", "crashed", "unknown before", "unknown now", "copied store", "copied in place"],
)
def test_other_ends_of_a_run_are_no_power_cut(before: Run | None, now: Run) -> None:
    assert power_loss(before, now, NOON + HOUR) is None


@pytest.mark.req("T-68")
def test_power_cut_before_an_update_is_one_although_the_home_is_noted_in_full_since() -> None:
    assert power_loss(replace(BEFORE, home="box:7"), replace(NOW, home="box:7:1"), NOON) is not None


@pytest.mark.req("T-68")
@pytest.mark.parametrize(
    ("there", "is_swapped"),
    [
        (GUN, False),
        (replace(GUN, label="Honeywell Scanner 2"), False),
        (replace(GUN, usb_serial="S2"), True),
        (replace(GUN, usb_serial=""), True),
        (replace(GUN, usb_id="1eab:1d06"), True),
    ],
)
def test_device_is_told_by_vendor_product_and_serial_number(there: Occupant, *, is_swapped: bool) -> None:
    assert (swapped(GUN, there) is not None) is is_swapped


def test_swap_names_both_devices() -> None:
    found = swapped(GUN, Occupant("pci0/1.2", "1eab:1d06", "", "New\nland"))
    assert found is not None
    assert found.detail == "pci0/1.2: 0c2e:0b61 Honeywell Scanner #S1 -> 1eab:1d06 New?land"


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_whatever_a_device_says_of_itself_fits_into_the_fact(socket: str, serial: str, label: str) -> None:
    found = swapped(replace(GUN, usb_serial="-"), Occupant(socket, "1:2", serial, label))
    assert found is not None
    assert len(found.detail) <= 500


def test_device_stands_from_when_it_was_first_seen_without_a_break() -> None:
    once = stand({}, [GUN], 1.0)
    assert stand(once, [GUN], 2.0) == {GUN.socket: Standing(GUN, 1.0)}
    assert stand(once, [], 2.0) == {}
    other = replace(GUN, usb_serial="S2")
    assert stand(once, [other], 2.0) == {GUN.socket: Standing(other, 2.0)}


def looks(*seen: frozenset[Interface]) -> list[str]:
    """Look once a second and return what was found."""
    carriers, found = Carriers(), []
    for second, up in enumerate(seen):
        carriers, pulled = look_at(carriers, up, float(second), NOON + timedelta(seconds=second))
        found += [pulled.detail] if pulled else []
    return found


WIRED, RADIO, NONE = (
    frozenset({Interface("eth0")}),
    frozenset({Interface("wlan0", is_radio=True)}),
    frozenset[Interface](),
)
BOTH = WIRED | RADIO
LONG, VERY_LONG = int(PULLED_S) + 1, int(RADIO_PULLED_S) + 1


@pytest.mark.req("T-68")
def test_network_is_pulled_once_the_last_cable_has_had_no_carrier_for_two_minutes() -> None:
    assert looks(WIRED, *[NONE] * (LONG - 1)) == []
    assert looks(WIRED, *[NONE] * LONG) == ["eth0, 2026-11-21T04:00:01Z"]
    assert looks(BOTH, WIRED, *[NONE] * 5 * LONG) == ["eth0, 2026-11-21T04:00:02Z"], "once"


def test_words_of_a_pulled_network_hold_after_it_came_back_too() -> None:
    carriers, pulled = Carriers(), None
    for second, up in enumerate([BOTH, *[NONE] * VERY_LONG]):
        carriers, pulled = look_at(carriers, up, float(second), NOON)
    assert pulled is not None
    assert pulled.words.zh == "本机的网络连接曾全部断开（eth0 wlan0，2026-11-21 12:00 起），已记录"
    assert "was cut (eth0 wlan0, since 2026-11-21 12:00)" in pulled.words.en


@pytest.mark.req("T-68")
def test_wireless_network_has_the_time_that_an_access_point_needs_to_come_back() -> None:
    assert looks(RADIO, *[NONE] * (VERY_LONG - 1)) == []
    assert looks(RADIO, *[NONE] * VERY_LONG) == ["wlan0, 2026-11-21T04:00:01Z"]
    assert looks(BOTH, *[NONE] * (VERY_LONG - 1)) == [], "one box is often both, switch and access point"
    assert looks(BOTH, *[NONE] * VERY_LONG) == ["eth0 wlan0, 2026-11-21T04:00:01Z"]


@pytest.mark.req("T-68")
def test_network_that_came_back_can_be_pulled_again() -> None:
    assert len(looks(WIRED, *[NONE] * LONG, WIRED, *[NONE] * LONG)) == 2
    assert looks(WIRED, *[NONE] * (LONG - 1), WIRED, *[NONE] * (LONG - 1)) == [], "two short breaks are no long one"


@pytest.mark.req("T-68")
def test_time_in_which_nobody_looked_is_no_time_without_a_carrier() -> None:
    carriers, _ = look_at(Carriers(), WIRED, 0.0, NOON)
    carriers, _ = look_at(carriers, NONE, 1.0, NOON)
    woken_s = 3600.0
    carriers, pulled = look_at(carriers, NONE, woken_s, NOON + HOUR)
    assert pulled is None, "it slept"
    for second in range(1, int(PULLED_S)):
        carriers, pulled = look_at(carriers, NONE, woken_s + second, NOON + HOUR)
        assert pulled is None
    _, pulled = look_at(carriers, NONE, woken_s + PULLED_S, NOON + HOUR)
    assert pulled is not None
    assert pulled.detail == "eth0, 2026-11-21T05:00:00Z"


@pytest.mark.req("T-68")
def test_box_without_a_network_and_one_that_keeps_a_carrier_say_nothing() -> None:
    assert looks(*[NONE] * 3 * LONG) == []
    assert looks(BOTH, *[WIRED] * 3 * LONG) == [], "whether the centre answers is another matter"
