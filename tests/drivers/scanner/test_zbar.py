"""zbar in its child process: its rules, its crashes, its absence."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from structlog.testing import capture_logs

from drivers.scanner.ladder import decode_frame
from drivers.scanner.simulated.boxes import Look, Symbol, draw_scene
from drivers.scanner.simulated.symbols import Encoder
from drivers.scanner.symbols import Grey
from drivers.scanner.zbar import ZbarChild, ZbarLook, ZbarSymbol, believable, why_absent

EAN = b"6924561884074"
TRACE = b"83857930000879766660"
OUTLINE = ((10.0, 10.0), (210.0, 10.0), (210.0, 70.0), (10.0, 70.0))
PICTURE = draw_scene([Symbol(EAN, "]E0", Encoder.SECOND)], Look(3), size=(640, 480))

# Children that stand in for libzbar and behave badly. Each is a program for `python -c`.
HELLO = "import sys,struct,json,os,time;o=sys.stdout.buffer;a=lambda b:(o.write(struct.pack('<I',len(b))+b),o.flush());"
READY = HELLO + "a(b'{\"ready\":true}');"
CRASHES = READY + "sys.stdin.buffer.read(8);os.abort()"
HANGS = READY + "sys.stdin.buffer.read(8);time.sleep(60)"
NEVER_READS = READY + "time.sleep(60)"
ABSENT = HELLO + 'a(b\'{"ready":false,"why":"no libzbar"}\')'
DIES_AT_ONCE = "import os;os._exit(3)"


@pytest.fixture(scope="module")
def real() -> Iterator[ZbarChild]:
    if (absent := why_absent()) is not None:
        pytest.skip(f"libzbar is not installed: {absent.en}")
    child = ZbarChild(timeout_s=10)
    yield child
    child.close()


@pytest.fixture
def child(request: pytest.FixtureRequest) -> Iterator[ZbarChild]:
    child = ZbarChild(timeout_s=0.3, command=(sys.executable, "-c", request.param))
    yield child
    child.close()


def test_bars_are_read_with_their_place_and_direction(real: ZbarChild) -> None:
    upside_down = draw_scene([Symbol(EAN, "]E0")], Look(3, angle_deg=180), size=(640, 480))
    for picture, runs_right in ((PICTURE, True), (upside_down, False)):
        [code] = ZbarLook(real).find(picture)
        assert (code.raw, code.aim, code.step) == (EAN, "]E0", "zbar")
        assert (code.position.top_right[0] > code.position.top_left[0]) is runs_right
        assert code.position.covers((320, 240), slack=0.2)


def test_a_trace_code_has_no_identifier_because_zbar_hides_fnc1(real: ZbarChild) -> None:
    picture = draw_scene([Symbol(TRACE, "]C0")], Look(2), size=(640, 480))
    [code] = ZbarLook(real).find(picture)
    assert (code.raw, code.aim, code.is_gs1) == (TRACE, None, False)


def test_group_separators_survive_zbar(real: ZbarChild) -> None:
    udi = b"01069012345678921728013110LOT1\x1d21SN1"
    picture = draw_scene([Symbol(udi, "]C1", Encoder.SECOND)], Look(2), size=(960, 480))
    assert [code.raw for code in ZbarLook(real).find(picture)] == [udi]


def test_a_killed_child_is_replaced_at_the_next_picture() -> None:
    child = ZbarChild(timeout_s=10)
    try:
        child.read(PICTURE)
        if child.absent is not None:
            pytest.skip(f"libzbar is not installed: {child.absent.en}")
        first = child.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert child.read(PICTURE) == []
        assert [symbol.raw for symbol in child.read(PICTURE)] == [EAN]
        assert child.pid not in {None, first}
    finally:
        child.close()


@pytest.mark.parametrize("child", [CRASHES, HANGS, NEVER_READS, DIES_AT_ONCE], indirect=True)
def test_a_child_that_dies_or_hangs_costs_its_answer_and_no_more(child: ZbarChild) -> None:
    large = np.zeros((2000, 2000), np.uint8)
    assert child.read(large) == []
    assert child.pid is None
    assert child.is_available


@pytest.mark.parametrize("child", [CRASHES], indirect=True)
def test_the_ladder_goes_on_without_a_crashing_zbar(child: ZbarChild) -> None:
    decoded = decode_frame(PICTURE, budget_ms=60_000, zbar=child)
    assert [code.raw for code in decoded.codes] == [EAN]
    assert decoded.ran[-1] == "zbar"


def test_three_crashes_in_a_minute_give_zbar_up_for_the_rest_of_it() -> None:
    now = [100.0]
    child = ZbarChild(timeout_s=5, clock=lambda: now[0], command=(sys.executable, "-c", CRASHES))
    for _ in range(3):
        assert child.is_available
        child.read(PICTURE)
        now[0] += 1
    assert not child.is_available
    assert child.read(PICTURE) == []
    assert child.pid is None
    now[0] += 60
    assert child.is_available


@pytest.mark.parametrize("child", [ABSENT], indirect=True)
def test_a_missing_library_is_said_once_and_never_asked_for_again(child: ZbarChild) -> None:
    with capture_logs() as logs:
        for _ in range(3):
            assert child.read(PICTURE) == []
    assert [entry["event"] for entry in logs] == ["zbar.absent"]
    assert not child.is_available
    assert child.absent is not None
    assert "no libzbar" in child.absent.en
    assert child.pid is None


def test_the_child_ends_with_its_parent() -> None:
    child = ZbarChild(timeout_s=10)
    child.read(PICTURE)
    process = child._child
    if process is None:
        pytest.skip("libzbar is not installed")
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(timeout=10) == 0
    child.close()


def test_closing_twice_and_closing_unused_do_no_harm() -> None:
    child = ZbarChild()
    child.close()
    child.close()
    assert child.pid is None


@pytest.mark.parametrize(
    ("kind", "raw", "quality", "is_believed"),
    [
        ("CODE128", TRACE, 3, True),
        ("CODE128", b"01069012345678921728013110LOT1\x1d21SN1", 9, True),
        ("CODE128", TRACE, 2, False),  # one or two scan lines: what noise looks like
        ("CODE128", b"83857", 50, False),  # too short for any code of ours
        ("CODE128", b"838579\x02300008", 50, False),  # control characters come from noise
        ("CODE128", b"838579\xe9300008", 50, False),
        ("QRCODE", b"MA.156.M0.100761.21234561", 1, True),
        ("QRCODE", "阿莫西林".encode(), 1, False),  # zbar rewrites what is not ASCII
        ("EAN13", EAN, 1, True),  # the ladder decides about these
        ("EAN8", b"96385074", 1, True),
        ("EAN13", b"69245618840X4", 9, False),
        ("I25", b"123456", 99, False),  # never asked for
    ],
)
def test_what_zbar_may_say(kind: str, raw: bytes, quality: int, is_believed: bool) -> None:
    assert believable(ZbarSymbol(kind, raw, quality, OUTLINE, "UP")) is is_believed


def test_a_symbol_without_a_place_is_not_believed() -> None:
    assert not believable(ZbarSymbol("CODE128", TRACE, 99, OUTLINE[:2], "UP"))


def noisy_pictures() -> Iterator[Grey]:
    random = np.random.default_rng(7)
    for _ in range(30):
        grain = random.normal(128, random.uniform(10, 90), (240, 320)).clip(0, 255).astype(np.uint8)
        yield np.ascontiguousarray(np.repeat(grain[: 240 // 8], 8, axis=0))  # stripes, the likest to bars
        yield grain


@pytest.mark.slow
def test_nothing_that_zbar_reads_into_noise_becomes_a_code(real: ZbarChild) -> None:
    for picture in noisy_pictures():
        assert decode_frame(picture, budget_ms=60_000, steps=[], zbar=real).codes == ()
