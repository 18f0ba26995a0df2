"""The drivers' pages cannot drift: their examples parse, and they name every setting and every choice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drivers.errors import DeviceSpecError
from drivers.scanner import parse_spec
from drivers.scanner.layouts import LAYOUTS
from drivers.scanner.spec import AimId, GsKey, KeySuffix, ReportLayout, Suffix

PAGES = Path(__file__).parents[3] / "docs" / "drivers"
CHOICES = {
    "serial": (("suffix", Suffix), ("aim", AimId)),
    "keyboard": (("suffix", KeySuffix), ("aim", AimId), ("gs", GsKey), ("layout", LAYOUTS)),
    "pos": (("reports", ReportLayout),),
}


@pytest.mark.parametrize("kind", CHOICES)
def test_every_example_parses(kind):
    page = (PAGES / f"{kind}.md").read_text("utf-8")
    examples = re.findall(rf"^({kind}:\S+)", page, re.MULTILINE)
    assert len(examples) >= 2
    for example in examples:
        assert parse_spec(example).kind == kind


@pytest.mark.parametrize("kind", CHOICES)
def test_every_choice_is_named(kind):
    page = (PAGES / f"{kind}.md").read_text("utf-8")
    for setting, choices in CHOICES[kind]:
        for choice in choices:
            assert f"`{choice}`" in page
            parse_spec(f"{kind}:/dev/x;{setting}={choice}")


@pytest.mark.parametrize("kind", CHOICES)
def test_every_setting_named_exists(kind):
    page = (PAGES / f"{kind}.md").read_text("utf-8")
    for setting in re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE):
        with pytest.raises(DeviceSpecError) as refused:
            parse_spec(f"{kind}:/dev/x;{setting}=1;no_such_setting=1")
        assert setting not in refused.value.words.en.partition("unknown setting: ")[2]
