"""The words for the codes of a case are those of the interface."""

from __future__ import annotations

import pytest

from rules.benefits.case import LEVELS
from rules.benefits.meanings import INSUTYPES, MED_TYPES, level_words, med_type_words, psn_type_words
from wire.fsi.table_files import node_at


@pytest.mark.parametrize(("name", "ours"), [("insutype", INSUTYPES), ("med_type", MED_TYPES)])
def test_what_the_interface_knows_is_called_as_it_is_there(name: str, ours: object) -> None:
    field = next(one for one in node_at("2102.output.setlinfo").fields if one.name == name)
    assert dict(field.coded) == ours


def test_every_level_has_words_and_an_unknown_code_stands_for_itself() -> None:
    assert all(level_words(level).zh != level for level in sorted(LEVELS))
    assert (level_words("9").zh, med_type_words("77").en, psn_type_words("").zh) == ("9", "77", "")
