"""`/metrics` for Prometheus: what the centre has met, for callers on this machine only. No name is in any label."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from http import HTTPStatus
from itertools import chain
from typing import Protocol

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from server.centre import Centre
from server.store import terminals
from web.local_only import is_from_here
from wire.receipts import Trust

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class LineFigures(Protocol):
    """What is known of the line (`server.receiver.Receiver`)."""

    commits: int
    commit_s: float
    asked: int

    @property
    def takes_records(self) -> bool:
        """The connection for events and receipts is up."""

    @property
    def hears_terminals(self) -> bool:
        """The connection for what terminals say of themselves is up."""

    @property
    def waiting(self) -> int:
        """Frames in the queue."""

    @property
    def dropped(self) -> int:
        """Frames that found the queue full."""

    @property
    def refused(self) -> int:
        """Frames that said nothing."""


class FsiLineFigures(Protocol):
    """What is known of the line for the national interface (`server.fsi.rpc.FsiLine`)."""

    is_up: bool
    dropped: int
    refused: int

    @property
    def waiting(self) -> int:
        """Questions that no worker has taken yet."""


def metrics_route(centre: Centre, line: LineFigures, fsi_line: FsiLineFigures | None = None) -> APIRouter:
    """Return `/metrics`. It stands outside the API and its document, and answers loopback only."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/metrics")
    def tell(request: Request) -> Response:
        if not is_from_here(request):
            return PlainTextResponse("loopback only\n", status_code=HTTPStatus.FORBIDDEN)
        present = CollectorRegistry()
        present.register(_Present(lambda: chain(_families(centre, line), _fsi_families(centre, fsi_line))))
        return Response(generate_latest(present), media_type=CONTENT_TYPE)

    return routes


class _Present(Collector):
    """Metrics that are known at the moment of asking."""

    def __init__(self, families: Callable[[], Iterator[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return self._families()


def _families(centre: Centre, line: LineFigures) -> Iterator[Metric]:
    with centre.store.reading() as connection:
        counted = terminals.count_terminals(connection)
    figures = centre.fleet.figures(centre.now())
    yield GaugeMetricFamily("yima_centre_link_up", "1 while records can arrive", value=float(line.takes_records))
    yield GaugeMetricFamily(
        "yima_centre_notes_link_up", "1 while terminals can say how they are", value=float(line.hears_terminals)
    )
    yield GaugeMetricFamily("yima_centre_queue_frames", "Frames that wait for the ingest", value=line.waiting)
    yield GaugeMetricFamily("yima_centre_terminal_backlog", "Events that wait at terminals", value=figures.pending)
    trusted = GaugeMetricFamily("yima_centre_terminals", "Terminals by trust", labels=("trust",))
    for trust in Trust:
        trusted.add_metric((trust.value,), counted.get(trust, 0))
    yield trusted
    for name, count in asdict(centre.ingest.tally).items():
        yield CounterMetricFamily(f"yima_centre_{name}", "Met by the ingest since the start", value=count)
    yield CounterMetricFamily("yima_centre_dropped", "Frames that found the queue full", value=line.dropped)
    yield CounterMetricFamily("yima_centre_refused", "Presence or reports that said nothing", value=line.refused)
    yield CounterMetricFamily("yima_centre_asked", "Requests to send something again", value=line.asked)
    commits = SummaryMetricFamily("yima_centre_commit_seconds", "Commits of the ingest")
    commits.add_metric((), count_value=line.commits, sum_value=line.commit_s)
    yield commits


def _fsi_families(centre: Centre, line: FsiLineFigures | None) -> Iterator[Metric]:
    if centre.fsi is not None:
        yield from centre.fsi.figures.metrics()
    if line is not None:
        yield GaugeMetricFamily("yima_fsi_link_up", "1 while questions by MQTT can arrive", value=float(line.is_up))
        yield GaugeMetricFamily("yima_fsi_waiting", "Questions by MQTT that wait for a worker", value=line.waiting)
        yield CounterMetricFamily("yima_fsi_dropped", "Questions by MQTT too many, or too late", value=line.dropped)
        yield CounterMetricFamily("yima_fsi_unproved", "Frames that did not prove whose they are", value=line.refused)
