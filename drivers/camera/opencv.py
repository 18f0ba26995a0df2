"""Cameras read by OpenCV: V4L2 devices by number or path, and IP cameras by RTSP or HTTP.

One thread does nothing but take frames off the device, so that the device's own buffers never fill and a slow reader
never sees old ones. A frame is unpacked only when somebody waits for one in `latest`: unpacking is most of what a still
scene costs. The thread cannot be stopped inside a blocking read; it is a daemon, and the process that owns the camera
ends with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeGuard

import cv2
import numpy as np

from drivers.camera.errors import CameraRefusedError, CameraUnreachableError
from drivers.camera.port import CameraSettings, Picture
from drivers.errors import DeviceLostError

_OPEN_TIMEOUT_MS = 10_000
_READ_TIMEOUT_MS = 20_000
_MOTION_JPEG = cv2.VideoWriter.fourcc(*"MJPG")
_DAMAGED_IN_A_ROW = 30
"""OpenCV says the same of a damaged frame and of a camera that is gone; but the first comes at the pace of frames,
and the second at once and without end."""


class Capture(Protocol):
    """The part of `cv2.VideoCapture` that is used here."""

    def isOpened(self) -> bool: ...  # noqa: N802 - OpenCV's spelling

    def grab(self) -> bool: ...

    def retrieve(self) -> tuple[bool, Any]: ...

    def release(self) -> None: ...


class OpenCvCamera:
    """A camera that OpenCV can open. Satisfies `drivers.camera.port.Camera`."""

    def __init__(self, settings: CameraSettings, opening: Callable[[CameraSettings], Capture] | None = None) -> None:
        self._settings = settings
        self._opening = opening or _capture

    @contextmanager
    def opened(self) -> Iterator[_Frames]:
        settings = self._settings
        capture = self._opening(settings)
        if not capture.isOpened():
            refused = CameraUnreachableError if settings.is_url else CameraRefusedError
            raise refused(settings.device, settings.path)
        frames = _Frames(capture, settings)
        try:
            yield frames
        finally:
            frames.stop()


class _Frames:
    """The newest frame of an open capture, kept by a thread."""

    def __init__(self, capture: Capture, settings: CameraSettings) -> None:
        self._capture = capture
        self._settings = settings
        self._arrived = threading.Condition()
        self._newest: Picture | None = None
        self._has_ended = False
        self._is_stopped = False
        self._is_awaited = False
        self._damaged = 0
        self._size = (0, 0)
        threading.Thread(target=self._take_frames, name="camera", daemon=True).start()

    @property
    def size(self) -> tuple[int, int]:
        return self._size

    @property
    def damaged(self) -> int:
        return self._damaged

    def latest(self, timeout_s: float) -> Picture | None:
        with self._arrived:
            self._is_awaited = True
            self._arrived.wait_for(lambda: self._newest is not None or self._has_ended, timeout_s)
            self._is_awaited = False
            newest, self._newest = self._newest, None
            if newest is None and self._has_ended:
                raise DeviceLostError(self._settings.device, self._settings.path)
            return newest

    def stop(self) -> None:
        """Let the device go once the read that is under way returns."""
        self._is_stopped = True

    def _take_frames(self) -> None:
        in_a_row = 0
        while not self._is_stopped and in_a_row < _DAMAGED_IN_A_ROW:
            is_there = self._capture.grab()
            if is_there and not self._is_awaited:
                in_a_row = 0
                continue
            frame = self._capture.retrieve()[1] if is_there else None
            if not _is_usable(frame):
                in_a_row += 1
                self._damaged += 1
                continue
            in_a_row = 0
            self._keep(frame)
        self._capture.release()
        with self._arrived:
            self._has_ended = True
            self._arrived.notify_all()

    def _keep(self, frame: Picture) -> None:
        with self._arrived:
            self._size = (frame.shape[1], frame.shape[0])
            self._newest = frame
            self._arrived.notify_all()


def _is_usable(frame: object) -> TypeGuard[Picture]:
    return (
        isinstance(frame, np.ndarray)
        and frame.dtype == np.uint8
        and bool(frame.size)
        and (frame.ndim == 2 or (frame.ndim == 3 and frame.shape[2] == 3))  # noqa: PLR2004 - grey, or BGR
    )


def _capture(settings: CameraSettings) -> Capture:
    if settings.is_url:
        limits = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_TIMEOUT_MS),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_TIMEOUT_MS),
        ]
        return cv2.VideoCapture(settings.source, cv2.CAP_FFMPEG, limits)
    capture = cv2.VideoCapture(settings.path, cv2.CAP_V4L2)
    if settings.width and settings.height:
        # Few USB cameras give full size uncompressed at a useful rate.
        capture.set(cv2.CAP_PROP_FOURCC, _MOTION_JPEG)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.height)
    if settings.fps:
        capture.set(cv2.CAP_PROP_FPS, settings.fps)
    return capture
