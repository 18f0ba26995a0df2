"""Which pack a stated trace code means, and what is refused with which reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.pack import ProductKey, ProductSystem
from rules.pack_meant import NoPack, Pack, pack_meant, refusal_of_carton
from rules.scan_facts import PackLevel

GTIN = "06901234567892"
GROUP = "16901234567899"


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("83857930000000000001", "83857930000000000001"),
        ("71234567890ABCDEFGHI", "71234567890ABCDEFGHI"),
        ("ABCD-EF12345678901!X", "ABCD-EF12345678901!X"),
        (f"(01){GTIN}(21)SN1(10)L1(17)270101", f"(01){GTIN}(21)SN1"),
        (f"01{GTIN}21SN123\x1d10LOT\x1d17270101", f"(01){GTIN}(21)SN123"),
        (f"(01){GTIN}(21)SN(1", f"(01){GTIN}(21)SN(1"),
        ("hibc:A99912345A0:SN", "hibc:A99912345A0:SN"),
    ],
)
def test_a_code_means_the_pack_under_its_key_in_the_ledger(said: str, key: str) -> None:
    found = pack_meant(said)
    assert isinstance(found, Pack)
    assert (found.said, found.key) == (said, key)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("6901234567892", "code.not_individual"),
        (f"01{GTIN}10LOT1", "code.not_individual"),
        ("XA10BAA001A001010100863", "code.not_individual"),
        ("(00)106141412345678908", "code.carton"),
        ("11111111111111111111", "code.placeholder"),
        ("22000000000000000000", "code.placeholder"),
        ("8385793000000000000183857930000000000002", "code.glued"),
        ("83857930000000000001234", "code.unknown"),
        ("阿莫西林胶囊", "code.unknown"),
        ("8", "code.unknown"),
    ],
)
def test_what_names_no_pack_is_refused_with_the_reason(said: str, code: str) -> None:
    found = pack_meant(said)
    assert isinstance(found, NoPack)
    assert (found.said, found.code) == (said, code)
    assert found.words.zh
    assert found.words.en


def test_a_credential_is_refused_and_not_repeated() -> None:
    found = pack_meant("110101199003078515")
    assert (found.said, isinstance(found, NoPack) and found.code) == ("", "code.personal")


@pytest.mark.parametrize(
    ("said", "level", "is_refused"),
    [
        ("83857930000000000001", None, False),
        ("83857930000000000001", PackLevel.UNIT, False),
        ("83857930000000000001", PackLevel.INNER, True),
        ("83857930000000000001", PackLevel.CARTON, True),
        (f"(01){GROUP}(21)SN1", None, True),
        (f"(01){GROUP}(21)SN1", PackLevel.UNIT, False),
    ],
)
def test_only_the_small_box_is_for_sale(said: str, level: PackLevel | None, *, is_refused: bool) -> None:
    pack = pack_meant(said)
    assert isinstance(pack, Pack)
    refused = refusal_of_carton(pack, level)
    assert (refused is not None) is is_refused
    assert refused is None or "小盒" in refused.words.zh


def test_the_products_of_a_pack_are_those_of_its_code() -> None:
    found = pack_meant(f"(01){GTIN}(21)SN1")
    assert isinstance(found, Pack)
    assert found.products[0] == ProductKey(ProductSystem.GTIN, GTIN)


@given(st.text(min_size=1, max_size=100))
def test_any_text_means_a_pack_or_has_a_reason(said: str) -> None:
    found = pack_meant(said)
    assert isinstance(found, Pack) or found.words.zh
