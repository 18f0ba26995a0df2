"""`/metrics` for Prometheus: counts and states of this terminal, for callers on this machine only.

No code, no name of a person and no amount is told: labels hold names of devices and of states.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from edge.clock import Clock
from edge.health import DeviceState, InterfaceStatus, LampState, TerminalStatus
from rules.scan_judgement import Tone
from web.local_only import is_from_here

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ScanMetrics:
    """What is counted as it happens."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._scans = Counter(
            "yima_scans", "Scans that were recorded, by device and tone", ("device", "tone"), registry=self.registry
        )
        self._commit_s = Histogram(
            "yima_commit_seconds", "From the queue to the commit", buckets=_BUCKETS, registry=self.registry
        )

    def note_scan(self, device: str, tone: Tone, took_s: float) -> None:
        """Count a scan that was committed."""
        self._scans.labels(device, str(tone)).inc()
        self._commit_s.observe(took_s)


def metrics_route(
    glance: Callable[[], Awaitable[TerminalStatus]],
    counted: Callable[[], Mapping[str, int]],
    metrics: ScanMetrics,
    clock: Clock,
) -> APIRouter:
    """Return `/metrics`. It stands outside the API and its document, and answers loopback only.

    Args:
        glance: How the terminal is.
        counted: What the uplink has counted.
        metrics: What was counted as it happened.
        clock: The device's clock.
    """
    routes = APIRouter(include_in_schema=False)

    @routes.get("/metrics")
    async def tell(request: Request) -> Response:
        if not is_from_here(request):
            return PlainTextResponse("loopback only\n", status_code=HTTPStatus.FORBIDDEN)
        page = page_of(await glance(), counted(), metrics.registry, clock.now())
        return Response(page, media_type=CONTENT_TYPE)

    return routes


def page_of(status: TerminalStatus, counted: Mapping[str, int], registry: CollectorRegistry, now: datetime) -> bytes:
    """Return the page: what was counted as it happened, and how things stand now."""
    present = CollectorRegistry()
    present.register(_Present(lambda: _families(status, counted, now)))
    return generate_latest(registry) + generate_latest(present)


class _Present(Collector):
    """Metrics that are known at the moment of asking."""

    def __init__(self, families: Callable[[], Iterator[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return self._families()


def _families(status: TerminalStatus, counted: Mapping[str, int], now: datetime) -> Iterator[Metric]:
    sync, machine, quota = status.sync, status.machine, status.quota
    oldest_s = 0.0 if sync.oldest_pending_at is None else max(0.0, (now - sync.oldest_pending_at).total_seconds())
    simple: tuple[tuple[str, str, float | None], ...] = (
        ("yima_well", "1 if nothing needs a person", status.is_well),
        ("yima_alarms", "Troubles that need a person", sum(one.is_alarm for one in status.troubles)),
        ("yima_link_up", "1 while the line to the broker is open", sync.is_up),
        ("yima_outbox_pending", "Events without a receipt", sync.pending),
        ("yima_outbox_held", "Of these, put off by the centre", sync.held),
        ("yima_outbox_dead", "Events that the centre refused", sync.dead),
        ("yima_outbox_oldest_seconds", "Age of the oldest event without a receipt", oldest_s),
        ("yima_clock_offset_seconds", "Centre clock minus device clock", _seconds(status.clock_offset_ms)),
        ("yima_disk_free_bytes", "On the disk of the data folder", machine.disk_free_bytes),
        ("yima_disk_total_bytes", "On the disk of the data folder", machine.disk_total_bytes),
        ("yima_quota_used_percent", "Of the room for the store", None if quota is None else quota.used_percent),
        ("yima_memory_pss_bytes", "Of the terminal and its children", machine.pss_bytes),
        ("yima_temperature_celsius", "The hottest sensor", machine.temperature_c),
        ("yima_started_timestamp_seconds", "Start of the process", (status.started_at - _EPOCH).total_seconds()),
    )
    for name, help_text, value in simple:
        if value is not None:
            yield GaugeMetricFamily(name, help_text, value=float(value))
    for name, count in counted.items():
        yield GaugeMetricFamily(f"yima_uplink_{name}", "Since the line was first opened", value=count)
    yield from _devices(status)
    peers = GaugeMetricFamily("yima_site_peer_heard", "1 while what it sold is known", labels=("terminal",))
    for peer in status.site.peers:
        peers.add_metric((peer.terminal,), float(peer.is_heard))
    yield peers
    lamps = GaugeMetricFamily("yima_lamp", "1 for the state that a way out is in", labels=("lamp", "state"))
    for lamp, state in (("sync", status.lamps.sync.state), ("settlement", status.lamps.settlement.state)):
        for one in LampState:
            lamps.add_metric((lamp, str(one)), float(one is state))
    yield lamps
    if status.interface is not None:
        yield from _interface(status.interface, now)


def _interface(seen: InterfaceStatus, now: datetime) -> Iterator[Metric]:
    oldest_s = 0.0 if seen.oldest_open_at is None else max(0.0, (now - seen.oldest_open_at).total_seconds())
    simple: tuple[tuple[str, str, float], ...] = (
        ("yima_fsi_up", "1 while an insured settlement may be tried", seen.is_up),
        ("yima_fsi_signed_in", "1 while the operator of the shift is signed in (9001)", seen.signed_in),
        ("yima_fsi_open", "Messages whose outcome is not known", seen.open),
        ("yima_fsi_open_oldest_seconds", "Age of the oldest of these", oldest_s),
        ("yima_fsi_stuck", "Of these, those that a person has to look up", len(seen.stuck)),
    )
    for name, help_text, value in simple:
        yield GaugeMetricFamily(name, help_text, value=float(value))
    sent = CounterMetricFamily("yima_fsi_messages", "Messages since the start, by what became of them", labels=("is",))
    for what, count in (("answered", seen.answered), ("unanswered", seen.unanswered), ("not_sent", seen.not_sent)):
        sent.add_metric((what,), count)
    yield sent


def _devices(status: TerminalStatus) -> Iterator[Metric]:
    states = GaugeMetricFamily("yima_device", "1 for the state that a device is in", labels=("device", "state"))
    restarts = GaugeMetricFamily("yima_device_restarts", "Times it was opened again", labels=("device",))
    refused = CounterMetricFamily("yima_scans_refused", "Scans that were read and not recorded", labels=("device",))
    for device in status.devices:
        restarts.add_metric((device.device,), device.restarts)
        refused.add_metric((device.device,), device.refused)
        for one in DeviceState:
            states.add_metric((device.device, str(one)), float(one is device.state))
    yield states
    yield restarts
    yield refused


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
