"""What a terminal that is well says of itself, and the products it sells."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from codes.words import Words
from edge.health import DeviceState, DeviceStatus, Lamp, Lamps, LampState, SyncStatus, TerminalStatus
from edge.screens import Place

AT = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
PLACE = Place(terminal="T-0301", label="一号柜台", has_visits=True)
PRODUCTS: tuple[tuple[str, str, str, str, str], ...] = (
    ("D0001", "阿莫西林胶囊", "0.25g×24粒", "甲", "9.80"),
    ("D0002", "缬沙坦胶囊", "80mg×14粒", "乙", "28.65"),
    ("D0003", "连花清瘟胶囊", "0.35g×36粒", "甲", "14.75"),
    ("D0004", "阿托伐他汀钙片", "20mg×7片", "乙", "32.40"),
    ("D0005", "维生素D滴剂", "400IU×30粒", "丙", "45.00"),
)


def calm_status() -> dict[str, Any]:
    """Return the status of a terminal that is well (`edge.health.TerminalStatus`)."""
    sync = SyncStatus(True, 0, 0, 0, 120, None, AT)
    device = DeviceStatus("serial:left", DeviceState.READY, 12, 0)
    status = TerminalStatus(
        terminal=PLACE.terminal,
        label=PLACE.label,
        institution="P350200001",
        area="350200",
        versions={"yima": "0.1.0"},
        epoch="019aa3f0-5c00-7000-8000-000000000001",
        fingerprint="3F2A-91C0-77DE-0B15",
        public_key="00" * 32,
        is_approved=True,
        sync=sync,
        devices=(device,),
        clock_offset_ms=12,
        is_clock_off=False,
        catalogue=None,
        catalogue_problem=None,
        operator="chen",
        credentials_seen=0,
        started_at=AT,
        lamps=Lamps(sync=Lamp(LampState.OK, "sync.up", Words("与中心同步正常", "Records reach the centre"))),
    )
    answer: dict[str, Any] = TypeAdapter(TerminalStatus).dump_python(status, mode="json")
    return answer
