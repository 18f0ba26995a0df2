"""From pieces of evidence to facts: which messages say the same thing. Pure.

Pieces with the same key are one fact. Beyond that, two messages about one sale need not know it by the same words:

* **By two numbers.** A stock-sale row names the retail receipt, the stock-out receipt and the settlement; the terminal
  and the settlement know the sale by one of them. A message that gives several numbers is one piece under each, with
  one `source`, and ties them: for this pack they are one document.
* **Without a line.** The national interface numbers no lines of a sale. Evidence with `NO_LINE` speaks of the line that
  another message names, the lowest if there are several; alone it is a fact of its own.

Both are functions of all that was said and of nothing else, so the order of arrival does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rules.pack_life import NO_LINE, SALES, SIZE_UNKNOWN, Act, Evidence, FactKey, Order

Document = tuple[str, str]
"""Institution and number of a sale: what a return undoes."""

_OF_SALES = SALES | {Act.RETURNED}
"""The acts whose documents are sales; deliveries and notices are named once."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Evidence merged under one key: the earliest piece speaks, the rest confirm.

    When it was is told by the clocks of terminals, where one of them tells of it: the hour that the interface names is
    of another program's clock, in whole seconds. What the earliest does not know of an opened pack, its size or how
    many units came back, the first that knows it tells.
    """

    key: FactKey
    order: Order
    said: Evidence


def merge(evidence: Iterable[Evidence]) -> list[Fact]:
    """Return the facts that the pieces come to, in no particular order."""
    pieces = list(evidence)
    keys = keys_of_facts(pieces)
    facts: dict[FactKey, Fact] = {}
    for piece in sorted(pieces, key=_precedence):
        key = keys.get(piece.key, piece.key)
        known = facts.get(key)
        if known is not None and piece.order.terminal and not known.order.terminal:
            known = facts[key] = replace(known, order=piece.order)
        if known is None:
            facts[key] = Fact(key, piece.order, piece)
        elif known.said.units_per_pack == SIZE_UNKNOWN and piece.units_per_pack:
            facts[key] = replace(known, said=replace(known.said, units_per_pack=piece.units_per_pack))
        elif key.act is Act.RETURNED and known.said.units is None and piece.units is not None:
            # Who cancels a sale says no more than that it is void; who takes units back has counted them.
            facts[key] = replace(known, said=replace(known.said, units=piece.units))
    return list(facts.values())


def keys_of_facts(pieces: Sequence[Evidence]) -> dict[FactKey, FactKey]:
    """Return the key of its fact for each key that is another as it was said; most are not, and are left out."""
    of_sales = [piece for piece in pieces if piece.key.act in _OF_SALES]
    names = _names_of(of_sales)
    if not names and all(piece.key.line != NO_LINE for piece in of_sales):
        return {}
    named = {piece.key: _named(piece.key, names) for piece in of_sales}
    lines: dict[FactKey, int] = {}
    for key in named.values():
        if key.line != NO_LINE:
            whole = key._replace(line=NO_LINE)
            lines[whole] = min(key.line, lines.get(whole, key.line))
    found = {said: key._replace(line=lines.get(key, NO_LINE)) if not key.line else key for said, key in named.items()}
    return {said: key for said, key in found.items() if said != key}


def document_of(key: FactKey) -> Document:
    """Return whose sale the fact is about, and its number."""
    return key.institution, key.document


def _named(key: FactKey, names: dict[Document, str]) -> FactKey:
    return key._replace(document=names.get(document_of(key), key.document))


def _names_of(pieces: Sequence[Evidence]) -> dict[Document, str]:
    """Return, for each document that a message ties to another, the number by which all of them go.

    It is the one that was named first, by the order of what was said; of those that one message names the shortest,
    which is the receipt's rather than the settlement's.
    """
    tied: dict[Document, set[Document]] = {}
    by_source: dict[tuple[str, str], set[Document]] = {}
    for piece in pieces:
        by_source.setdefault((piece.source, piece.key.institution), set()).add(document_of(piece.key))
    for documents in by_source.values():
        if len(documents) > 1:
            together = set.union(documents, *(tied.get(one, ()) for one in documents))
            tied.update(dict.fromkeys(together, together))
    if not tied:
        return {}
    first: dict[Document, tuple[Order, int, str]] = {}
    for piece in pieces:
        document = document_of(piece.key)
        place = piece.order, len(document[1]), document[1]
        if document not in first or place < first[document]:
            first[document] = place
    return {document: min(first[one] for one in together)[-1] for document, together in tied.items()}


def _precedence(piece: Evidence) -> tuple[Order, str, int, int, str]:
    """Order all pieces totally, so that the one which speaks for a fact never depends on arrival."""
    until = piece.reserved_until.isoformat() if piece.reserved_until else ""
    units, per_pack = (-1 if count is None else count for count in (piece.units, piece.units_per_pack))
    return piece.order, piece.source, units, per_pack, until
