"""Answers that tell of what another message has done."""

from __future__ import annotations

import pytest

from codes.words import Words
from wire.fsi.repeats import CANCELLED_BEFORE, SETTLED_BEFORE, marked, names_another, says_found

SHOP = "P35020300001"
OWN, OTHER, STRANGE = (f"{code}20261123100000{n:04d}" for code, n in ((SHOP, 1), (SHOP, 2), ("P35020300002", 3)))


@pytest.mark.parametrize("code", [SETTLED_BEFORE, CANCELLED_BEFORE])
def test_a_marked_remark_is_known_among_others_in_both_languages(code: str) -> None:
    words = marked(code, Words("此前已办", "done before"))
    assert all(says_found(f"明细 1：…；{told}；…") for told in (words.zh, words.en))


@pytest.mark.parametrize("warning", ["", "该笔费用此前已结算", "[fsi.busy] …", "settlement.settled_before"])
def test_without_the_mark_nothing_is_said(warning: str) -> None:
    assert not says_found(warning)


@pytest.mark.parametrize(
    ("told", "is_another"),
    [(OTHER, True), (OWN, False), ("", False), (STRANGE, False), ("000123", False), (OTHER[:-1], False)],
    ids=["another's", "our own", "nothing", "another place's", "a serial of the platform", "no number"],
)
def test_whose_message_made_it(told: str, is_another: bool) -> None:
    assert names_another(told, SHOP, OWN, None) is is_another
