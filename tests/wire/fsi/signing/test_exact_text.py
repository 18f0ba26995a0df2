"""What was signed is a text: it is cut out of the message, never written again, and never ambiguous."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.fsi.signing.errors import (
    DoubledFieldError,
    EncryptedTextError,
    MissingSignatureError,
    SignatureError,
    UnreadableTextError,
    WrongSignatureError,
)
from wire.fsi.signing.exact_text import (
    Number,
    members_of,
    read_base64_cipher_text,
    read_base64_signature,
    read_exactly,
    write_members,
)

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_a_member_keeps_its_spaces_order_and_escapes() -> None:
    text = b'{ "b" : {"y": 1.50,\n "x":"\\u4e2d/\\/\xe4\xb8\xad" } , "a":1e2}'
    members = members_of(text)
    assert bytes(members["b"]) == b'{"y": 1.50,\n "x":"\\u4e2d/\\/\xe4\xb8\xad" }'
    assert write_members(members) == b'{"b":' + bytes(members["b"]) + b',"a":1e2}'


def test_numbers_stay_as_they_were_written() -> None:
    assert read_exactly(b"[1.50, -0, 1E5, 10]") == [Number("1.50"), Number("-0"), Number("1E5"), Number("10")]
    assert read_exactly(b"9" * 6_000) == Number("9" * 6_000)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4), st.sampled_from([None, 2]))
def test_members_of_any_object_are_pieces_of_its_text(value: dict[str, object], indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=indent).encode()
    members = members_of(text)
    assert all(bytes(piece) in text and json.loads(bytes(piece)) == value[name] for name, piece in members.items())
    assert list(members) == list(value)


@pytest.mark.parametrize(
    "text",
    [
        b'{"input":1,"input":2}',
        b'{"a":[{"x":{"y":1,"y":1}}]}',
        b'{"a":1,"\\u0061":1}',
        b'{"%s":1,"%s":2}' % (b"n" * 90, b"n" * 90),
    ],
)
def test_a_name_that_stands_twice_is_refused_at_any_depth(text: bytes) -> None:
    with pytest.raises(DoubledFieldError) as refused:
        members_of(text)
    assert len(refused.value.words.zh) < 80


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'"x"',
        b"{",
        b"\xff{}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b"[" * 100_000,
        b'{"a":1}x',
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_is_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(UnreadableTextError):
        members_of(text)


@given(st.binary(max_size=60))
def test_noise_is_an_object_or_refused(noise: bytes) -> None:
    try:
        members_of(noise)
    except SignatureError:
        return
    assert isinstance(json.loads(noise), dict)


def test_base64_is_read_strictly() -> None:
    assert read_base64_signature("AAE=") == b"\0\1"
    assert read_base64_cipher_text("AAE=") == b"\0\1"
    for broken in ("AAE", "A AE=", "AAE=\n", "中文", "AA-_"):
        with pytest.raises(WrongSignatureError):
            read_base64_signature(broken)
        with pytest.raises(EncryptedTextError):
            read_base64_cipher_text(broken)
    with pytest.raises(MissingSignatureError):
        read_base64_signature("")
