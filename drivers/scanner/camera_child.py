"""The process that owns a camera: captures, decodes, and tells what it saw.

Started by `drivers.scanner.camera` as `python -m drivers.scanner.camera_child`. It ends when the camera ends, and
when its standard input does, so it never outlives the process that started it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

import cv2
import msgspec

from drivers.camera.errors import CameraStalledError
from drivers.camera.opencv import OpenCvCamera
from drivers.camera.port import Camera, CameraSettings, OpenCamera
from drivers.errors import DriverError
from drivers.orphan import die_with_parent
from drivers.scanner.camera_wire import ENCODER, ORDERS, Ended, Health, Opened, Order, Seen, Told
from drivers.scanner.watching import Watch, WatchSettings
from drivers.scanner.zbar import ZbarChild, ZbarPort

_HEALTH_EVERY_S = 1.0
_FRAME_WAIT_S = 0.25
_IDLE_PACE_S = 0.12
"""Between two frames of a scene that has long been known."""

Tell = Callable[[Told], None]


def watch_camera(
    order: Order,
    camera: Camera,
    tell: Tell,
    *,
    zbar: ZbarPort | None = None,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Tell what the camera shows until it ends; its end is the last thing told."""
    settings = WatchSettings(order.budget_ms, order.expect, order.absent_s)
    try:
        with camera.opened() as frames:
            _watch(order, frames, Watch(settings, zbar), tell, clock=clock, wait=wait)
    except DriverError as exc:
        tell(Ended(exc.code))


def _watch(
    order: Order,
    frames: OpenCamera,
    watch: Watch,
    tell: Tell,
    *,
    clock: Callable[[], float],
    wait: Callable[[float], None],
) -> None:
    told_health = last_frame = clock()
    frame_bytes = 0
    while True:
        if watch.is_idle:
            wait(_IDLE_PACE_S)
        picture = frames.latest(_FRAME_WAIT_S)
        now = clock()
        if picture is not None:
            if not frame_bytes:
                tell(Opened(*frames.size))
            frame_bytes += picture.nbytes
            last_frame = now
            for code in watch.look(picture, now):
                tell(Seen(code.raw.hex(), code.aim, code.step))
        elif now - last_frame >= order.stall_s:
            raise CameraStalledError(order.device, order.source)
        if now - told_health >= _HEALTH_EVERY_S:
            told_health = now
            tell(_health(watch, frames, frame_bytes))


def _health(watch: Watch, frames: OpenCamera, frame_bytes: int) -> Health:
    counts = watch.counts
    return Health(
        frames=counts.frames,
        damaged=frames.damaged,
        blank=counts.blank,
        moving=counts.moving,
        laddered=counts.laddered,
        still=counts.still,
        frame_bytes=frame_bytes,
    )


def main() -> int:
    """Take the order from standard input and tell on standard output."""
    die_with_parent()
    # Libraries write to descriptor 1 as they like; what we tell goes out elsewhere.
    told = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    cv2.setNumThreads(1)
    try:
        order = ORDERS.decode(sys.stdin.buffer.readline())
    except msgspec.DecodeError:
        return 2
    threading.Thread(target=_end_with_input, name="parent", daemon=True).start()
    settings = CameraSettings(order.device, order.source, order.width, order.height, order.fps)
    zbar = ZbarChild()
    try:
        watch_camera(order, OpenCvCamera(settings), lambda fact: _write(told.fileno(), fact), zbar=zbar)
    finally:
        zbar.close()
    # A read of the device may still be under way in its thread and cannot be interrupted.
    os._exit(0)


def _write(descriptor: int, fact: Told) -> None:
    line = memoryview(ENCODER.encode(fact) + b"\n")
    while line:
        line = line[os.write(descriptor, line) :]


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
