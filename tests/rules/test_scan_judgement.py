"""The decision table of one scan, cell by cell."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path

import pytest

from codes.reading import Confidence, Flag, Kind, Reading
from rules.scan_judgement import Circumstances, Mode, PackLevel, Tone, Verdict, judge

TRACE = "83857930000879766660"
MORNING = datetime(2026, 11, 20, 9, 30)  # noqa: DTZ001 - only its digits are shown


def seen(kind: Kind = Kind.TRACE, **changes: object) -> Circumstances:
    flags = changes.pop("flags", ())
    reading = Reading(kind, TRACE, Confidence.CERTAIN, TRACE.encode(), flags=flags)  # type: ignore[arg-type]
    facts: dict[str, object] = {
        "mode": Mode.DISPENSE,
        "pack": TRACE,
        "level": PackLevel.UNIT,
        "is_in_sale": False,
        "is_sold_here": False,
        "received_at": None,
    }
    return Circumstances(reading=reading, **{**facts, **changes})  # type: ignore[arg-type]


@pytest.mark.req("T-23")
@pytest.mark.parametrize(
    ("circumstances", "verdict", "tone"),
    [
        (seen(), Verdict.ADDED, Tone.OK),
        (seen(level=None), Verdict.UNMATCHED, Tone.NOTICE),
        (seen(is_in_sale=True), Verdict.ALREADY_IN_SALE, Tone.ALARM),
        (seen(is_in_sale=True, is_sold_here=True), Verdict.ALREADY_IN_SALE, Tone.ALARM),
        (seen(is_sold_here=True), Verdict.SOLD_HERE, Tone.ALARM),
        (seen(is_sold_here=True, level=None), Verdict.SOLD_HERE, Tone.ALARM),
        (seen(is_sold_here=True, mode=Mode.RECEIVE), Verdict.SOLD_HERE, Tone.ALARM),
        (seen(is_sold_here=True, received_at=MORNING, mode=Mode.RECEIVE), Verdict.SOLD_HERE, Tone.ALARM),
        (seen(is_in_sale=True, is_sold_here=True, mode=Mode.RECEIVE), Verdict.ALREADY_IN_SALE, Tone.ALARM),
        (seen(received_at=MORNING, mode=Mode.RECEIVE), Verdict.RECEIVED_HERE, Tone.NOTICE),
        (seen(received_at=MORNING, mode=Mode.RECEIVE, level=None), Verdict.RECEIVED_HERE, Tone.NOTICE),
        (seen(received_at=MORNING, mode=Mode.RECEIVE, level=PackLevel.CARTON), Verdict.RECEIVED_HERE, Tone.NOTICE),
        (seen(received_at=MORNING, mode=Mode.RECEIVE, is_in_sale=True), Verdict.ALREADY_IN_SALE, Tone.ALARM),
        (seen(received_at=MORNING), Verdict.ADDED, Tone.OK),
        (seen(mode=Mode.RECEIVE), Verdict.ADDED, Tone.OK),
        (seen(pack=None), Verdict.NOT_INDIVIDUAL, Tone.NOTICE),
        (seen(flags=(Flag.PLACEHOLDER,)), Verdict.PLACEHOLDER, Tone.ALARM),
    ],
)
def test_pack_codes(circumstances: Circumstances, verdict: Verdict, tone: Tone) -> None:
    judgement = judge(circumstances)
    assert (judgement.verdict, judgement.tone) == (verdict, tone)


def test_a_box_received_again_says_since_when_it_is_here() -> None:
    judgement = judge(seen(received_at=MORNING, mode=Mode.RECEIVE))
    assert judgement.hint is not None
    assert "2026-11-20 09:30" in judgement.hint.zh
    assert "2026-11-20 09:30" in judgement.hint.en


def test_a_sold_box_is_not_received_but_returned() -> None:
    judgement = judge(seen(is_sold_here=True, mode=Mode.RECEIVE))
    assert judgement.hint is not None
    assert "退货" in judgement.hint.zh
    assert "use Return" in judgement.hint.en
    assert "本机" in judgement.words.zh
    assert "at this terminal" in judgement.words.en


@pytest.mark.req("C-05")
@pytest.mark.parametrize("level", [PackLevel.INNER, PackLevel.CARTON])
def test_larger_packs_are_refused_at_dispensing_and_taken_at_receiving(level: PackLevel) -> None:
    refused = judge(seen(level=level))
    assert refused.verdict is Verdict.CARTON
    assert refused.hint is not None
    assert "小盒" in refused.hint.zh
    assert judge(seen(level=level, mode=Mode.RECEIVE)).verdict is Verdict.ADDED


@pytest.mark.req("T-25")
@pytest.mark.parametrize("kind", [Kind.RETAIL, Kind.SSCC, Kind.DRUG, Kind.CONSUMABLE, Kind.BENWEI, Kind.ISBT])
def test_a_wrong_kind_of_code_is_refused_with_a_hint(kind: Kind) -> None:
    judgement = judge(seen(kind))
    assert judgement.verdict is Verdict.WRONG_CODE_TYPE
    assert judgement.hint is not None
    assert judgement.hint.zh
    assert judgement.hint.en


@pytest.mark.req("C-04")
@pytest.mark.parametrize("kind", [Kind.VOUCHER, Kind.ID_NUMBER])
def test_a_patients_credential_is_routed_whatever_else_is_true(kind: Kind) -> None:
    for level, in_sale, sold in itertools.product([None, PackLevel.UNIT], [True, False], [True, False]):
        judgement = judge(seen(kind, level=level, is_in_sale=in_sale, is_sold_here=sold))
        assert judgement.verdict is Verdict.CREDENTIAL
        assert not judgement.is_on_list


def test_only_added_and_unmatched_reach_the_list() -> None:
    on_list = {Verdict.ADDED, Verdict.UNMATCHED}
    either, times = [True, False], [None, MORNING]
    for kind, level, mode, in_sale, sold, at in itertools.product(
        Kind, [None, *PackLevel], Mode, either, either, times
    ):
        judgement = judge(seen(kind, level=level, mode=mode, is_in_sale=in_sale, is_sold_here=sold, received_at=at))
        assert judgement.is_on_list is (judgement.verdict in on_list)


def test_every_verdict_stands_in_the_manual() -> None:
    manual = (Path(__file__).parents[2] / "docs" / "terminal.md").read_text(encoding="utf-8")
    assert [verdict for verdict in Verdict if f"`{verdict}`" not in manual] == []


def test_an_unknown_code_asks_to_scan_again() -> None:
    assert judge(seen(Kind.UNKNOWN, pack=None)).verdict is Verdict.UNREADABLE
