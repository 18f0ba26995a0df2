"""What a stay keeps of its end: what was told of the discharge, and which settlement left nothing to settle.

A stay may have been settled to the last line in mid-stay; then its discharge settles it, and no message has to follow.
Nothing was reckoned on such a discharge: it may be taken back, and lines may come after it, without a cancellation.
"""

from __future__ import annotations

from typing import Final

from server.store.visits import Visit

DISCHARGED_BY: Final = "dscginfo"
"""Under which name a visit keeps what was told of its discharge."""
SETTLED_BEFORE: Final = "settled_before"
"""... and in that the last part that stood when the person was discharged; empty if there was none."""
SETTLED_BY: Final = "final_setl_id"
"""... and the settlement after which nothing is left."""


def is_settled_in_mid_stay(visit: Visit) -> bool:
    """Tell whether what left nothing to settle was settled before the discharge."""
    told = visit.fields.get(DISCHARGED_BY)
    before = told.get(SETTLED_BEFORE) if isinstance(told, dict) else None
    return bool(before) and visit.fields.get(SETTLED_BY) == before
