"""Outpatients by a client that has the page and the tables; in one area the codes come with the settlement."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.blackbox.stand import Running
from tests.blackbox.till import HOSPITAL
from tests.blackbox.ward import treat


@pytest.mark.slow
@pytest.mark.parametrize(("area", "scans"), [("base", False), ("hubei", True)])
def test_a_visit_is_registered_charged_settled_once_cancelled_and_settled_anew(
    open_centre: Callable[..., Running], area: str, scans: bool
) -> None:
    treat(open_centre(area).till(HOSPITAL), scans=scans)
