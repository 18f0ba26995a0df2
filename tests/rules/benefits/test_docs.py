"""The page on benefit rules cannot drift from the schema."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rules.benefits import errors, load_book, shipped_books
from rules.benefits.errors import BenefitError
from rules.benefits.facts import ORDINARY
from rules.benefits.outcome import Fund
from rules.benefits.rule_set import Base, Counts, Crossing, Laid, Merge, Part, Reach, Span
from rules.benefits.stay_facts import Covers, Holds
from rules.benefits.when_file import CLAIMS
from tests.rules.benefits.scene import pay

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/benefits.md").read_text(encoding="utf-8")
SOURCES = ("rule_file", "layer_file", "when_file", "stay_facts")
ASKED = re.compile(
    r'\.(?:text|texts|words|title|number|ratio|ratios|amount|optional_amount|count|flag|day|choice|tables?)\(\s*"(\w+)"'
)


def keys() -> set[str]:
    texts = [(ROOT / f"rules/benefits/{name}.py").read_text(encoding="utf-8") for name in SOURCES]
    return {key for text in texts for key in ASKED.findall(text)} | set(CLAIMS)


@pytest.mark.parametrize("key", sorted(keys()))
def test_every_key_of_the_schema_is_explained(key: str) -> None:
    assert re.search(rf"`[^`]*\b{key}\b[^`]*`", PAGE), key


@pytest.mark.parametrize("kind", [Fund, Base, Laid, Reach, Span, Counts, Merge, Part, Crossing, Holds, Covers])
def test_every_value_of_the_schema_is_explained(kind: type[Fund]) -> None:
    assert [value for value in kind if f"`{value.value}`" not in PAGE] == []
    assert f"`{ORDINARY}`" in PAGE


def test_the_whole_file_of_the_page_is_a_book() -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    settled = pay(load_book({"sample": text}), 10_000)
    assert str(settled.act_pay_dedc) == "970.08"


def test_every_error_is_explained() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, BenefitError)]
    assert [one.code for one in classes if one is not BenefitError and f"`{one.code}`" not in PAGE] == []


def test_every_shipped_book_is_listed_with_its_districts() -> None:
    for area, book in shipped_books().by_area.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{area}` |"))
        assert all(district in row for rules in book.versions for district in rules.districts)
