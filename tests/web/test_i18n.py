"""The words of the screens: complete in both languages, and every one that a screen asks for is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest

from drivers.scanner.learning import Certainty
from drivers.scanner.setup import Said, Stage
from edge.counter.scanning import SIGN_IN_FIRST
from edge.credentials import Way
from edge.health import DeviceState
from edge.store.day_ends import DayState
from edge.store.unfinished import Unfinished
from edge.till.plans import Choice, Ending, Step
from rules.catalogue_cells import InsuranceClass
from rules.pack_life import Act, State
from rules.scan_judgement import Mode, Verdict
from rules.settling import Standing as Settled
from server.console.terminals import Decision
from server.fleet import Standing
from server.store.terminal_lists import Show
from web.i18n import CatalogueFileError, UnknownMessageError, choose_language, load_messages
from wire.events import KINDS
from wire.receipts import Trust

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    [
        *ROOT.glob("web/templates/*.html"),
        *ROOT.glob("*/screens/templates/*.html"),
        *ROOT.glob("*/console/templates/*.html"),
    ]
)
SCRIPTS = sorted(ROOT.glob("web/static/js/**/*.js"))
MESSAGES = load_messages()
ASKED_IN_TEMPLATE = re.compile(r"""\b[tn]\(\s*["']([a-z0-9_.]+)["']""")
ASKED_IN_SCRIPT = re.compile(r"""\b(?:text|count)\(\s*(?:\w+ \? )?"([a-z0-9_.]+)"(?: : "([a-z0-9_.]+)")?""")
EITHER_IN_SCRIPT = re.compile(r"""\b(?:text|count)\([\w.]+ \? "([a-z0-9_.]+)" : "([a-z0-9_.]+)"\)""")

FAMILIES: dict[str, Iterable[str]] = {
    "act": Act,
    "state": State,
    "verdict": (*Verdict, SIGN_IN_FIRST),
    "device": DeviceState,
    "event": KINDS,
    "standing": Standing,
    "trust": Trust,
    "console.show": Show,
    "visit.show": Way,
    "console.decide": Decision,
    "class": get_args(InsuranceClass),
    "counter.mode": Mode,
    "setup.said": Said,
    "setup.step": ("next", "waiting", "read", "skipped"),
    "setup.ended": (Stage.IDLE, Stage.STOPPED),
    "setup.certainty": (Certainty.OPEN, Certainty.TORN),
    "till.standing": Settled,
    "after.kind": ("return", "insure", "tell"),
    "after.step": Step,
    "after.choice": Choice,
    "after.again_with": ("voucher", "card"),
    "after.outcome": (Ending.RESTORED, Ending.REFUSED, Ending.NOT_SENT, Ending.OVERTAKEN),
    "after.row": ("3505", "3506", "batch"),
    "after.row_state": ("waiting", "due", "asked", "refused"),
    "day.state": ("open", *DayState),
    "day.open": [*(one.name for one in fields(Unfinished)), "unread", "missing"],
    "listening.beside": ("waiting", "waiting_text", "unjoined", "unjoined_text"),
    "till.insutype": ("310", "320", "330", "340", "390", "510"),
    "till.amount": ("fee", "funds", "account", "mutual_aid", "cash", "balance"),
    "till.wait": ("voucher", "face", "card", "id", "insurance"),
    "till.order": ("rxno", "doctor_code", "doctor"),
}


def places(form: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(form) if name}


def in_templates() -> Iterator[tuple[str, str]]:
    for path in TEMPLATES:
        yield from ((path.name, key) for key in ASKED_IN_TEMPLATE.findall(path.read_text("utf-8")))


def asked_for() -> Iterator[tuple[str, str]]:
    # What ends in a joint is the beginning of a family; those are checked member by member.
    yield from ((name, key) for name, key in in_templates() if key[-1] not in "._")
    for path in SCRIPTS:
        source = path.read_text("utf-8")
        for pattern in (ASKED_IN_SCRIPT, EITHER_IN_SCRIPT):
            yield from ((path.name, key) for found in pattern.findall(source) for key in found if key)


def test_both_languages_have_the_same_messages() -> None:
    assert set(MESSAGES["zh"].forms) == set(MESSAGES["en"].forms)
    assert len(MESSAGES["zh"].forms) > 100


@pytest.mark.parametrize("key", sorted(MESSAGES["zh"].forms))
def test_message_has_the_same_places_in_both_languages(key: str) -> None:
    chinese = places(MESSAGES["zh"].forms[key][0])
    for form in MESSAGES["en"].forms[key]:
        assert places(form) == chinese


def test_numbers_have_one_form_in_chinese_and_two_in_english() -> None:
    for key, forms in MESSAGES["en"].forms.items():
        assert len(MESSAGES["zh"].forms[key]) == 1
        assert len(forms) in {1, 2}
    assert MESSAGES["en"].count("age.minutes", 1) == "1 minute ago"
    assert MESSAGES["en"].count("age.minutes", 2) == "2 minutes ago"
    assert MESSAGES["zh"].count("age.minutes", 2) == "2 分钟前"


def test_every_message_that_a_screen_asks_for_is_there() -> None:
    asked = list(asked_for())
    assert len({key for _, key in asked}) > 100
    missing = [(where, key) for where, key in asked if key not in MESSAGES["zh"].forms]
    assert missing == []


@pytest.mark.parametrize(("family", "members"), FAMILIES.items())
def test_every_member_of_a_family_has_its_word(family: str, members: Iterable[str]) -> None:
    assert [member for member in members if f"{family}.{member}" not in MESSAGES["zh"].forms] == []


def test_every_message_is_asked_for() -> None:
    """A message that no screen uses is one that nobody will keep right."""
    by_name = {key for _, key in asked_for()}
    families = {key for _, key in in_templates() if key[-1] in "._"} | {f"{family}." for family in FAMILIES}
    sources = "".join(path.read_text("utf-8") for path in SCRIPTS)
    idle = [
        key
        for key in MESSAGES["zh"].forms
        if key not in by_name and not key.startswith(tuple(families)) and f'"{key}"' not in sources
    ]
    assert idle == []


def test_chinese_uses_no_half_width_punctuation_between_characters() -> None:
    for key, forms in MESSAGES["zh"].forms.items():
        assert not re.search(r"[一-鿿][,;?!]|[一-鿿]\.(?:$|\s)", forms[0]), key


def test_unknown_key_is_an_error_with_both_languages() -> None:
    with pytest.raises(UnknownMessageError) as caught:
        MESSAGES["zh"].text("no.such.key")
    assert "no.such.key" in caught.value.words.zh
    assert "no.such.key" in caught.value.words.en


def test_script_block_cannot_be_left_by_its_content(tmp_path: Path) -> None:
    for language in ("zh", "en"):
        (tmp_path / f"{language}.po").write_text(
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "a.b"\nmsgstr "</script><b>"\n',
            "utf-8",
        )
    block = load_messages(tmp_path)["zh"].for_script("a.")
    assert "<" not in block
    assert block == '{"a.b":["\\u003c/script\\u003e\\u003cb\\u003e"]}'


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("en", "zh-CN,zh", "en"),
        ("zh", "en", "zh"),
        (None, "en-GB,en;q=0.9,zh;q=0.8", "en"),
        (None, "fr,zh-TW;q=0.5", "zh"),
        ("xx", "", "zh"),
        (None, "fr", "zh"),
    ],
)
def test_language_is_the_readers_choice_then_the_browsers_then_chinese(
    cookie: str | None, accepted: str, language: str
) -> None:
    assert choose_language(cookie, accepted) == language


def test_missing_catalogue_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueFileError, match=r"zh\.po"):
        load_messages(tmp_path)
