"""Two institutions and a platform, each with keys of its own; and an envelope as `read_request` would return it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
INSTITUTION = "H22010200123"
OTHER = "P22010200456"


@dataclass(frozen=True)
class Envelope:
    """The fields of `wire.fsi.envelope.Request` that the plug-ins look at."""

    infno: str = "2102"
    institution: str = INSTITUTION
    district: str = "220102"
    insured_district: str = "220100"
    sign_type: str = ""
    encryption: str = ""
    signature: str = ""
    input: object = field(default_factory=dict)


PARTIES = {
    INSTITUTION: {
        "client_id": "jl-hospital-0001",
        "secret": "8c1f5e0d6b7a49d2a3e4f50617283940",
        "token": "token-of-the-hospital",
        "sm2_private_key": "3a7509d6f3432d22c138aca7bd29f51ea6814f1eb2cf09c6183dc7c06ce3f5ad",
        "sm4_key": "0123456789abcdeffedcba9876543210",
    },
    OTHER: {
        "client_id": "jl-pharmacy-0002",
        "secret": "another secret of sixteen or more",
        "token": "token-of-the-pharmacy",
        "sm2_private_key": "1" * 64,
        "sm4_key": "sixteen letters!",
    },
}
PLATFORM = {"sm2_private_key": "2" * 64}
