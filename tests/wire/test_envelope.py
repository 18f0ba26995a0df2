"""The signed frame: what is altered, moved, cut or too large does not open."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import zstandard
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from wire.envelope import MAX_BODY_BYTES, open_introduction, open_sealed, seal
from wire.errors import (
    CorruptMessageError,
    ForgedMessageError,
    KeyFileError,
    NewerMessageError,
    OversizedMessageError,
    UnknownKeyError,
    WireError,
)
from wire.keys import PublicKey, SigningKey, load_or_create_key

TOPIC = "yima/1/350200/55/t1/events"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return load_or_create_key(tmp_path_factory.mktemp("keys") / "a.pem")


@pytest.fixture(scope="module")
def other_key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return load_or_create_key(tmp_path_factory.mktemp("keys") / "b.pem")


def test_a_sealed_body_opens_for_its_topic_and_names_the_signer(key: SigningKey) -> None:
    opened = open_sealed(seal(b"hello", TOPIC, key), TOPIC, lambda _: key.public)
    assert opened.body == b"hello"
    assert opened.signer == key.public


def test_a_frame_moved_to_another_topic_is_forged(key: SigningKey) -> None:
    with pytest.raises(ForgedMessageError):
        open_sealed(seal(b"hello", TOPIC, key), TOPIC.replace("t1", "t2"), lambda _: key.public)


@pytest.mark.req("T-45")
def test_a_frame_of_another_key_is_forged_or_unknown(key: SigningKey, other_key: SigningKey) -> None:
    frame = seal(b"hello", TOPIC, other_key)
    with pytest.raises(ForgedMessageError):
        open_sealed(frame, TOPIC, lambda _: key.public)
    with pytest.raises(UnknownKeyError):
        open_sealed(frame, TOPIC, lambda _: None)


def test_any_single_flipped_bit_is_noticed(key: SigningKey) -> None:
    frame = seal(b"a body that is worth protecting", TOPIC, key)
    known = {key.public.key_id: key.public}
    for position in range(len(frame)):
        altered = bytearray(frame)
        altered[position] ^= 1
        with pytest.raises(WireError):
            open_sealed(bytes(altered), TOPIC, known.get)


@given(st.binary(max_size=300))
def test_noise_never_opens(noise: bytes) -> None:
    with pytest.raises(WireError):
        open_sealed(noise, TOPIC, lambda _: None)


def test_a_frame_cut_short_is_corrupt(key: SigningKey) -> None:
    with pytest.raises(CorruptMessageError):
        open_sealed(seal(b"hello", TOPIC, key)[:40], TOPIC, lambda _: key.public)


def test_a_newer_frame_says_so(key: SigningKey) -> None:
    frame = bytearray(seal(b"hello", TOPIC, key))
    frame[2] = 2
    with pytest.raises(NewerMessageError):
        open_sealed(bytes(frame), TOPIC, lambda _: key.public)


@pytest.mark.parametrize("declares_size", [True, False])
def test_a_signed_bomb_is_not_unpacked(
    key: SigningKey, monkeypatch: pytest.MonkeyPatch, *, declares_size: bool
) -> None:
    frames = zstandard.ZstdCompressor(level=3, write_content_size=declares_size)

    class Bomb:
        def __init__(self, level: int) -> None: ...

        def compress(self, _body: bytes) -> bytes:
            return frames.compress(b"\0" * (MAX_BODY_BYTES + 1))

    monkeypatch.setattr("wire.envelope.zstandard.ZstdCompressor", Bomb)
    frame = seal(b"", TOPIC, key)
    with pytest.raises((OversizedMessageError, CorruptMessageError)):
        open_sealed(frame, TOPIC, lambda _: key.public)


def test_the_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "terminal.pem"
    made = load_or_create_key(path)
    assert load_or_create_key(path).public == made.public
    assert path.stat().st_mode & 0o777 == 0o600
    assert not list(path.parent.glob("*.new"))


def test_two_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    path = tmp_path / "centre.key"
    barrier = threading.Barrier(8)

    def start() -> bytes:
        barrier.wait()
        return load_or_create_key(path).public.raw

    with ThreadPoolExecutor(8) as starters:
        made = {future.result() for future in [starters.submit(start) for _ in range(8)]}
    assert len(made) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["centre.key"]


def test_a_key_open_to_others_or_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "terminal.pem"
    load_or_create_key(path)
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="open to others"):
        load_or_create_key(path)
    path.chmod(0o600)
    path.write_bytes(b"no key")
    with pytest.raises(KeyFileError, match="damaged") as damaged:
        load_or_create_key(path)
    assert damaged.value.words.zh == f"密钥文件 {path} 已损坏，或已加密"


def test_a_key_that_is_encrypted_or_out_of_reach_is_refused(tmp_path: Path, key: SigningKey) -> None:
    path = tmp_path / "terminal.pem"
    locked = serialization.BestAvailableEncryption(b"pass")
    path.write_bytes(key.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="encrypted"):
        load_or_create_key(path)
    with pytest.raises(KeyFileError, match="it is a folder") as refused:
        load_or_create_key(tmp_path)
    assert "这是目录" in refused.value.words.zh


def test_a_public_key_travels_as_hex_and_has_a_fingerprint(key: SigningKey) -> None:
    assert PublicKey.from_hex(key.public.raw.hex()) == key.public
    assert len(key.public.fingerprint.split("-")) == 4
    with pytest.raises(KeyFileError):
        PublicKey.from_hex("not hex")
    with pytest.raises(KeyFileError):
        PublicKey.from_hex("ab")


def test_an_introduction_opens_with_the_key_that_it_names(key: SigningKey) -> None:
    body = key.public.raw.hex().encode()
    opened = open_introduction(seal(body, TOPIC, key), TOPIC, _named, most_bytes=64)
    assert (opened.body, opened.signer) == (body, key.public)


def test_an_introduction_proves_nothing_with_anothers_key_or_topic(key: SigningKey, other_key: SigningKey) -> None:
    frame = seal(key.public.raw.hex().encode(), TOPIC, other_key)
    with pytest.raises(UnknownKeyError):
        open_introduction(frame, TOPIC, _named, most_bytes=64)
    renamed = frame[:3] + key.public.key_id + frame[3 + len(key.public.key_id) :]
    with pytest.raises(ForgedMessageError):
        open_introduction(renamed, TOPIC, _named, most_bytes=64)
    honest = seal(key.public.raw.hex().encode(), TOPIC, key)
    with pytest.raises(ForgedMessageError):
        open_introduction(honest, TOPIC.replace("t1", "t2"), _named, most_bytes=64)


@pytest.mark.parametrize("size", [65, 10_000_000])
def test_an_introduction_is_bounded_before_it_is_unpacked(key: SigningKey, size: int) -> None:
    with pytest.raises(OversizedMessageError):
        open_introduction(seal(b"0" * size, TOPIC, key), TOPIC, _named, most_bytes=64)


@given(st.binary(max_size=200))
def test_an_introduction_of_any_bytes_is_refused_as_a_wire_error(frame: bytes) -> None:
    with pytest.raises(WireError):
        open_introduction(frame, TOPIC, _named, most_bytes=64)


def _named(body: bytes) -> PublicKey:
    return PublicKey.from_hex(body.decode())
