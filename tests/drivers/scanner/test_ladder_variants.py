"""Variants that the decoder names by themselves must neither crash a picture nor be called something else."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import segno

from drivers.scanner.ladder import decode_frame
from drivers.scanner.symbols import Carrier


@pytest.mark.parametrize("content", ["12345", "YIMA 1"])
def test_a_micro_qr_is_read_as_a_qr(content: str) -> None:
    picture = io.BytesIO()
    segno.make_micro(content).save(picture, kind="png", scale=8, border=4)
    grey = cv2.imdecode(np.frombuffer(picture.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert grey is not None
    found = decode_frame(np.asarray(grey, dtype=np.uint8), budget_ms=2_000)
    assert [(code.raw, code.carrier) for code in found.codes] == [(content.encode(), Carrier.QR_CODE)]
