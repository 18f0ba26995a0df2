"""The port every camera stands behind: the latest frame, and nothing queued.

A camera never waits for its reader and never catches up: a frame that was not taken in time is gone, so what is seen
is what stands before the camera now. A source is opened, read and closed by one thread.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from codes.userinfo import without_userinfo

CAPTURE_ENVIRONMENT = {
    # Without these FFmpeg studies the stream for five seconds before the first frame, and then runs late.
    "OPENCV_FFMPEG_CAPTURE_OPTIONS": "fflags;nobuffer|flags;low_delay|probesize;32768|analyzeduration;0",
    "OPENCV_LOG_LEVEL": "ERROR",
}
"""Set in the environment of a process that captures, before it starts."""

Picture = NDArray[np.uint8]
"""An 8-bit picture: grey (rows, columns) or BGR (rows, columns, 3)."""


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """What to ask of a camera. Zero leaves the choice to the device."""

    device: str
    """As the configuration names it, for messages."""
    source: str
    """A number, a path under /dev, or a URL (rtsp, http, https)."""
    width: int = 0
    height: int = 0
    fps: int = 0

    @property
    def is_url(self) -> bool:
        return "://" in self.source

    @property
    def shown(self) -> str:
        """The source without the name and password that a URL may carry."""
        return without_userinfo(self.source)

    @property
    def path(self) -> str:
        """What a message may name: the device node, or the URL without name and password."""
        return f"/dev/video{self.source}" if self.source.isdecimal() else self.shown


class OpenCamera(Protocol):
    """A camera that is open."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its frames."""
        ...

    def latest(self, timeout_s: float) -> Picture | None:
        """Return the first frame that comes from now on, or None if none came in time.

        A frame that arrives damaged is skipped.

        Raises:
            DeviceLostError: The camera ended.
        """
        ...

    @property
    def damaged(self) -> int:
        """Frames that were skipped because they could not be used."""
        ...


class Camera(Protocol):
    """A camera that can be opened."""

    def opened(self) -> AbstractContextManager[OpenCamera]:
        """Open it; leaving the context lets it go.

        Raises:
            TransientError: It cannot be opened.
        """
        ...
