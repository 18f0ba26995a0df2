"""The list of a site means exactly what it says, or is refused with the option and the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.site.site_list import EXAMPLE, Peer, load_site
from web.config_file import ConfigFileError, ConfigValueError
from wire.keys import PublicKey

ROOT = Path(__file__).parents[3]
KEY_1 = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
KEY_2 = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
LIST = f"""\
name = "南门店"
[[terminal]]
id = "counter-1"
address = "192.0.2.11:8621"
public_key = "{KEY_1}"
[[terminal]]
id = "counter-2"
address = "[2001:db8::2]:8622"
public_key = "{KEY_2.upper()}"
"""


def load(folder: Path, text: str, own: str = "counter-1", key: str = KEY_1) -> tuple[Peer, ...]:
    path = folder / "site.toml"
    path.write_text(text, encoding="utf-8")
    return load_site(path, own, PublicKey.from_hex(key)).peers


def test_each_terminal_finds_the_others(tmp_path: Path) -> None:
    one, two = PublicKey.from_hex(KEY_1), PublicKey.from_hex(KEY_2)
    assert load(tmp_path, LIST) == (Peer("counter-2", "2001:db8::2", 8622, two),)
    assert load(tmp_path, LIST, "counter-2", KEY_2) == (Peer("counter-1", "192.0.2.11", 8621, one),)


def test_the_example_is_a_list_of_other_peoples_keys() -> None:
    with pytest.raises(ConfigValueError) as caught:
        load_site(ROOT / EXAMPLE, "counter-1", PublicKey.from_hex(KEY_1))
    assert [problem.option for problem in caught.value.problems] == ["terminal.public_key"]
    assert KEY_1 in caught.value.words.en, "it says what to write"


@pytest.mark.parametrize(
    ("old", "new", "option"),
    [
        ('name = "南门店"', "", "name"),
        ('name = "南门店"', 'name = "南门店"\npasswort = "x"', "passwort"),
        ("192.0.2.11:8621", "192.0.2.11", "terminal.0.address"),
        ("192.0.2.11:8621", "192.0.2.11:0", "terminal.0.address"),
        ("192.0.2.11:8621", "192.0.2.11:99999", "terminal.0.address"),
        ("192.0.2.11:8621", "u:p@192.0.2.11:1", "terminal.0.address"),
        ("192.0.2.11:8621", "http://192.0.2.11:1", "terminal.0.address"),
        ("192.0.2.11:8621", "192.0.2.11:1/x", "terminal.0.address"),
        ("192.0.2.11:8621", "[192.0.2.11:1", "terminal.0.address"),
        (KEY_2.upper(), KEY_2[:-1], "terminal.1.public_key"),
        (KEY_2.upper(), KEY_1.upper(), "terminal.public_key"),
        ('"counter-2"', '"counter-1"', "terminal.id"),
        ('"counter-2"', '"counter/2"', "terminal.1.id"),
        ('"counter-1"', '"counter-9"', "terminal"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, old: str, new: str, option: str) -> None:
    with pytest.raises(ConfigValueError) as caught:
        load(tmp_path, LIST.replace(old, new))
    assert option in [problem.option for problem in caught.value.problems]


def test_a_list_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError) as caught:
        load_site(tmp_path / "site.toml", "counter-1", PublicKey.from_hex(KEY_1))
    assert EXAMPLE in caught.value.next_step.en
