"""An unattended kiosk without an operator of its own is a trouble of the terminal, until one is added."""

from __future__ import annotations

import asyncio
from pathlib import Path

from edge.config import EdgeConfig
from edge.core import opened_core
from edge.operators.accounts import add_account, disable_account
from edge.visits_opening import open_visits
from tests.edge.scene import NOON, FakeClock

KIOSK = "zizhu01"


def test_kiosk_that_cannot_work_is_a_trouble_until_it_can(tmp_path: Path) -> None:
    config = EdgeConfig.model_validate(
        {
            "terminal": {"id": "hall-1", "area": "350200", "institution": "H35020300901"},
            "store": {"folder": tmp_path},
            "link": {"is_enabled": False},
            "visits": {"is_enabled": True, "kiosk_operator": KIOSK},
        }
    )

    async def live() -> list[list[str]]:
        found = []
        async with opened_core(config, lambda _: None, FakeClock()) as core:
            visits = open_visits(core, FakeClock(), lambda: None)
            assert visits is not None
            assert "kiosk" in visits.work()
            for change in (
                lambda: None,
                lambda: add_account(core.connection, KIOSK, "自助机1号", NOON),
                lambda: disable_account(core.connection, KIOSK, NOON),
            ):
                await core.in_store(change)
                await visits.look()
                found.append([one.code for one in visits.troubles()])
        return found

    assert asyncio.run(live()) == [["operator.unknown"], [], ["operator.disabled"]]
