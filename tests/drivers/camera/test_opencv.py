"""The OpenCV adapter: the newest frame only, damaged ones skipped, the end told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from drivers.camera.errors import CameraRefusedError, CameraUnreachableError
from drivers.camera.opencv import OpenCvCamera
from drivers.camera.port import CameraSettings, OpenCamera, Picture
from drivers.errors import DeviceLostError

USB = CameraSettings("camera:0", "0")
NETWORK = CameraSettings("camera:net", "rtsp://user:secret@10.0.0.9/ch1")


class FakeCapture:
    """What OpenCV gives: frames when they are let out, then the end."""

    def __init__(self, frames: list[Any], *, is_open: bool = True) -> None:
        self._frames: Iterator[Any] = iter(frames)
        self._is_open = is_open
        self.is_released = threading.Event()
        self.gate = threading.Semaphore(0)
        self.unpacked = 0
        self._grabbed: Any = None
        self.waits = threading.Semaphore(0)

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's spelling
        return self._is_open

    def grab(self) -> bool:
        self.waits.release()
        if not self.gate.acquire(timeout=10):
            return False
        self._grabbed = next(self._frames, None)
        if self._grabbed is None:
            self.gate.release()
        return self._grabbed is not None

    def retrieve(self) -> tuple[bool, Any]:
        self.unpacked += 1
        return True, self._grabbed

    def release(self) -> None:
        self.is_released.set()

    def let_out(self, frames: int) -> None:
        """Let the reader have so many frames, and wait until it asks for the next."""
        for _ in range(frames):
            assert self.waits.acquire(timeout=10)
            self.gate.release()
        assert self.waits.acquire(timeout=10)
        self.waits.release()


def picture(level: int) -> np.ndarray:
    return np.full((4, 6, 3), level, np.uint8)


def test_frames_that_nobody_waits_for_are_not_unpacked() -> None:
    capture = FakeCapture([picture(1), picture(2), picture(3)])
    with OpenCvCamera(USB, lambda _: capture).opened() as camera:
        capture.let_out(2)
        assert capture.unpacked == 0
        capture.gate.release()
        newest = camera.latest(5)
        # The third may have passed before we waited; what comes is never an older one.
        if newest is not None:
            assert newest[0, 0, 0] == 3


def waited_for(camera: OpenCamera, capture: FakeCapture) -> Picture | None:
    """Wait for a frame in a thread, let one out once it waits, and return what came."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(camera.latest, 5)
        while not waiting.done():
            # One for each that the reader asks for: let out freely, the frames may end before the waiting one sees any.
            if capture.waits.acquire(timeout=0.01):
                capture.gate.release()
        return waiting.result()


def test_a_frame_that_is_waited_for_comes_with_its_size() -> None:
    capture = FakeCapture([picture(9)] * 10_000)
    with OpenCvCamera(USB, lambda _: capture).opened() as camera:
        newest = waited_for(camera, capture)
        assert newest is not None
        assert newest[0, 0, 0] == 9
        assert camera.size == (6, 4)
        capture.gate.release()


def test_the_end_is_told() -> None:
    capture = FakeCapture([picture(1)])
    capture.gate.release(2)
    with OpenCvCamera(USB, lambda _: capture).opened() as camera:
        assert capture.is_released.wait(30)
        with pytest.raises(DeviceLostError) as caught:
            camera.latest(5)
        assert "/dev/video0" in caught.value.words.zh


def test_frames_that_are_no_pictures_are_skipped_and_counted() -> None:
    broken = [np.zeros((0, 0, 3), np.uint8), np.zeros((4, 4), np.float32), np.zeros((4, 4, 2), np.uint8), "text"]
    capture = FakeCapture([*(broken * 5), *([picture(7)] * 10_000)])
    with OpenCvCamera(USB, lambda _: capture).opened() as camera:
        newest = waited_for(camera, capture)
        assert newest is not None
        assert newest[0, 0, 0] == 7
        assert camera.damaged <= 20
        capture.gate.release()


def test_a_camera_that_sends_nothing_but_damage_is_lost() -> None:
    capture = FakeCapture([np.zeros((0, 0), np.uint8)] * 10_000)
    with OpenCvCamera(USB, lambda _: capture).opened() as camera:
        with pytest.raises(DeviceLostError):
            waited_for(camera, capture)
        assert camera.damaged == 30


@pytest.mark.parametrize(("settings", "error"), [(USB, CameraRefusedError), (NETWORK, CameraUnreachableError)])
def test_a_camera_that_does_not_open_is_an_error_without_its_password(
    settings: CameraSettings, error: type[CameraRefusedError | CameraUnreachableError]
) -> None:
    camera = OpenCvCamera(settings, lambda _: FakeCapture([], is_open=False))
    with pytest.raises(error) as caught, camera.opened():
        pass
    assert "secret" not in str(caught.value)


def test_leaving_lets_the_device_go() -> None:
    capture = FakeCapture([picture(1), picture(2)])
    with OpenCvCamera(USB, lambda _: capture).opened():
        capture.let_out(1)
    capture.gate.release()
    assert capture.is_released.wait(30)


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("0", "/dev/video0"),
        ("/dev/v4l/by-id/usb-cam", "/dev/v4l/by-id/usb-cam"),
        ("http://10.0.0.9/live", "http://10.0.0.9/live"),
        ("rtsp://me:p@ss@10.0.0.9:554/ch", "rtsp://10.0.0.9:554/ch"),
    ],
)
def test_what_a_message_may_name(source: str, path: str) -> None:
    assert CameraSettings("camera", source).path == path
