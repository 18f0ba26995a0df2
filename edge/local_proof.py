"""Proof that a program on this machine asks: it can read the terminal's key, which is for the terminal's account only.

Where others can reach the terminal, an address proves nothing: a proxy on this machine asks from loopback too. Whoever
may read the key may read the store beside it, so that nothing is told here which could not be seen there.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from wire.keys import PublicKey, SigningKey

HEADER: Final = "x-yima-local"
_CLAIM: Final = b"yima: how is this terminal?\0"
"""Begins like nothing else that the key signs."""
_LASTS_S: Final = 60
"""Both ends have the same clock."""
_SHAPE: Final = re.compile(r"([0-9]{1,12})\.([0-9a-f]{128})")


def proof_of(key: SigningKey, now: datetime) -> str:
    """Return what to send as the header."""
    moment = str(int(now.timestamp()))
    return f"{moment}.{key.sign(_CLAIM + moment.encode()).hex()}"


def is_proof(shown: str, key: PublicKey, now: datetime) -> bool:
    """Tell whether what came as the header was made a moment ago, with the terminal's key."""
    parts = _SHAPE.fullmatch(shown)
    if parts is None or abs(now.timestamp() - int(parts[1])) > _LASTS_S:
        return False
    return key.verifies(bytes.fromhex(parts[2]), _CLAIM + parts[1].encode())
