"""What a person is told of the interface: outcomes that stay open, sign-ins that are refused, a line that is down."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from codes.words import Words
from edge.fsi.troubles import LONG, interface_troubles, settlement_lamp
from edge.health import NO_SETTLEMENT, InterfaceStatus, LampState, LineHealth, Trouble
from tests.edge.scene import NOON

WELL = InterfaceStatus("mqtt", LineHealth.UP, True, NOON, 0, None, (), True)


def codes(status: InterfaceStatus | None) -> list[tuple[str, bool]]:
    return [(one.code, one.is_alarm) for one in interface_troubles(status, NOON)]


def test_nothing_is_said_of_what_is_not_there_or_well() -> None:
    assert codes(None) == codes(WELL) == []
    assert settlement_lamp(None) is NO_SETTLEMENT


def test_an_outcome_that_is_open_for_longer_than_a_minute_is_an_alarm() -> None:
    young = replace(WELL, open=2, oldest_open_at=NOON - LONG)
    assert codes(young) == []
    old = replace(young, oldest_open_at=NOON - timedelta(minutes=7))
    ((code, is_alarm),) = codes(old)
    assert (code, is_alarm) == ("fsi.open_long", True)
    (trouble,) = interface_troubles(old, NOON)
    assert "7 分钟" in trouble.words.zh
    assert "2601" not in trouble.next_step.zh


def test_what_cannot_be_found_out_is_named() -> None:
    stuck = replace(WELL, open=5, oldest_open_at=NOON - timedelta(hours=1), stuck=("A1", "A2", "A3", "A4"))
    (trouble,) = interface_troubles(stuck, NOON)
    assert trouble.code == "fsi.stuck"
    assert trouble.words.en.endswith("A1, A2, A3 …")


def test_a_refused_sign_in_is_said() -> None:
    refused = Trouble("fsi.sign_in_refused", Words("因", "why"), Words("做", "do"))
    assert codes(replace(WELL, problem=refused)) == [("fsi.sign_in_refused", True)]


@pytest.mark.parametrize(
    ("line", "state"),
    [
        (LineHealth.UP, LampState.OK),
        (LineHealth.UNTRIED, LampState.OFF),
        (LineHealth.NO_LINE, LampState.DOWN),
        (LineHealth.NO_ANSWER, LampState.DOWN),
    ],
)
def test_the_lamp_says_how_the_line_is(line: LineHealth, state: LampState) -> None:
    assert settlement_lamp(replace(WELL, line=line)).state is state
