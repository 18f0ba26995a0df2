"""The motion gate: what a frame is worth looking at for.

A camera over a counter sees the same thing most of the time. Comparing thumbnails costs about a twentieth of one
reading of the frame, and tells three cases apart. Slow changes count too: a still frame is compared with the scene
that was looked at last, so a box pushed in a millimetre at a time is still a new scene.
"""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np
from numpy.typing import NDArray

_THUMBNAIL = (320, 180)
_CHANGED_BY = 14
"""Grey levels of 255. A thumbnail's pixel is the mean of many, so a sensor's noise stays below."""
_CHANGED_SHARE = 0.0015
"""Of the thumbnail: a label of 2 cm on a counter of 40 cm is more."""
_BLANK_SPREAD = 3.0
"""Standard deviation below which the picture shows nothing: covered, or the lights are out."""

_Thumbnail = NDArray[np.uint8]


class Motion(Enum):
    """What a frame is, against those before it."""

    BLANK = "blank"
    """It shows nothing."""
    MOVING = "moving"
    """Something moves."""
    NEW_SCENE = "new scene"
    """Nothing moves any more, and it is not the scene that was there before."""
    STILL = "still"
    """The scene that is known already."""


class MotionGate:
    """Judges the frames of one camera, in order."""

    def __init__(self) -> None:
        self._before: _Thumbnail | None = None
        self._scene: _Thumbnail | None = None

    def judge(self, image: NDArray[np.uint8]) -> Motion:
        """Tell what `image`, an 8-bit grey frame, is against those before it."""
        thumbnail = np.asarray(cv2.resize(image, _THUMBNAIL, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        before, self._before = self._before, thumbnail
        if float(thumbnail.std()) < _BLANK_SPREAD:
            self._scene = None
            return Motion.BLANK
        if before is None or _differ(before, thumbnail):
            return Motion.MOVING
        if self._scene is None or _differ(self._scene, thumbnail):
            self._scene = thumbnail
            return Motion.NEW_SCENE
        return Motion.STILL


def _differ(one: _Thumbnail, other: _Thumbnail) -> bool:
    changed = cv2.countNonZero(cv2.threshold(cv2.absdiff(one, other), _CHANGED_BY, 1, cv2.THRESH_BINARY)[1])
    return changed > _CHANGED_SHARE * one.size
