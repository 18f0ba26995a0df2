from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from codes.classify import read
from codes.pack import ProductSystem, pack_key
from codes.reading import Scan
from rules.catalogue import CatalogueFile, Identifier, Product, parse_catalogue
from rules.catalogue_intake import CatalogueProblemsError, CatalogueUselessError
from rules.scan_judgement import PackLevel
from server.matching import Matching, Move
from server.people.roles import COMMAND_LINE
from server.store import audit
from server.store.database import Store
from web.errors import NotFoundError

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SEED = parse_catalogue((Path(__file__).parents[2] / "config" / "seed" / "catalogue.csv").read_bytes())

AMOXICILLIN = Product("D1", "阿莫西林胶囊", "0.25g×24粒", "东屿", "甲", Decimal("9.80"), "盒", 24, False, True)
UNIT = Identifier(ProductSystem.TRACE_PREFIX, "8600011", "D1", PackLevel.UNIT, 1)
CARTON = Identifier(ProductSystem.TRACE_PREFIX, "8600013", "D1", PackLevel.CARTON, 200)


def file_of(*products: Product, identifiers: tuple[Identifier, ...] = ()) -> CatalogueFile:
    return CatalogueFile(products, identifiers, ())


@pytest.fixture
def matching(store: Store) -> Matching:
    return Matching(store)


def imported(matching: Matching, file: CatalogueFile) -> None:
    matching.import_file(file, by=COMMAND_LINE, now=NOW)


def test_a_code_is_matched_with_its_level_and_quantity(matching: Matching) -> None:
    imported(matching, file_of(AMOXICILLIN, identifiers=(UNIT, CARTON)))

    match = matching.find(ProductSystem.TRACE_PREFIX, "8600013")

    assert (match.product, match.identifier) == (AMOXICILLIN, CARTON)
    with pytest.raises(NotFoundError):
        matching.find(ProductSystem.TRACE_PREFIX, "8999999")
    with pytest.raises(NotFoundError):
        matching.find(ProductSystem.GTIN, "8600013")


def test_the_whole_seed_goes_in_and_comes_out_as_it_was(matching: Matching) -> None:
    imported(matching, SEED)

    assert sorted(matching.page(after="", limit=1_000), key=lambda one: one.id) == sorted(
        SEED.products, key=lambda one: one.id
    )
    for identifier in SEED.identifiers:
        assert matching.find(identifier.system, identifier.key).identifier == identifier


@pytest.mark.parametrize(
    ("scan", "product"),
    [
        ("86000110000000000001", "D0001"),
        ("(01)06900000900062(21)A1", "M0006"),
        ("86999990000000000001", None),
        ("何用", None),
    ],
)
def test_the_product_of_a_pack_is_found_by_the_ledgers_key(matching: Matching, scan: str, product: str | None) -> None:
    imported(matching, SEED)
    key = pack_key(read(Scan(scan.encode()))) or scan

    found = matching.product_of(key)

    assert (found.id if found else None) == product


def test_the_products_of_hibc_and_ma_packs_are_found_too(matching: Matching) -> None:
    imported(matching, SEED)
    dis = {i.key: i.product for i in SEED.identifiers if i.system is ProductSystem.UDI_DI and not i.key.isdigit()}
    assert len(dis) == 4
    for di, product in dis.items():
        issuer = "ma" if di.startswith("MA.") else "hibc"
        found = matching.product_of(f"{issuer}:{di}:SN1")
        assert found is not None
        assert found.id == product


def test_brackets_in_a_serial_do_not_hide_the_product(matching: Matching) -> None:
    imported(matching, SEED)
    found = matching.product_of("(01)06900000000014(21)A(XX)B")
    assert found is not None
    assert found.id == "D0001"


