"""Each cause for which a sale would not be paid, the sales that would be, and the sums."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from rules.scan_binding import SaleLine
from rules.unpaid import CAUSE_WORDS, AboutCode, Cause, ToldCodes, WatchedSale, find_causes, report_on

DRUG, OTHER = "XJ01CAA040E001010100001", "XC10AAA001A001010100002"
KNOWN = {
    "1": AboutCode(frozenset({DRUG})),
    "2": AboutCode(frozenset({DRUG})),
    "9": AboutCode(frozenset({OTHER})),
    "C": AboutCode(frozenset({DRUG}), is_carton=True),
}
LINES = (SaleLine("L1", DRUG, Decimal(2)),)
PAID = WatchedSale("S1", date(2026, 11, 2), LINES, Decimal("10.50"), uploads=(ToldCodes(DRUG, ("1", "2")),))


def about(code: str) -> AboutCode:
    return KNOWN.get(code, AboutCode())


CASES: dict[str, tuple[WatchedSale, list[Cause]]] = {
    "paid": (PAID, []),
    "codes of no known product are no fault": (replace(PAID, uploads=(ToldCodes(DRUG, ("7", "8")),)), []),
    "told in two messages": (replace(PAID, uploads=(ToldCodes(DRUG, ("1",)), ToldCodes(DRUG, ("2",)))), []),
    "refused first, accepted later": (
        replace(PAID, uploads=(ToldCodes(DRUG, ("1", "2"), is_accepted=False), ToldCodes(DRUG, ("1", "2")))),
        [],
    ),
    "nothing that needs a code": (replace(PAID, lines=(), uploads=()), []),
    "the area wants no upload": (replace(PAID, uploads=None, at_settlement=(ToldCodes(DRUG, ("1", "2")),)), []),
    "never uploaded": (replace(PAID, uploads=()), [Cause.NOT_UPLOADED]),
    "another line uploaded": (replace(PAID, uploads=(ToldCodes(OTHER, ("9",)),)), [Cause.NOT_UPLOADED]),
    "refused": (
        replace(PAID, uploads=(ToldCodes(DRUG, ("1", "2"), is_accepted=False, said="已售"),)),
        [Cause.UPLOAD_REFUSED],
    ),
    "scanned, not told": (
        replace(PAID, uploads=(ToldCodes(DRUG, ()),), scanned={DRUG: 2}),
        [Cause.UPLOADED_WITHOUT_CODES],
    ),
    "nobody knows whether it was scanned": (
        replace(PAID, uploads=(ToldCodes(DRUG, ()),)),
        [Cause.UPLOADED_WITHOUT_CODES],
    ),
    "not scanned": (replace(PAID, uploads=(ToldCodes(DRUG, ()),), scanned={}), [Cause.NO_CODE]),
    "one too few": (replace(PAID, uploads=(ToldCodes(DRUG, ("1",)),)), [Cause.FEWER_CODES]),
    "the same code twice": (replace(PAID, uploads=(ToldCodes(DRUG, ("1", "1")),)), [Cause.FEWER_CODES]),
    "another drug": (replace(PAID, uploads=(ToldCodes(DRUG, ("1", "9")),)), [Cause.OTHER_DRUG]),
    "carton": (replace(PAID, uploads=(ToldCodes(DRUG, ("1", "C")),)), [Cause.CARTON]),
    "sold before": (
        replace(PAID, uploads=(ToldCodes(DRUG, ("1", "2"), sold_before=frozenset({"2"})),)),
        [Cause.SOLD_BEFORE],
    ),
    "settlement refused": (replace(PAID, is_settled=False, uploads=()), [Cause.SETTLEMENT_REFUSED]),
    "graver first": (
        replace(PAID, uploads=(ToldCodes(DRUG, ("9",)),)),
        [Cause.OTHER_DRUG, Cause.FEWER_CODES],
    ),
    "not with the settlement": (replace(PAID, at_settlement=(), scanned={}), [Cause.NO_CODE]),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_sale_is_unpaid_for_its_causes_only(name: str) -> None:
    sale, causes = CASES[name]
    assert [one.cause for one in find_causes(sale, about)] == causes


def test_every_cause_is_told_in_both_languages_and_names_line_and_drug() -> None:
    assert set(CAUSE_WORDS) == set(Cause)
    (found,) = find_causes(replace(PAID, uploads=(ToldCodes(DRUG, ("1",)),)), about)
    for words in (found.words.zh, found.words.en):
        assert "L1" in words
        assert DRUG in words
        assert "1/2" in words


def test_sums_are_by_day_and_by_cause() -> None:
    sales = [
        PAID,
        replace(PAID, key="S2", uploads=()),
        replace(PAID, key="S3", day=date(2026, 11, 3), uploads=()),
        replace(PAID, key="S4", amount=Decimal("0.01"), uploads=(ToldCodes(DRUG, ("1",)),)),
    ]
    report = report_on(sales, about)
    assert [one.key for one in report.sales] == ["S2", "S3", "S4"]
    assert (report.watched, report.amount) == (4, Decimal("21.01"))
    assert report.by_day() == {date(2026, 11, 2): (2, Decimal("10.51")), date(2026, 11, 3): (1, Decimal("10.50"))}
    assert report.by_cause() == {Cause.NOT_UPLOADED: (2, Decimal("21.00")), Cause.FEWER_CODES: (1, Decimal("0.01"))}
