"""The OpenCV adapter: the newest frame only, damaged ones skipped, the end told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from drivers.camera.errors import CameraRefusedError, CameraUnreachableError
from drivers.camera.opencv import OpenCvCamera
from drivers.camera.port import CameraSettings
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
        self.reads = 0
        self.waits = threading.Semaphore(0)

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's spelling
        return self._is_open

    def read(self) -> tuple[bool, Any]:
        self.waits.release()
        assert self.gate.acquire(timeout=10)
        self.reads += 1
        frame = next(self._frames, None)
        if frame is None:
            self.gate.release()
        return frame is not None, frame

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


def test_only_the_newest_frame_is_kept() -> None:
    capture = FakeCapture([picture(1), picture(2), picture(3)])
    with OpenCvCamera(USB, lambda _: capture).opened() as camera:
        capture.let_out(3)
        newest = camera.latest(5)
        assert newest is not None
        assert newest[0, 0, 0] == 3
        assert camera.size == (6, 4)
        assert camera.latest(0) is None
        capture.gate.release()


def test_the_end_is_told_after_the_last_frame_was_taken() -> None:
    capture = FakeCapture([picture(1)])
    with OpenCvCamera(USB, lambda _: capture).opened() as camera:
        capture.let_out(1)
        capture.gate.release()
        assert capture.is_released.wait(10)
        assert camera.latest(5) is not None
        with pytest.raises(DeviceLostError) as caught:
            camera.latest(5)
        assert "/dev/video0" in caught.value.words.zh


def test_frames_that_are_no_pictures_are_skipped_and_counted() -> None:
    broken = [np.zeros((0, 0, 3), np.uint8), np.zeros((4, 4), np.float32), np.zeros((4, 4, 2), np.uint8), "text"]
    capture = FakeCapture([*broken, picture(7)])
    with OpenCvCamera(USB, lambda _: capture).opened() as camera:
        capture.let_out(5)
        newest = camera.latest(5)
        assert newest is not None
        assert newest[0, 0, 0] == 7
        assert camera.damaged == 4
        capture.gate.release()


def test_a_camera_that_sends_nothing_but_damage_is_lost() -> None:
    capture = FakeCapture([np.zeros((0, 0), np.uint8)] * 100)
    capture.gate.release(100)
    with OpenCvCamera(USB, lambda _: capture).opened() as camera:
        with pytest.raises(DeviceLostError):
            camera.latest(10)
        assert camera.damaged < 100


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
    assert capture.is_released.wait(10)


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("0", "/dev/video0"),
        ("/dev/v4l/by-id/usb-cam", "/dev/v4l/by-id/usb-cam"),
        ("http://10.0.0.9/a@b", "http://10.0.0.9/a@b"),
        ("rtsp://me:p@ss@10.0.0.9:554/ch", "rtsp://10.0.0.9:554/ch"),
    ],
)
def test_what_a_message_may_name(source: str, path: str) -> None:
    assert CameraSettings("camera", source).path == path
