"""A look at a store: it says what is damaged and never falls over it."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge.store import salvage_check
from edge.store.database import FILE_NAME
from edge.store.salvage_check import look_over
from tests.edge.store.cells import live

pytestmark = pytest.mark.req("T-10")


def test_check_that_stumbles_over_content_has_found_damage_and_says_over_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(tmp_path)

    def stumble(_: bytes) -> None:
        raise OverflowError("further than any clock")

    monkeypatch.setattr(salvage_check, "event_in", stumble)
    with capture_logs() as logs:
        assert look_over(tmp_path / FILE_NAME).damage == "OverflowError: further than any clock"
    (told,) = logs
    assert (told["event"], told["exc_info"]) == ("store.check_stumbled", True)
