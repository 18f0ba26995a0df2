"""The decision table of one scan: every cell against rules told in prose, and what the counter says."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from codes.reading import Confidence, FieldValue, Flag, Kind, Reading
from rules.decision import first_fit, fits
from rules.scan_facts import ScanFacts, Size, facts_of
from rules.scan_judgement import (
    Circumstances,
    Judgement,
    Listed,
    Mode,
    PackLevel,
    SoldBefore,
    Tone,
    Verdict,
    judge,
    scan_table,
)
from rules.scan_table import TABLE

TRACE = "83857930000879766660"
MORNING = datetime(2026, 11, 20, 9, 30)  # noqa: DTZ001 - only its digits are shown
HERE = SoldBefore("counter-1", "counter-1-20261120-7", MORNING)
THERE = SoldBefore("counter-2", "counter-2-20261120-3", MORNING)
EITHER = (False, True)
VALUES: dict[str, tuple[object, ...]] = {
    # Kinds that no row names are one to the table.
    "kind": tuple(
        kind for kind in Kind if kind is Kind.TRACE or any(kind in row.when.get("kind", ()) for row in TABLE)
    ),
    "signed_in": EITHER,
    "placeholder": EITHER,
    "individual": EITHER,
    "mode": tuple(Mode),
    "size": tuple(Size),
    "listed": tuple(Listed),
    "sold_here": EITHER,
    "sold_at_site": EITHER,
    "sold_elsewhere": EITHER,
    "apart": EITHER,
    "received_here": EITHER,
    "expired": EITHER,
    "paying": EITHER,
}
"""Every fact and every value that it can have."""


def seen(
    kind: Kind = Kind.TRACE, *, flags: tuple[Flag, ...] = (), gtin: str | None = None, **changes: object
) -> Circumstances:
    fields: dict[str, FieldValue] = {"gtin": gtin}
    reading = Reading(kind, TRACE, Confidence.CERTAIN, TRACE.encode(), flags=flags, fields=MappingProxyType(fields))
    facts: dict[str, object] = {"mode": Mode.DISPENSE, "pack": TRACE, "level": PackLevel.UNIT}
    return Circumstances(reading=reading, **{**facts, **changes})  # type: ignore[arg-type]


def hint_of(judgement: Judgement) -> str:
    assert judgement.hint is not None
    return str(judgement.hint)


# -- the table, cell by cell -------------------------------------------------------------------------------------------


def told(facts: ScanFacts) -> tuple[Verdict, Tone]:
    """Return what the counter shall do, as one would tell it to a new colleague."""
    if facts.kind.is_personal:
        return Verdict.CREDENTIAL, Tone.NOTICE
    if not facts.signed_in:
        return Verdict.SIGN_IN_FIRST, Tone.NOTICE
    return told_of_code(facts) or told_of_box(facts) or told_of_new_box(facts)


def told_of_code(facts: ScanFacts) -> tuple[Verdict, Tone] | None:
    """Refuse what does not name a box."""
    if facts.placeholder:
        return Verdict.PLACEHOLDER, Tone.ALARM
    if facts.kind is Kind.UNKNOWN:
        return Verdict.UNREADABLE, Tone.NOTICE
    if facts.kind in {Kind.RETAIL, Kind.SSCC, Kind.DRUG, Kind.CONSUMABLE, Kind.BENWEI, Kind.ISBT}:
        return Verdict.WRONG_CODE_TYPE, Tone.NOTICE
    return None if facts.individual else (Verdict.NOT_INDIVIDUAL, Tone.NOTICE)


def told_of_box(facts: ScanFacts) -> tuple[Verdict, Tone] | None:
    """Refuse a box that must not go on the list."""
    if facts.listed is not Listed.NO:
        return Verdict.ALREADY_IN_SALE, Tone.NOTICE if facts.listed is Listed.JUST_NOW else Tone.ALARM
    if facts.mode is Mode.DISPENSE and facts.size in {Size.INNER, Size.CARTON, Size.GROUPED}:
        return Verdict.CARTON, Tone.ALARM
    for is_sold, verdict in (
        (facts.sold_here, Verdict.SOLD_HERE),
        (facts.sold_at_site, Verdict.SOLD_AT_SITE),
        (facts.sold_elsewhere, Verdict.SOLD_ELSEWHERE),
        (facts.apart, Verdict.QUARANTINED),
    ):
        if is_sold:
            return verdict, Tone.ALARM
    if facts.mode is Mode.DISPENSE and facts.expired:
        return Verdict.EXPIRED, Tone.ALARM
    if facts.mode is Mode.RECEIVE and facts.received_here:
        return Verdict.RECEIVED_HERE, Tone.NOTICE
    return None


def told_of_new_box(facts: ScanFacts) -> tuple[Verdict, Tone]:
    """Put a box on the list; nobody may miss that it has no product or is on the next list."""
    if facts.size in {Size.UNKNOWN, Size.GROUPED}:
        return Verdict.UNMATCHED, Tone.NOTICE
    return Verdict.ADDED, Tone.NOTICE if facts.paying else Tone.OK


@pytest.mark.req("T-23", "T-25", "C-05")
def test_every_cell_is_as_told_and_every_row_decides_some() -> None:
    assert list(VALUES) == [name for name in ScanFacts.__slots__]  # noqa: C416 - the order is compared as well
    decided: Counter[str] = Counter()
    wrong: list[ScanFacts] = []
    for values in itertools.product(*VALUES.values()):
        facts = ScanFacts(*values)  # type: ignore[arg-type]
        row = first_fit(TABLE, facts)
        decided[row.name] += 1
        if (row.then.verdict, row.then.tone) != told(facts):
            wrong.append(facts)
    assert wrong[:3] == []
    assert list(dict.fromkeys(row.name for row in TABLE)) == [row.name for row in TABLE]
    assert set(decided) == {row.name for row in TABLE}


def test_rows_name_facts_and_values_that_there_are() -> None:
    for row in TABLE:
        assert row.when.keys() <= VALUES.keys(), row.name
        for fact, values in row.when.items():
            assert values < frozenset(VALUES[fact]), row.name
    assert TABLE[-1].when == {}


@pytest.mark.req("T-25")
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_code_is_a_pack_or_has_a_hint(kind: Kind) -> None:
    judgement = judge(seen(kind))
    if judgement.is_on_list:
        assert kind in {Kind.TRACE, Kind.GS1, Kind.HIBC, Kind.MA}
    else:
        own = [row for row in TABLE if kind in row.when.get("kind", ())]
        assert [row.then.verdict for row in own] == [judgement.verdict]
        assert fits(own[0].when, facts_of(seen(kind)))
        assert judgement.hint is not None
        assert judgement.hint.zh.endswith("。")
        assert judgement.hint.en.endswith(".")


def test_only_added_and_unmatched_reach_the_list_and_all_else_says_what_to_do() -> None:
    for row in TABLE:
        is_on_list = row.then.verdict in {Verdict.ADDED, Verdict.UNMATCHED}
        assert Judgement(row.then.verdict, row.then.tone, row.then.words).is_on_list is is_on_list
        assert row.then.hint is not None or row.then.verdict is Verdict.ADDED, row.name


# -- what is said ------------------------------------------------------------------------------------------------------


@pytest.mark.req("T-23")
def test_a_trembling_hand_is_no_alarm_and_a_second_box_is() -> None:
    soon, late = judge(seen(listed=Listed.JUST_NOW)), judge(seen(listed=Listed.BEFORE))
    assert (soon.verdict, soon.tone) == (Verdict.ALREADY_IN_SALE, Tone.NOTICE)
    assert (late.verdict, late.tone) == (Verdict.ALREADY_IN_SALE, Tone.ALARM)
    assert soon.words != late.words


@pytest.mark.req("T-23")
def test_sold_here_at_the_site_elsewhere_and_never_seen_are_four_answers() -> None:
    here, site, elsewhere, never = (
        judge(seen(sold_here=HERE)),
        judge(seen(sold_at_site=THERE)),
        judge(seen(is_sold_elsewhere=True)),
        judge(seen()),
    )
    assert len({one.verdict for one in (here, site, elsewhere, never)}) == 4
    for words in (here.words.zh, here.words.en):
        assert "2026-11-20 09:30" in words
        assert "counter-1-20261120-7" in words
    for words in (site.words.zh, site.words.en):
        assert "2026-11-20 09:30" in words
        assert "counter-2" in words
    assert "counter-2" in hint_of(site)
    assert "中心" in elsewhere.words.zh


@pytest.mark.req("T-23")
@pytest.mark.parametrize("answer", [None, False])
def test_what_the_centre_has_not_said_is_not_said(answer: bool | None) -> None:
    assert judge(seen(is_sold_elsewhere=answer)).verdict is Verdict.ADDED


def test_the_sale_of_this_terminal_is_named_before_that_of_another() -> None:
    judgement = judge(seen(sold_here=HERE, sold_at_site=THERE))
    assert judgement.verdict is Verdict.SOLD_HERE
    assert "counter-1-20261120-7" in judgement.words.zh


def test_a_sold_box_is_not_received_but_returned() -> None:
    judgement = judge(seen(sold_here=HERE, received_at=MORNING, mode=Mode.RECEIVE))
    assert judgement.verdict is Verdict.SOLD_HERE
    assert "退货" in hint_of(judgement)
    assert "use Return" in hint_of(judgement)


def test_a_box_received_again_says_since_when_it_is_here() -> None:
    judgement = judge(seen(received_at=MORNING, mode=Mode.RECEIVE))
    assert judgement.verdict is Verdict.RECEIVED_HERE
    assert hint_of(judgement).count("2026-11-20 09:30") == 2


def test_an_expired_box_is_not_sold_and_says_until_when_it_was_good() -> None:
    judgement = judge(seen(expired_on=MORNING.date()))
    assert (judgement.verdict, judgement.tone, judgement.is_on_list) == (Verdict.EXPIRED, Tone.ALARM, False)
    assert "2026-11-20" in judgement.words.zh
    assert "2026-11-20" in judgement.words.en
    # What was sold came back over the counter: that is said first.
    assert judge(seen(expired_on=MORNING.date(), sold_here=HERE)).verdict is Verdict.SOLD_HERE
    assert judge(seen(expired_on=MORNING.date(), mode=Mode.RECEIVE)).verdict is Verdict.ADDED


def test_a_scan_during_a_payment_says_that_it_is_on_the_next_list() -> None:
    for level in (PackLevel.UNIT, None):
        judgement = judge(seen(is_paying=True, level=level))
        assert judgement.is_on_list
        assert judgement.words.zh.startswith("正在收款，已计入下一单")


@pytest.mark.req("C-05")
@pytest.mark.parametrize("level", [PackLevel.INNER, PackLevel.CARTON])
def test_larger_packs_are_refused_at_dispensing_and_taken_at_receiving(level: PackLevel) -> None:
    refused = judge(seen(level=level))
    assert refused.verdict is Verdict.CARTON
    assert "小盒" in hint_of(refused)
    assert judge(seen(level=level, mode=Mode.RECEIVE)).verdict is Verdict.ADDED


@pytest.mark.req("C-05")
@pytest.mark.parametrize(
    ("indicator", "verdict"),
    [("0", Verdict.UNMATCHED), *((str(digit), Verdict.CARTON) for digit in range(1, 9)), ("9", Verdict.UNMATCHED)],
)
def test_a_gtin_says_by_itself_that_it_holds_several_packs(indicator: str, verdict: Verdict) -> None:
    gtin = f"{indicator}6900000000014"
    assert judge(seen(Kind.GS1, level=None, gtin=gtin)).verdict is verdict
    assert judge(seen(Kind.GS1, level=None, gtin=gtin, mode=Mode.RECEIVE)).verdict is Verdict.UNMATCHED
    # The library knows better than the digit.
    assert judge(seen(Kind.GS1, level=PackLevel.UNIT, gtin=gtin)).verdict is Verdict.ADDED
    assert judge(seen(Kind.TRACE, level=None, gtin=gtin)).verdict is Verdict.UNMATCHED


def test_placeholder_and_code_without_serial() -> None:
    assert judge(seen(flags=(Flag.PLACEHOLDER,))).tone is Tone.ALARM
    assert judge(seen(pack=None)).verdict is Verdict.NOT_INDIVIDUAL


# -- the manual --------------------------------------------------------------------------------------------------------


def manual() -> str:
    return (Path(__file__).parents[2] / "docs" / "counter.md").read_text(encoding="utf-8")


def test_every_verdict_stands_in_the_manual() -> None:
    assert [verdict for verdict in Verdict if f"`{verdict}`" not in manual()] == []


def test_the_manual_holds_the_table_as_it_is() -> None:
    assert scan_table() in manual()
