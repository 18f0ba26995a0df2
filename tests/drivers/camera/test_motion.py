"""The motion gate."""

from __future__ import annotations

import cv2
import numpy as np

from drivers.camera.motion import Motion, MotionGate
from drivers.scanner.simulated.boxes import Look, Symbol, draw_scene

EMPTY = draw_scene((), size=(960, 720))
BOX = draw_scene([Symbol(b"83857930000879766660", "]C0")], Look(2), size=(960, 720))


def judged(*frames: np.ndarray) -> list[Motion]:
    gate = MotionGate()
    return [gate.judge(frame) for frame in frames]


def test_the_first_frame_moves_and_the_second_is_a_new_scene() -> None:
    assert judged(EMPTY, EMPTY, EMPTY) == [Motion.MOVING, Motion.NEW_SCENE, Motion.STILL]


def test_a_box_put_down_moves_then_is_a_new_scene_then_is_known() -> None:
    assert judged(EMPTY, EMPTY, BOX, BOX, BOX)[2:] == [Motion.MOVING, Motion.NEW_SCENE, Motion.STILL]


def test_a_hand_that_passes_leaves_the_scene_as_it_was() -> None:
    assert judged(BOX, BOX, EMPTY, BOX, BOX)[2:] == [Motion.MOVING, Motion.MOVING, Motion.STILL]


def test_a_small_data_matrix_on_a_wide_counter_is_motion() -> None:
    small = draw_scene([Symbol(b"0106901234567892", "]d2")], Look(2), size=(960, 720))
    assert judged(EMPTY, EMPTY, small)[-1] is Motion.MOVING


def test_light_that_fades_slowly_is_at_last_a_new_scene() -> None:
    fading = [cv2.convertScaleAbs(BOX, alpha=1 - step / 100) for step in range(40)]
    motions = judged(*fading)
    assert Motion.MOVING not in motions[1:]
    assert motions.count(Motion.NEW_SCENE) >= 2


def test_a_covered_lens_is_blank_and_the_scene_is_new_afterwards() -> None:
    black = np.zeros_like(EMPTY)
    assert judged(EMPTY, EMPTY, black, black, EMPTY, EMPTY)[2:] == [
        Motion.BLANK,
        Motion.BLANK,
        Motion.MOVING,
        Motion.NEW_SCENE,
    ]
