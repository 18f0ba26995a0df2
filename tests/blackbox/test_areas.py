"""The whole life of sales in each area, over HTTP, by a client that has read docs/fsi.md and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.blackbox.journeys import live_through
from tests.blackbox.stand import AREAS, Running


@pytest.mark.slow
@pytest.mark.parametrize("area", AREAS)
def test_a_sale_is_settled_uploaded_cancelled_returned_and_reconciled(
    open_centre: Callable[..., Running], area: str
) -> None:
    live_through(open_centre(area).till())
