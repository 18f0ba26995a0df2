"""A request that contradicts itself is told what it should have said."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from edge.api.forms import ScanForm
from web.faults import words_of


@pytest.mark.parametrize("body", [{}, {"raw": "a", "raw_hex": "61"}])
def test_scan_with_both_or_neither_of_raw_and_raw_hex_says_so(body: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        ScanForm.model_validate(body)
    (fault,) = caught.value.errors()
    words = words_of(fault)
    assert words.zh == "raw 与 raw_hex 须且只能给一个"
    assert words.en == "should give exactly one of raw and raw_hex"
