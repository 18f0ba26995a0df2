"""The text that the portal's form signs, letter by letter, and the form in which it hides its data."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.fsi.signing.errors import EncryptedTextError
from wire.fsi.signing.exact_text import read_exactly
from wire.fsi.signing.portal_text import deep_text, derived_key, escaped, hide, reveal, shallow_text
from wire.fsi.signing.sm4 import encrypt_ecb

APP = "0123456789ABCDEF0123456789ABCDEF"
SECRET = "fedcba9876543210fedcba9876543210"

MESSAGE = b"""{
 "version":"1.0.0", "signType":"SM2", "timestamp":1795400000, "appId":"A1", "encType":"SM4", "transType":"",
 "extra":"x", "signData":"old", "encData":"00",
 "data":{"name":"\xe5\xbc\xa0\xe4\xb8\x89 \\"a/b\\" \\u00e9","count":3,"price":1.50,"ok":true,"none":null,
  "empty":"","list":[],"rows":[{"b":2,"a":[1,"",null]},{"z":"","y":false}],"deep":{"k":{"d":0,"c":""}}}
}"""

DEEP = (
    'appId=A1&data={"count":"3","deep":{"k":{"d":"0"}},"name":"张三 \\"a/b\\" é","ok":"true","price":"1.50",'
    '"rows":[{"a":["1"],"b":"2"},{"y":"false"}]}'
    "&encType=SM4&signType=SM2&timestamp=1795400000&version=1.0.0&key=S"
)
SHALLOW = (
    'appId=A1&data={"count":"3","deep":{"k":{"d":0,"c":""}},"name":"张三 \\"a/b\\" é","ok":"true","price":"1.50",'
    '"rows":[{"a":[1,"",null],"b":2},{"y":false,"z":""}]}'
    "&encType=SM4&signType=SM2&timestamp=1795400000&version=1.0.0&key=S"
)


def members(text: bytes) -> dict[str, object]:
    read = read_exactly(text)
    assert isinstance(read, dict)
    return read


def test_the_deep_text_puts_everything_in_order_and_drops_what_is_empty() -> None:
    assert deep_text(members(MESSAGE), "S") == DEEP


def test_the_shallow_text_stays_on_the_first_level() -> None:
    assert shallow_text(members(MESSAGE), "S") == SHALLOW


def test_on_flat_data_both_are_the_same() -> None:
    flat = members(b'{"appId":"A","data":{"b":2,"a":"x","c":"","d":null,"e":[]},"timestamp":"1"}')
    assert deep_text(flat, "S") == shallow_text(flat, "S") == 'appId=A&data={"a":"x","b":"2"}&timestamp=1&key=S'


def test_data_that_is_no_object_is_taken_as_it_is() -> None:
    for text in (deep_text, shallow_text):
        assert text({"data": "word"}, "S") == "data=word&key=S"
        assert text({}, "S") == "key=S"
    assert deep_text({"data": ["b", "a"]}, "S") == 'data=["b","a"]&key=S'


def shuffled(value: object, draw: st.DataObject) -> object:
    if isinstance(value, dict):
        names = draw.draw(st.permutations(list(value)))
        return {name: shuffled(value[name], draw) for name in names}
    return [shuffled(one, draw) for one in value] if isinstance(value, list) else value


@given(st.data())
def test_the_order_of_names_in_the_message_does_not_matter(data: st.DataObject) -> None:
    original = members(MESSAGE)
    again = shuffled(original, data)
    assert isinstance(again, dict)
    assert deep_text(again, "S") == DEEP


plain = st.recursive(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=4), inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.text(min_size=1, max_size=4), plain, max_size=4))
def test_the_json_in_the_text_is_json_of_the_same_value(value: dict[str, object]) -> None:
    text = deep_text({"data": value}, "S")
    written = text.removeprefix("data=").removesuffix("&key=S")
    assert json.loads(written) == value
    assert written == json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_the_key_is_half_of_the_secret_under_half_of_the_account() -> None:
    hidden = encrypt_ecb(b"0123456789ABCDEF", SECRET.encode())
    key = derived_key(APP, SECRET)
    assert key.decode() == hidden[:8].hex().upper()
    assert len(key) == 16


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_what_is_hidden_is_upper_case_hexadecimal_of_ascii(text: str) -> None:
    key = derived_key(APP, SECRET)
    digits = hide(key, json.dumps(text, ensure_ascii=False))
    assert digits == digits.upper()
    assert len(digits) % 32 == 0
    shown = reveal(key, digits)
    assert shown.isascii()
    assert json.loads(shown) == text
    assert reveal(key, digits.lower()) == shown


def test_each_half_of_a_pair_of_surrogates_is_escaped_by_itself() -> None:
    assert escaped('{"a":"中é😀\x7f"}') == '{"a":"\\u4e2d\\u00e9\\ud83d\\ude00\x7f"}'


@pytest.mark.parametrize("digits", ["", "00", "00" * 15, "00" * 16, "FF" * 32])
def test_what_was_not_hidden_with_the_key_does_not_open(digits: str) -> None:
    with pytest.raises(EncryptedTextError):
        reveal(derived_key(APP, SECRET), digits)


def test_what_is_not_hexadecimal_says_so() -> None:
    for digits in ("0", "xy", "００"):
        with pytest.raises(ValueError, match="hex"):
            reveal(derived_key(APP, SECRET), digits)
