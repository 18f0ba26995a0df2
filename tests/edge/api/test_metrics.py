"""The page for Prometheus: every figure, no code and no name, and for this machine only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from codes.words import Words
from edge.api.metrics import CONTENT_TYPE, ScanMetrics, metrics_route, page_of
from edge.health import (
    DeviceState,
    DeviceStatus,
    Lamp,
    Lamps,
    LampState,
    Machine,
    SitePeer,
    SiteStatus,
    TerminalStatus,
    Trouble,
)
from rules.scan_judgement import Tone
from tests.edge.api.conftest import STATUS
from tests.edge.scene import NOON, FakeClock

WORDS = Words("坏", "bad")
BUSY = replace(
    STATUS,
    devices=(DeviceStatus("serial:left", DeviceState.LOST, 3, 2, "driver.lost", WORDS, WORDS, refused=4),),
    lamps=Lamps(sync=Lamp(LampState.DOWN, "x", WORDS)),
    machine=Machine(disk_free_bytes=7),
    clock_offset_ms=-2_500,
    troubles=(Trouble("driver.lost", WORDS, WORDS),),
    site=SiteStatus((SitePeer("counter-2", True, NOON), SitePeer("counter-3", False, None))),
)


def samples(page: bytes) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(page.decode()):
        for one in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(one.labels.items()))
            yield f"{one.name}{{{labels}}}", one.value


def test_page_holds_the_figures_and_nothing_of_a_person() -> None:
    metrics = ScanMetrics()
    metrics.note_scan("serial:left", Tone.OK, 0.004)
    page = page_of(BUSY, {"batches_resent": 3}, metrics.registry, NOON + timedelta(seconds=90))
    found = dict(samples(page))
    expected = {
        "yima_scans_total{device=serial:left,tone=ok}": 1,
        "yima_commit_seconds_bucket{le=0.005}": 1,
        "yima_commit_seconds_bucket{le=0.002}": 0,
        "yima_outbox_pending{}": 1,
        "yima_outbox_oldest_seconds{}": 90,
        "yima_uplink_batches_resent{}": 3,
        "yima_clock_offset_seconds{}": -2.5,
        "yima_disk_free_bytes{}": 7,
        "yima_well{}": 0,
        "yima_alarms{}": 1,
        "yima_device{device=serial:left,state=lost}": 1,
        "yima_device{device=serial:left,state=ready}": 0,
        "yima_device_restarts{device=serial:left}": 2,
        "yima_scans_refused_total{device=serial:left}": 4,
        "yima_site_peer_heard{terminal=counter-2}": 1,
        "yima_site_peer_heard{terminal=counter-3}": 0,
        "yima_lamp{lamp=sync,state=down}": 1,
        "yima_lamp{lamp=settlement,state=off}": 1,
    }
    assert {name: found.get(name) for name in expected} == expected
    assert "yima_temperature_celsius{}" not in found
    assert "wang" not in page.decode()


@pytest.mark.parametrize(("caller", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.9", 403), ("", 403)])
def test_only_this_machine_is_answered(caller: str, status: int) -> None:
    async def glance() -> TerminalStatus:
        return STATUS

    async def ask() -> httpx.Response:
        app = FastAPI()
        app.include_router(metrics_route(glance, dict, ScanMetrics(), FakeClock()))
        transport = httpx.ASGITransport(app, client=(caller, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get("/metrics")

    answer = asyncio.run(ask())
    assert answer.status_code == status
    if status == httpx.codes.OK:
        assert answer.headers["content-type"] == CONTENT_TYPE
        assert dict(samples(answer.content))["yima_outbox_pending{}"] == 1
