"""What to do with each frame of a camera: where the time goes.

- Something moves: one fast look. It reads a box that is held still enough, and costs little.
- A new scene stands still: the ladder, spread over the frames that follow, each within the budget. Each of those
  frames repeats the looks that told something before, so that a code is seen in more frames than one and by more
  witnesses than one, and a code that waits for its second frame gets that before the ladder goes on.
- The scene is known: nothing but the motion gate.
- The frame shows nothing (covered, lights out) or is no picture: counted, and out of view counts as out of view.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from drivers.camera.motion import Motion, MotionGate
from drivers.camera.port import Picture
from drivers.scanner.confirm import Confirmation
from drivers.scanner.ladder import Decoded, decode_frame
from drivers.scanner.steps import FAST, WATCHING, Step
from drivers.scanner.symbols import Code, Grey
from drivers.scanner.zbar import ZbarLook, ZbarPort

_CONFIRM_TRIES = 3
"""Frames that a waiting code may keep the ladder from going on."""
_IDLE_AFTER_FRAMES = 60


@dataclass(slots=True)
class Counts:
    """What became of the frames."""

    frames: int = 0
    moving: int = 0
    laddered: int = 0
    """Still frames on which steps of the ladder were run."""
    still: int = 0
    blank: int = 0


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """How a camera is watched."""

    budget_ms: float = 120.0
    """Time for one frame; exceeded by one step at most."""
    expect: int | None = None
    """How many codes a scene holds, where that is known: the ladder ends when it has them."""
    absent_s: float = 2.0
    """Out of view for so long, a code may be reported again."""


class Watch:
    """Follows one camera's frames and says which codes are scans."""

    def __init__(self, settings: WatchSettings, zbar: ZbarPort | None = None) -> None:
        self._settings = settings
        self._zbar = zbar
        self._gate = MotionGate()
        self._confirmation = Confirmation(absent_s=settings.absent_s)
        self._counts = Counts()
        self._plan: list[Step] = []
        self._repeats: list[Step] = []
        self._is_held_up = False
        self._tries_left = 0
        self._known_frames = 0

    @property
    def counts(self) -> Counts:
        return self._counts

    @property
    def is_idle(self) -> bool:
        """The scene has been known for a while: nothing is missed by looking less often."""
        return self._known_frames >= _IDLE_AFTER_FRAMES

    def look(self, picture: Picture, now: float) -> list[Code]:
        """Take one frame, and return the codes that are scans by it."""
        image = grey(picture)
        self._counts.frames += 1
        motion = self._gate.judge(image)
        self._known_frames = 0 if motion in {Motion.MOVING, Motion.NEW_SCENE} else self._known_frames + 1
        if motion is Motion.BLANK:
            self._counts.blank += 1
            self._plan = []
            return self._confirmation.see([], now)
        if motion is Motion.MOVING:
            self._counts.moving += 1
            self._plan = []
            found = decode_frame(image, budget_ms=self._settings.budget_ms, steps=(FAST,)).codes
            return self._confirmation.see(found, now)
        if motion is Motion.NEW_SCENE:
            self._begin_ladder()
        if not self._plan and not self._wants_confirmation():
            self._counts.still += 1
            self._confirmation.see_no_change(now)
            return []
        self._counts.laddered += 1
        return self._confirmation.see(self._climb(image), now)

    def _begin_ladder(self) -> None:
        self._plan = [*WATCHING, *([ZbarLook(self._zbar)] if self._zbar is not None else [])]
        self._repeats = []
        self._is_held_up = False
        self._tries_left = _CONFIRM_TRIES

    def _wants_confirmation(self) -> bool:
        return bool(self._repeats) and self._tries_left > 0 and self._confirmation.is_waiting

    def _climb(self, image: Grey) -> Sequence[Code]:
        """Repeat the telling looks, and go on with the ladder unless a code waits for this very frame."""
        if self._wants_confirmation():
            self._tries_left -= 1
            return self._decoded(image, self._repeats).codes
        # Repeats that use the budget up by themselves are left out every second frame, or the ladder would never end.
        repeats = [] if self._is_held_up else self._repeats
        decoded = self._decoded(image, [*repeats, *self._plan])
        left = [step for step in self._plan if step in decoded.rest]
        self._is_held_up = bool(repeats) and len(left) == len(self._plan)
        news = [step for step in self._plan if step.name in decoded.telling]
        if news:
            self._tries_left = _CONFIRM_TRIES
        self._repeats = [*(step for step in self._repeats if not repeats or step.name in decoded.telling), *news]
        has_enough = self._settings.expect is not None and len(decoded.codes) >= self._settings.expect
        self._plan = [] if has_enough else left
        return decoded.codes

    def _decoded(self, image: Grey, steps: Sequence[Step]) -> Decoded:
        return decode_frame(image, budget_ms=self._settings.budget_ms, steps=steps, expect=self._settings.expect)


def grey(picture: Picture) -> Grey:
    """Return a frame as 8-bit grey."""
    if picture.ndim == 2:  # noqa: PLR2004 - rows and columns only: grey already
        return picture
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
