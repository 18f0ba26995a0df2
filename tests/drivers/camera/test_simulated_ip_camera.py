"""The simulated IP camera as any HTTP client sees it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from drivers.camera.simulated import SimulatedIpCamera

DARK = np.full((60, 80), 20, np.uint8)
LIGHT = np.full((60, 80), 220, np.uint8)


@pytest.fixture
def camera() -> Iterator[SimulatedIpCamera]:
    camera = SimulatedIpCamera(DARK, fps=50)
    yield camera
    camera.close()


def connect(camera: SimulatedIpCamera) -> http.client.HTTPResponse:
    where = urlsplit(camera.url)
    assert where.hostname == "127.0.0.1"
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=10)
    connection.request("GET", where.path)
    return connection.getresponse()


def next_part(response: http.client.HTTPResponse) -> bytes:
    assert response.readline() == b"--frame\r\n"
    length = 0
    while (line := response.readline()) != b"\r\n":
        name, _, value = line.partition(b":")
        if name == b"Content-Length":
            length = int(value)
    part = response.read(length)
    assert response.read(2) == b"\r\n"
    return part


def level(jpeg: bytes) -> float:
    return float(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE).mean())


def test_it_streams_the_picture_and_then_the_one_shown_next(camera: SimulatedIpCamera) -> None:
    response = connect(camera)
    assert response.getheader("Content-Type") == "multipart/x-mixed-replace; boundary=frame"
    assert level(next_part(response)) == pytest.approx(20, abs=2)
    camera.show(LIGHT)
    assert any(level(next_part(response)) > 200 for _ in range(5))
    assert camera.viewers == 1
    response.close()


def test_two_readers_see_the_same(camera: SimulatedIpCamera) -> None:
    first, second = connect(camera), connect(camera)
    assert next_part(first) == next_part(second)
    first.close()
    second.close()


def test_unplugged_it_ends_its_streams_and_answers_no_more(camera: SimulatedIpCamera) -> None:
    response = connect(camera)
    next_part(response)
    camera.unplug()
    assert response.read() is not None
    with pytest.raises(ConnectionError):
        connect(camera)
    url = camera.url
    camera.plug()
    assert camera.url == url
    assert level(next_part(connect(camera))) == pytest.approx(20, abs=2)


def test_waiting_for_frames_nobody_asks_for_ends_in_time(camera: SimulatedIpCamera) -> None:
    assert not camera.wait_sent(1, 0.05)
    camera.unplug()
    assert not camera.wait_sent(1, 10)


def test_several_cameras_stream_side_by_side() -> None:
    cameras = [SimulatedIpCamera(np.full((60, 80), shade, np.uint8), fps=50) for shade in (30, 90, 150)]
    try:
        responses = [connect(camera) for camera in cameras]
        shades = [level(next_part(response)) for response in responses]
        assert shades == pytest.approx([30, 90, 150], abs=2)
    finally:
        for camera in cameras:
            camera.close()


def test_closing_twice_does_no_harm(camera: SimulatedIpCamera) -> None:
    camera.close()
    camera.close()
