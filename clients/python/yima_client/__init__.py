"""A typed client of a Yima terminal, standard library only."""

from yima_client.errors import (
    ClientError,
    RefusedError,
    StrangerError,
    UnansweredError,
    UnreachableError,
    UnsafeAddressError,
)
from yima_client.terminal import Terminal
from yima_client.values import (
    CancelledList,
    ClosedList,
    Event,
    Line,
    OpenList,
    ReturnedPacks,
    Scan,
    Session,
    SoldPack,
    Totals,
    Words,
)

__all__ = [
    "CancelledList",
    "ClientError",
    "ClosedList",
    "Event",
    "Line",
    "OpenList",
    "RefusedError",
    "ReturnedPacks",
    "Scan",
    "Session",
    "SoldPack",
    "StrangerError",
    "Terminal",
    "Totals",
    "UnansweredError",
    "UnreachableError",
    "UnsafeAddressError",
    "Words",
]
