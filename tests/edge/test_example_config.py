"""The example configuration is true: it loads, it shows every option, and what it calls a default is one."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel

from edge.config import EdgeConfig, load_config

EXAMPLE = Path(__file__).parents[2] / "config" / "edge.example.toml"
COMMENTED_OPTION = re.compile(r"^# (\w+ = )", re.MULTILINE)
HAS_NO_DEFAULT = {"public_key", "ca_file", "certificate_file", "key_file", "username", "password_file", "file"} | {
    "library",
    "folder",
    "district",
    "desk",
    "area_file",
    "keys_folder",
    "token_file",
    "headers_file",
    "is_sign_in_demanded",
}


def test_example_loads_as_it_stands() -> None:
    assert load_config(EXAMPLE).terminal.id == "counter-1"


def test_example_shows_every_option_with_its_default(tmp_path: Path) -> None:
    copy = tmp_path / "edge.toml"
    copy.write_text(COMMENTED_OPTION.sub(r"\1", EXAMPLE.read_text(encoding="utf-8")), encoding="utf-8")
    shown, plain = load_config(copy), load_config(EXAMPLE)
    sections = {name: section for name, section in shown if isinstance(section, BaseModel)}
    for name, section in sections.items():
        assert section.model_fields_set == set(type(section).model_fields), f"[{name}] leaves options out"
    assert shown.model_fields_set == set(EdgeConfig.model_fields)
    for name, section in sections.items():
        default = getattr(plain, name)
        for option, value in section:
            if (option in HAS_NO_DEFAULT and name != "store") or name == "terminal":
                continue
            expected = tmp_path / "var/edge" if option == "folder" else getattr(default, option)
            assert value == expected, f"[{name}] {option}"