def test_a_preview_says_what_would_happen_and_does_nothing(matching: Matching) -> None:
    imported(matching, file_of(AMOXICILLIN, identifiers=(UNIT,)))
    dearer = replace(AMOXICILLIN, price=Decimal("10.50"))
    other = replace(AMOXICILLIN, id="D2")
    taken = replace(UNIT, product="D2")

    preview = matching.preview(file_of(dearer, other, identifiers=(taken,)))

    assert (list(preview.added), list(preview.changed), preview.unchanged) == (["D2"], ["D1"], 0)
    assert list(preview.moved) == [Move(ProductSystem.TRACE_PREFIX, "8600011", "D1", "D2")]
    assert (preview.is_committed, preview.revision) == (False, 1)
    assert matching.find(ProductSystem.TRACE_PREFIX, "8600011").product == AMOXICILLIN


def test_an_import_sets_products_and_exactly_their_codes_and_leaves_others(store: Store, matching: Matching) -> None:
    other = replace(AMOXICILLIN, id="D2")
    other_code = Identifier(ProductSystem.GTIN, "06924561884074", "D2", PackLevel.UNIT, 1)
    imported(matching, file_of(AMOXICILLIN, other, identifiers=(UNIT, CARTON, other_code)))

    done = matching.import_file(
        file_of(replace(AMOXICILLIN, name="新名"), identifiers=(UNIT,)), by=COMMAND_LINE, now=NOW
    )

    assert (list(done.changed), done.revision, done.is_committed) == (["D1"], 2, True)
    assert matching.find(ProductSystem.TRACE_PREFIX, "8600011").product.name == "新名"
    with pytest.raises(NotFoundError):
        matching.find(ProductSystem.TRACE_PREFIX, "8600013")
    assert matching.find(ProductSystem.GTIN, "06924561884074").product == other
    with store.reading() as connection:
        records = audit.load_audit(connection, after=0, limit=10)
    assert [(one.action, one.subject) for one in records] == [
        ("catalogue.import", "revision 1"),
        ("catalogue.import", "revision 2"),
    ]


def test_a_code_moves_to_the_product_that_claims_it(matching: Matching) -> None:
    imported(matching, file_of(AMOXICILLIN, identifiers=(UNIT, CARTON)))
    imported(matching, file_of(replace(AMOXICILLIN, id="D2"), identifiers=(replace(UNIT, product="D2"),)))

    assert matching.find(ProductSystem.TRACE_PREFIX, "8600011").product.id == "D2"
    assert matching.find(ProductSystem.TRACE_PREFIX, "8600013").product.id == "D1"


def test_the_same_file_again_changes_nothing(matching: Matching) -> None:
    imported(matching, SEED)
    again = matching.import_file(SEED, by=COMMAND_LINE, now=NOW)

    assert (again.unchanged, again.revision, again.is_committed) == (len(SEED.products), 1, False)


def test_the_good_lines_of_a_file_are_taken_unless_all_or_nothing_is_asked_for(matching: Matching) -> None:
    lines = "产品编号,通用名,规格,生产企业,医保类别,单价,单位,拆零数\nD1,甲,乙,丙,甲,1,盒,1\nD2,甲,乙,丙,丁,1,盒,1\n"
    file = parse_catalogue(lines.encode("gb18030"))

    with pytest.raises(CatalogueProblemsError):
        matching.import_file(file, by=COMMAND_LINE, now=NOW, is_strict=True)
    assert matching.page(after="", limit=10) == []
    done = matching.import_file(file, by=COMMAND_LINE, now=NOW)

    assert (list(done.added), done.taken, done.left_out, done.is_committed) == (["D1"], 1, 1, True)


def test_a_file_of_which_nothing_can_be_used_leaves_the_catalogue_as_it_was(matching: Matching) -> None:
    imported(matching, file_of(AMOXICILLIN, identifiers=(UNIT,)))
    with pytest.raises(CatalogueUselessError):
        imported(matching, file_of())
    assert matching.page(after="", limit=10) == [AMOXICILLIN]
