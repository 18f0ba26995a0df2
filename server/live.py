"""What open consoles hear: new scans, alarms, terminals that change. Told after the commit, kept nowhere."""

from __future__ import annotations

import msgspec

from codes.errors import TransientError
from rules.catalogue import Product
from server.ingest import Committed
from server.matching import Matching
from server.store.alarms import Alarm
from web.live import LiveBus
from wire.events import Event, Scanned

MOST_SCANS = 25
"""Of one commit, the newest: a backlog of thousands must not drown the live view. The ledger has them all."""


class LiveScan(msgspec.Struct, frozen=True):
    """One row of the live view."""

    id: str
    at: str
    """Device clock, ISO 8601, UTC."""
    terminal: str
    operator: str | None
    sale: str
    kind: str
    verdict: str
    code: str | None
    product: str | None
    name: str | None
    spec: str | None


class LiveNews:
    """Turns what was committed into events on the live bus."""

    def __init__(self, bus: LiveBus, matching: Matching) -> None:
        self._bus = bus
        self._matching = matching

    def committed(self, news: Committed) -> None:
        """Publish the newest scans and all alarms of one commit."""
        scans = [(event, event.fact) for event in news.events if isinstance(event.fact, Scanned)][-MOST_SCANS:]
        products = self._products({fact.product for _, fact in scans if fact.product})
        for event, fact in scans:
            self._publish("scan", _live_scan(event, fact, products.get(fact.product or "")))
        for alarm in news.alarms:
            self._publish("alert", _alert(alarm))
        if news.events:
            self._publish("totals", {"events": len(news.events)})

    def terminal_changed(self, terminal_id: str) -> None:
        """Say that a terminal's row should be read again."""
        self._publish("device", {"terminal": terminal_id})

    def _products(self, ids: set[str]) -> dict[str, Product]:
        # Looked up although nobody may be watching: who opens a page later is shown these scans again.
        if not ids:
            return {}
        try:
            return self._matching.products(sorted(ids))
        except TransientError:
            # The facts are committed; a name that is missing on a screen is no reason to fail.
            return {}

    def _publish(self, event: str, data: object) -> None:
        self._bus.publish(event, msgspec.json.encode(data).decode())


def _live_scan(event: Event, fact: Scanned, product: Product | None) -> LiveScan:
    return LiveScan(
        id=event.id,
        at=event.occurred_at.isoformat(),
        terminal=event.terminal,
        operator=event.operator,
        sale=fact.sale,
        kind=fact.reading,
        verdict=fact.verdict,
        code=fact.code,
        product=fact.product,
        name=product.name if product else None,
        spec=product.spec if product else None,
    )


def _alert(alarm: Alarm) -> dict[str, str]:
    return {
        "terminal": alarm.key.terminal,
        "code": alarm.key.code,
        "zh": alarm.words.zh,
        "en": alarm.words.en,
    }
