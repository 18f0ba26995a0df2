"""The pages of the devices beside the till cannot drift: every option is named, and every example can be used."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from drivers.card import simulated as card
from drivers.scanner.strokes import GsTyping
from drivers.voucher import simulated as voucher
from edge.config import EdgeConfig
from edge.config_person import CardKind, CardSection, PinPadSection, VoucherKind, VoucherSection
from edge.config_wedge import Fallback, LineEnd, WedgeEnd, WedgeKind, WedgeSection, WedgeText
from tests.edge.test_config import MINIMAL

PAGES = Path(__file__).parents[2] / "docs" / "drivers"
SECTIONS = {"voucher": VoucherSection, "card": CardSection, "pinpad": PinPadSection, "wedge": WedgeSection}
CHOICES = {
    "voucher": (VoucherKind,),
    "card": (CardKind,),
    "pinpad": (),
    "wedge": (WedgeKind, WedgeText, Fallback, WedgeEnd, LineEnd, GsTyping),
}


def page(kind: str) -> str:
    return (PAGES / f"{kind}.md").read_text("utf-8")


def fenced(kind: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page(kind), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("kind", SECTIONS)
def test_every_option_and_every_choice_is_named(kind):
    for named in (*SECTIONS[kind].model_fields, *(str(one) for choices in CHOICES[kind] for one in choices)):
        assert f"`{named}`" in page(kind), named
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", page(kind).partition(f"option of `[{kind}]`")[2], re.MULTILINE)
    listed = {option for row in rows for option in re.findall(r"`(\w+)`", row)}
    assert listed == set(SECTIONS[kind].model_fields)


@pytest.mark.parametrize("kind", SECTIONS)
def test_every_example_can_be_used(kind):
    for example in fenced(kind, "toml"):
        config = EdgeConfig(**tomllib.loads(MINIMAL + example))
        section = getattr(config, kind)
        assert section != SECTIONS[kind]()
        assert list(section.faults()) == []


@pytest.mark.parametrize(("kind", "before"), [("voucher", voucher.Before), ("card", card.Before)])
def test_what_lies_before_a_twin_is_written_so(kind, before):
    (laid,) = fenced(kind, "json")
    assert msgspec.json.decode(laid, type=before, strict=True).fault is None
