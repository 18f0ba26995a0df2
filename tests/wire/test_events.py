"""Events: frozen bytes, strict schema, versions, golden example."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from wire.errors import InvalidEventError, NewerMessageError, UnsupportedVersionError
from wire.events import (
    GENESIS,
    KINDS,
    Dispensed,
    Event,
    Fact,
    PackInLine,
    Scanned,
    SplitDispensed,
    VisitStepped,
    freeze,
    sm3_hex,
    thaw,
    version_of,
)

ID = "0192f0c0-7a5c-7def-8123-456789abcdef"
GOLDEN = (
    b'{"v":1,"id":"0192f0c0-7a5c-7def-8123-456789abcdef","terminal":"xm-1","epoch":"e1","seq":7,"hlc":1772442000000000,'
    b'"occurred_at":"2026-03-02T09:00:00Z","clock_offset_ms":-12,"operator":"lin","prev":"' + GENESIS.encode() + b'",'
    b'"fact":{"kind":"dispensed","sale":"xm-1-20260302-3","line":1,"product":"p-001",'
    b'"packs":[{"code":"83857930000879766660","reading":"0192f0c0-7a5c-7def-8123-456789abcdef"}],'
    b'"price":"18.60","paid_by":"self_pay"}}'
)

GOLDEN_SCAN = GOLDEN[: GOLDEN.index(b'"fact"')] + (
    b'"fact":{"kind":"scanned","sale":"xm-1-20260302-3","reading":"gs1","device":"serial:left","verdict":"added",'
    b'"code":"(01)06900000000014(21)SN1","product":"p-001"}}'
)
GOLDEN_FLAGGED_SCAN = GOLDEN_SCAN.replace(b'"product":"p-001"', b'"product":"p-001","flags":["no_separator"]')


def event(fact: Fact, **changes: object) -> Event:
    fields: dict[str, object] = {
        "v": 1,
        "id": ID,
        "terminal": "xm-1",
        "epoch": "e1",
        "seq": 7,
        "hlc": 1772442000000000,
        "occurred_at": datetime(2026, 3, 2, 9, tzinfo=UTC),
        "clock_offset_ms": -12,
        "operator": "lin",
        "prev": GENESIS,
    }
    return Event(fact=fact, **{**fields, **changes})  # type: ignore[arg-type]


SALE = Dispensed(
    sale="xm-1-20260302-3",
    line=1,
    product="p-001",
    packs=[PackInLine("83857930000879766660", ID)],
    price=Decimal("18.60"),
    paid_by="self_pay",
)


def test_the_golden_bytes_of_version_1_never_change() -> None:
    assert freeze(event(SALE)) == GOLDEN
    assert thaw(GOLDEN) == event(SALE)


def test_what_the_insurance_settled_is_of_version_2_and_everything_else_stays_in_version_1() -> None:
    """A centre that knows version 1 alone goes on taking what it knows, and holds the rest until it is renewed."""
    insured = replace(SALE, paid_by="insured")
    assert (version_of(SALE), version_of(insured)) == (1, 2)
    golden = GOLDEN.replace(b'"v":1', b'"v":2').replace(b"self_pay", b"insured")
    assert freeze(event(insured, v=2)) == golden
    assert thaw(golden) == event(insured, v=2)


def test_units_of_a_pack_are_of_version_2_and_whole_packs_have_the_bytes_that_they_had() -> None:
    pack = PackInLine("83857930000879766660", ID, 6)
    sold = SplitDispensed("xm-1-20260302-3", 1, "p-001", [pack], 24, Decimal("0.7750"), "self_pay")
    golden = GOLDEN[: GOLDEN.index(b'"fact"')].replace(b'"v":1', b'"v":2') + (
        b'"fact":{"kind":"split_dispensed","sale":"xm-1-20260302-3","line":1,"product":"p-001",'
        b'"packs":[{"code":"83857930000879766660","reading":"0192f0c0-7a5c-7def-8123-456789abcdef","units":6}],'
        b'"units_per_pack":24,"price":"0.7750","paid_by":"self_pay"}}'
    )
    assert freeze(event(sold, v=version_of(sold))) == golden
    assert thaw(golden) == event(sold, v=2)
    for wrong in (
        golden.replace(b'"v":2', b'"v":1'),
        golden.replace(b',"units":6', b""),
        golden.replace(b"0.77", b"-1"),
    ):
        with pytest.raises(InvalidEventError):
            thaw(wrong)


def test_scan_carries_flags_only_if_there_are_any() -> None:
    """A scan without flags has the bytes that it had before there were flags; both are of version 1."""
    plain = Scanned("xm-1-20260302-3", "gs1", "serial:left", "added", "(01)06900000000014(21)SN1", "p-001")
    flagged = replace(plain, flags=("no_separator",))
    assert (freeze(event(plain)), freeze(event(flagged))) == (GOLDEN_SCAN, GOLDEN_FLAGGED_SCAN)
    assert (thaw(GOLDEN_SCAN).fact, thaw(GOLDEN_FLAGGED_SCAN).fact) == (plain, flagged)


@given(st.text(min_size=1, max_size=64), st.none() | st.text(min_size=1, max_size=100))
def test_what_is_frozen_thaws_to_the_same(sale: str, code: str | None) -> None:
    scanned = event(Scanned(sale=sale, reading="trace", device="serial:a", verdict="added", code=code))
    assert thaw(freeze(scanned)) == scanned


def test_kinds_are_the_tags() -> None:
    assert {"scanned", "dispensed", "received", "sale_returned"} <= set(KINDS)


@pytest.mark.parametrize(
    ("frozen", "error"),
    [
        (GOLDEN.replace(b'"v":1', b'"v":3'), NewerMessageError),
        (GOLDEN.replace(b'"v":1', b'"v":3').replace(b'"price"', b'"price_fen"'), NewerMessageError),
        (GOLDEN.replace(b"self_pay", b"insured"), InvalidEventError),
        (GOLDEN.replace(b"self_pay", b"voucher").replace(b'"v":1', b'"v":2'), InvalidEventError),
        (GOLDEN.replace(b'"v":1', b'"v":0'), UnsupportedVersionError),
        (GOLDEN.replace(b'"price"', b'"price_fen"'), InvalidEventError),
        (GOLDEN.replace(b"dispensed", b"abolished"), InvalidEventError),
        (GOLDEN.replace(b'"18.60"', b'"-1"'), InvalidEventError),
        (GOLDEN.replace(b'"18.60"', b'"NaN"'), InvalidEventError),
        (GOLDEN.replace(b'"seq":7', b'"seq":0'), InvalidEventError),
        (GOLDEN_FLAGGED_SCAN.replace(b'["no_separator"]', b'"no_separator"'), InvalidEventError),
        (GOLDEN_FLAGGED_SCAN.replace(b'["no_separator"]', b'[""]'), InvalidEventError),
        (GOLDEN_FLAGGED_SCAN.replace(b'"no_separator"', b",".join([b'"x"'] * 33)), InvalidEventError),
        (GOLDEN.replace(b"2026-03-02T09:00:00Z", b"2026-03-02T09:00:00"), InvalidEventError),
        (GOLDEN_SCAN.replace(b'"p-001"', b'"p-001","reserved_until":"0001-01-01T00:00:00+14:00"'), InvalidEventError),
        (GOLDEN_SCAN.replace(b'"p-001"', b'"p-001","reserved_until":"9999-12-31T23:00:00-02:00"'), InvalidEventError),
        (b"", InvalidEventError),
        (b"\xff\xfe", InvalidEventError),
        (b'{"v":1,"seq":7,"more":' + b"[" * 5_000, InvalidEventError),
        (b"[" * 5_000, InvalidEventError),
    ],
)
def test_other_bytes_are_refused_with_what_to_do(frozen: bytes, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        thaw(frozen)
    assert "/" in str(caught.value)


def test_sm3_gives_the_published_digest() -> None:
    # GB/T 32905-2016, appendix A.1.
    assert sm3_hex(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


def test_a_step_of_a_visit_is_of_version_2_and_says_nothing_of_the_person() -> None:
    at = datetime(2026, 3, 2, 8, 59, 30, tzinfo=UTC)
    step = VisitStepped("M20260302-7", "01203", "face", True, at, "X1")
    golden = GOLDEN[: GOLDEN.index(b'"fact"')].replace(b'"v":1', b'"v":2') + (
        b'"fact":{"kind":"visit_stepped","visit":"M20260302-7","step":"01203","by":"face","is_done":true,'
        b'"at":"2026-03-02T08:59:30Z","item":"X1"}}'
    )
    assert freeze(event(step, v=version_of(step))) == golden
    assert thaw(golden) == event(step, v=2)
    for wrong in (
        golden.replace(b"01203", b"1203"),
        golden.replace(b'"face"', b'"fingerprint"'),
        golden.replace(b"30Z", b"30"),
    ):
        with pytest.raises(InvalidEventError):
            thaw(wrong)
