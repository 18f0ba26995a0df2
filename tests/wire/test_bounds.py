"""No number that a terminal says goes beyond 64 bits, or beyond what a store can add up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from wire.events import Event
from wire.presence import Health, Presence
from wire.receipts import Batch


def unbounded(schema: Any, where: str) -> Iterator[str]:
    """Yield where in a JSON schema a whole number has no least or no greatest value."""
    if isinstance(schema, list):
        for one in schema:
            yield from unbounded(one, where)
    elif isinstance(schema, dict):
        if schema.get("type") == "integer" and not {"minimum", "maximum"} <= schema.keys():
            yield where
        for name, one in schema.items():
            yield from unbounded(one, f"{where}.{name}")


@pytest.mark.parametrize("kind", [Batch, Event, Presence, Health])
def test_every_number_of_a_terminal_is_bounded(kind: type[msgspec.Struct]) -> None:
    found = unbounded(msgspec.json.schema(kind), kind.__name__)
    # A version is compared and never kept: a newer one is put off, whatever the number.
    assert [where for where in found if not where.endswith(".properties.v")] == []
