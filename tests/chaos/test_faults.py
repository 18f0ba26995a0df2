"""Every kind of fault has a way to be done, and damage is done where it is meant."""

from __future__ import annotations

from pathlib import Path
from random import Random

from sim.chaos.faults import _WAYS, _flip
from sim.chaos.plan import HABITS, Kind


def test_every_kind_has_a_habit_and_a_way() -> None:
    assert set(HABITS) == set(_WAYS) == set(Kind)


def test_a_few_bits_are_flipped_and_nothing_else(tmp_path: Path) -> None:
    before = bytes(8192)
    for name in ("terminal.db", "terminal.db-wal"):
        tmp_path.joinpath(name).write_bytes(before)
    _flip(tmp_path, Random(1))
    after = [tmp_path.joinpath(name).read_bytes() for name in ("terminal.db", "terminal.db-wal")]
    assert before in after
    (hit,) = (one for one in after if one != before)
    assert len(hit) == len(before)
    assert 1 <= sum(byte.bit_count() for byte in hit) <= 4


def test_an_empty_log_is_no_place_to_flip(tmp_path: Path) -> None:
    tmp_path.joinpath("terminal.db").write_bytes(bytes(4096))
    tmp_path.joinpath("terminal.db-wal").touch()
    _flip(tmp_path, Random(2))
    assert any(tmp_path.joinpath("terminal.db").read_bytes())
