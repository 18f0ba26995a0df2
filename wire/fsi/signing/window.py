"""How far the clock of a signature may be from ours."""

from __future__ import annotations

from datetime import datetime, timedelta

from codes.words import Words
from wire.fsi.signing.errors import OutOfWindowError

WINDOW = timedelta(minutes=5)
"""Either way. For twice as long a caller must remember nonces: a message may be signed at the far end of it."""


def check_window(at: datetime, now: datetime) -> None:
    """Accept a signature made within `WINDOW` of `now`.

    Raises:
        OutOfWindowError: It was made earlier or later than that.
    """
    apart_s = round((now - at).total_seconds())
    if abs(now - at) <= WINDOW:
        return
    most_s = round(WINDOW.total_seconds())
    side = ("早", "before") if apart_s > 0 else ("晚", "after")
    raise OutOfWindowError(
        Words(
            f"签名时间比中心时间{side[0]} {abs(apart_s)} 秒，最多允许相差 {most_s} 秒",
            f"Signed {abs(apart_s)} s {side[1]} the centre's time; at most {most_s} s are allowed",
        )
    )
