"""The whole life of sales, visits and stays in each area, by a client that has read docs/fsi.md and nothing else.

Over HTTP with what the area wants of whoever calls, and over MQTT, where the terminal's seal stands for token,
signature and encryption.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.blackbox.days import days
from tests.blackbox.stand import AREAS, Running
from tests.blackbox.through_proxy import sell_through


@pytest.mark.slow
@pytest.mark.contract
@pytest.mark.parametrize("area", AREAS)
def test_what_is_sold_or_treated_is_settled_uploaded_cancelled_returned_and_reconciled(
    open_centre: Callable[..., Running], area: str, tmp_path: Path
) -> None:
    centre = open_centre(area, has_broker=True)
    for what, day in days(centre):
        print(f"{area}, {what}: {day}")  # noqa: T201 - shown by pytest -rP, and by `make days`
    print(f"{area}, POS through the proxy: {sell_through(centre, tmp_path / 'terminal')}")  # noqa: T201
