"""What is sealed opens with this terminal's key, at its own place, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.sealing import SealBrokenError, Sealer, SealingKeyError, load_or_create_sealer

PLAIN = "参保人 9900000001".encode()


def test_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "store" / "sealing.key"
    sealed = load_or_create_sealer(path).seal(PLAIN, "a/1")
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_or_create_sealer(path).open(sealed, "a/1") == PLAIN
    assert PLAIN not in sealed


def test_two_seals_of_the_same_differ() -> None:
    sealer = Sealer(b"k" * 32)
    assert sealer.seal(PLAIN, "a/1") != sealer.seal(PLAIN, "a/1")


@pytest.mark.parametrize(
    ("key", "place", "change"),
    [
        (b"k" * 32, "a/2", lambda sealed: sealed),
        (b"K" * 32, "a/1", lambda sealed: sealed),
        (b"k" * 32, "a/1", lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (b"k" * 32, "a/1", lambda sealed: b"\x02" + sealed[1:]),
        (b"k" * 32, "a/1", lambda sealed: sealed[:9]),
        (b"k" * 32, "a/1", lambda _: b""),
    ],
)
def test_what_was_moved_altered_or_sealed_by_another_does_not_open(key, place, change) -> None:
    sealed = Sealer(b"k" * 32).seal(PLAIN, "a/1")
    with pytest.raises(SealBrokenError):
        Sealer(key).open(change(sealed), place)


@pytest.mark.parametrize("content", [b"", b"zz", b"00" * 31, b"\xff\xfe"])
def test_damaged_key_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sealing.key"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(SealingKeyError):
        load_or_create_sealer(path)


def test_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sealing.key"
    load_or_create_sealer(path)
    path.chmod(0o640)
    with pytest.raises(SealingKeyError):
        load_or_create_sealer(path)
