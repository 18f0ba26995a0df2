"""Counts of what the ingest met, for status pages and metrics. Counts are for numbers, logs for stories."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Tally:
    """Since the process started; one worker counts, anyone may read."""

    frames: int = 0
    """Frames handed to the ingest."""
    events: int = 0
    """Events stored for the first time."""
    repeated: int = 0
    """Events that were known already and were confirmed again."""
    rejected: int = 0
    held: int = 0
    corrupt: int = 0
    """Frames that are none of ours, or damaged."""
    forged: int = 0
    """Frames whose signature does not hold."""
    unknown_key: int = 0
    """Frames of terminals that are not registered, or signed with another key."""
    newer: int = 0
    """Frames in a format that this release does not know."""
    oversized: int = 0
    misaddressed: int = 0
    """Frames on another terminal's topic, or on no topic for events."""
    unreadable: int = 0
    """Events that name no number, so that nothing can be answered."""
    failed: int = 0
    """Frames that the store refused: a fault of ours."""
