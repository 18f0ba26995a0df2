from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.people.masking import masked_name, masked_number
from server.people.sealing import SealBrokenError, Sealer, SealingKeyError, load_sealer, plain_number
from server.store.database import Store

SEALER = Sealer(bytes(range(32)))


@given(st.binary(), st.text())
def test_what_is_sealed_opens_at_its_place_and_says_nothing(plain: bytes, place: str) -> None:
    sealed = SEALER.seal(plain, place)

    assert SEALER.open(sealed, place) == plain
    assert len(plain) < 4 or plain not in sealed
    # Twice the same text does not look the same.
    assert SEALER.seal(plain, place) != sealed


@pytest.mark.parametrize("broken", ["place", "form", "content", "cut", "empty", "key"])
def test_what_was_altered_or_moved_does_not_open(broken: str) -> None:
    sealed = SEALER.seal_text("虚构甲", "insured.name/1")
    ways = {
        "place": (SEALER, sealed, "insured.name/2"),
        "form": (SEALER, b"\x02" + sealed[1:], "insured.name/1"),
        "content": (SEALER, sealed[:-1] + bytes([sealed[-1] ^ 1]), "insured.name/1"),
        "cut": (SEALER, sealed[:9], "insured.name/1"),
        "empty": (SEALER, b"", "insured.name/1"),
        "key": (Sealer(bytes(32)), sealed, "insured.name/1"),
    }
    sealer, content, place = ways[broken]
    with pytest.raises(SealBrokenError, match="insured"):
        sealer.open_text(content, place)


def test_named_texts_are_sealed_together() -> None:
    fields = {"certno": "990101", "psn_name": "虚构甲"}
    assert SEALER.open_fields(SEALER.seal_fields(fields, "stock/1"), "stock/1") == fields


def test_a_number_is_found_however_it_is_written_and_by_its_own_kind_only() -> None:
    digest = SEALER.digest("01", "99010119800101001X")

    assert SEALER.digest("01", "９９０１０１ 19800101 001x") == digest
    assert (
        len({digest, SEALER.digest("02", "99010119800101001X"), Sealer(bytes(32)).digest("01", "99010119800101001X")})
        == 3
    )
    assert plain_number("a b\t") == "AB"


def test_the_key_is_made_at_the_first_start_for_its_owner_alone_and_kept(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "new" / "sealing.key"
    sealed = load_sealer(path, store).seal_text("甲", "place")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_sealer(path, store).open_text(sealed, "place") == "甲"
    assert bytes.fromhex(path.read_text()) not in sealed


def test_without_the_key_that_sealed_nothing_goes_on(store: Store, tmp_path: Path) -> None:
    path, other = tmp_path / "sealing.key", tmp_path / "other.key"
    load_sealer(path, store)
    path.rename(tmp_path / "kept")

    with pytest.raises(SealingKeyError, match="找不到"):
        load_sealer(path, store)
    # No new key was made in its place: it would hide what is wrong.
    assert not path.exists()

    other.write_text(bytes(32).hex())
    other.chmod(0o600)
    with pytest.raises(SealingKeyError, match="不是密封该数据库的密钥"):
        load_sealer(other, store)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        ("00" * 31, 0o600, "已损坏"),
        ("x" * 64, 0o600, "已损坏"),
        ("00" * 32, 0o644, "对他人可读"),
        ("é", 0o600, "已损坏"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused(store: Store, tmp_path: Path, content: str, mode: int, said: str) -> None:
    path = tmp_path / "sealing.key"
    path.write_text(content, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(SealingKeyError, match=said):
        load_sealer(path, store)


def test_a_key_that_cannot_be_made_says_why(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SealingKeyError, match="无法使用密封密钥"):
        load_sealer(tmp_path / "file" / "sealing.key", store)


def test_two_who_start_at_once_have_one_key(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "sealing.key"
    together = threading.Barrier(4)
    marks: list[str] = []

    def start() -> None:
        together.wait(30)
        marks.append(load_sealer(path, store).mark)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(marks) == 4
    assert len(set(marks)) == 1
    assert [one.name for one in tmp_path.glob("sealing*")] == ["sealing.key"]


def test_a_key_has_its_length() -> None:
    with pytest.raises(ValueError, match="32"):
        Sealer(b"short")


@given(st.text(max_size=60))
def test_a_mask_shows_at_most_both_ends_of_a_number_and_the_first_of_a_name(text: str) -> None:
    number, name = masked_number(text), masked_name(text)

    assert len(number) == len(text)
    shown = [place for place, (one, other) in enumerate(zip(number, text, strict=True)) if one == other != "*"]
    assert all(place < 4 or place >= len(text) - 4 for place in shown)
    assert len(text) >= 12 or not shown
    assert name[1:].strip("*") == ""
    assert (name[:1] == text[:1]) == (len(text) > 1 or text in {"", "*"})
