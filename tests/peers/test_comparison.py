"""The comparison with peers counts right: one planted loss, double or wrong byte shows; our own side runs."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.peers import buffers, scanners
from tests.peers.environments import HERE

OURS = buffers.Contender("ours", Path(sys.executable), HERE / "buffer_yima.py", "durable", "", keeps=True)


@pytest.mark.req("T-72")
def test_what_was_acknowledged_and_not_found_is_lost_and_what_was_found_twice_is_doubled() -> None:
    outcome = buffers.Outcome(acknowledged={1, 2, 3}, found=Counter({2: 1, 3: 2, 4: 1}))
    assert (outcome.lost, outcome.doubled) == (1, 1)


@pytest.mark.slow
def test_our_outbox_is_compared_through_a_process_that_is_really_killed(tmp_path: Path) -> None:
    outcome = buffers.play_kills([OURS], tmp_path, kills=1, seed=3)["ours"]
    assert outcome.kills == 1
    assert outcome.acknowledged
    assert outcome.found.keys() >= outcome.acknowledged
    assert (outcome.lost, outcome.doubled, outcome.refused) == (0, 0, set())


TWO = scanners.Case("two", "", codes=((b"A", b"B"), (b"A",)))


@pytest.mark.req("T-72")
@pytest.mark.parametrize(
    ("said", "exact", "strange"),
    [
        ([("e0", b"A"), ("e0", b"B"), ("e1", b"A")], 3, 0),
        ([("e0", b"A"), ("e1", b"A")], 2, 0),
        ([("e0", b"A"), ("e0", b"b"), ("e1", b"A")], 2, 1),
        ([("e0", b"A"), ("e1", b"B"), ("e1", b"A")], 2, 1),
        ([("e0", b"A"), ("e0", b"A"), ("e0", b"B"), ("e1", b"A")], 3, 1),
    ],
)
def test_a_scan_counts_only_with_its_very_bytes_from_its_own_scanner(said, exact, strange) -> None:
    score = scanners.score(TWO, ["e0", "e1"], said)
    assert (score.exact, score.of, score.strange) == (exact, 3, strange)


@pytest.mark.slow
@pytest.mark.req("T-21")
def test_our_decoder_reads_two_scanners_at_once_byte_for_byte(tmp_path: Path) -> None:
    ours = scanners.Contender("ours", Path(sys.executable), HERE / "scanner_yima.py", takes_settings=True)
    case = next(case for case in scanners.all_cases(5, scans=6) if len(case.codes) == 2)
    score = scanners.play(case, [ours], seed=6, log=tmp_path / "log")["ours"]
    assert (score.exact, score.strange) == (score.of, 0), (tmp_path / "log").read_text("utf-8")
