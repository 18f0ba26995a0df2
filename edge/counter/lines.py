"""Which packs share a line, and what a list amounts to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from codes.pack import ProductKey
from edge.counter.views import LineShown, Totals
from edge.store.catalogue import Match
from edge.store.sales import LineItem, LineRow
from rules.scan_judgement import Mode, PackLevel, Verdict

FEN = Decimal("0.01")


def item_of(match: Match | None, keys: Sequence[ProductKey], pack: str, mode: Mode) -> LineItem:
    """Return the line that a pack belongs on.

    Packs of one product and one pack level share a line. What the library does not know shares a line by its most
    exact product key, because equal keys mean the same product; without any key each pack stands alone. A delivery
    has no prices.
    """
    if match is not None:
        price = match.price if mode is Mode.DISPENSE else None
        item = f"product {match.product} {match.level}"
        spec = match.spec if match.level is PackLevel.UNIT else f"{match.spec} ×{match.quantity}"
        return LineItem(item, match.product, match.name, spec, match.insurance_class, price)
    known_as = f"{keys[0].system} {keys[0].key}" if keys else f"pack {pack}"
    return LineItem(known_as, None, None, None, None, None)


def amount_of(price: Decimal | None, quantity: int) -> Decimal | None:
    """Return the amount of a line in yuan, to the fen, half up."""
    return None if price is None else (price * quantity).quantize(FEN, ROUND_HALF_UP)


def totals_of(lines: Iterable[LineRow], alarms: int) -> Totals:
    """Return the sums of a list."""
    boxes = matched = unpriced = 0
    amount = Decimal("0.00")
    for line in lines:
        boxes += line.quantity
        matched += line.quantity if line.product is not None else 0
        line_amount = amount_of(line.price, line.count)
        unpriced += line.quantity if line_amount is None else 0
        amount += line_amount or 0
    return Totals(boxes, matched, boxes - matched, alarms, amount, unpriced)


def show_line(line: LineRow, codes: Mapping[int, Sequence[str]]) -> LineShown:
    """Return a line as a screen or a receipt shows it."""
    return LineShown(
        line=line.line,
        product=line.product,
        name=line.name,
        spec=line.spec,
        insurance_class=line.insurance_class,
        price=line.price,
        quantity=line.quantity,
        codes=tuple(codes.get(line.line, ())),
        amount=amount_of(line.price, line.count),
        verdict=Verdict.UNMATCHED if line.product is None else Verdict.ADDED,
        event=line.event,
        units=line.units,
    )
