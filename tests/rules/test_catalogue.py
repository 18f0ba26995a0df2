from __future__ import annotations

from collections import Counter
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.check import mod43_character
from codes.classify import read
from codes.pack import ProductKey, ProductSystem, product_keys
from codes.reading import Flag, Scan
from rules.catalogue import HEADERS, REQUIRED, CatalogueColumnsError, CatalogueError, CatalogueFile, parse_catalogue
from rules.scan_judgement import PackLevel

SEED = Path(__file__).parents[2] / "config" / "seed" / "catalogue.csv"
HEADER = ",".join(HEADERS)
ZH_HEADER = ",".join(HEADERS.values())
GOOD = {
    "id": "D1",
    "name": "阿莫西林胶囊",
    "spec": "0.25g×24粒",
    "maker": "东屿制药",
    "insurance_class": "甲",
    "price": "9.80",
    "unit": "盒",
    "units_per_pack": "24",
}


def csv_of(*lines: dict[str, str], header: str = HEADER) -> bytes:
    return "\n".join([header, *(",".join(line.get(field, "") for field in HEADERS) for line in lines)]).encode()


def with_cells(**cells: str) -> dict[str, str]:
    return GOOD | cells


def only_problem(parsed: CatalogueFile) -> tuple[int, str, str]:
    assert parsed.products == ()
    (problem,) = parsed.problems
    assert problem.words.zh
    assert problem.words.en
    return problem.line, problem.column, problem.code


def test_one_line_makes_a_product_with_its_identifiers_at_every_level() -> None:
    line = with_cells(
        trace_unit="8206233;8206234",
        trace_inner="8021762",
        inner_quantity="10",
        trace_carton="8021761",
        carton_quantity="200",
        gtin="6924561884074",
        national="XA01ABD075A002010100483",
        benwei="86900483000019",
        is_invented="是",
    )

    parsed = parse_catalogue(csv_of(line))

    (product,) = parsed.products
    assert (product.price, product.units_per_pack, product.is_device, product.is_invented) == (
        Decimal("9.80"),
        24,
        False,
        True,
    )
    assert [(i.system, i.key, i.level, i.quantity) for i in parsed.identifiers] == [
        (ProductSystem.TRACE_PREFIX, "8206233", PackLevel.UNIT, 1),
        (ProductSystem.TRACE_PREFIX, "8206234", PackLevel.UNIT, 1),
        (ProductSystem.TRACE_PREFIX, "8021762", PackLevel.INNER, 10),
        (ProductSystem.TRACE_PREFIX, "8021761", PackLevel.CARTON, 200),
        (ProductSystem.GTIN, "06924561884074", PackLevel.UNIT, 1),
        (ProductSystem.NATIONAL, "XA01ABD075A002010100483", PackLevel.UNIT, 1),
        (ProductSystem.BENWEI, "86900483000019", PackLevel.UNIT, 1),
    ]
    assert parsed.problems == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("header", [HEADER, ZH_HEADER, HEADER.upper()])
def test_files_from_any_spreadsheet_read_alike(encoding: str, header: str) -> None:
    data = csv_of(with_cells(trace_unit="8206233"), header=header).decode().encode(encoding)

    parsed = parse_catalogue(data)

    assert [product.name for product in parsed.products] == ["阿莫西林胶囊"]
    assert [identifier.key for identifier in parsed.identifiers] == ["8206233"]


def test_tabs_blank_lines_and_optional_columns_left_out_are_fine() -> None:
    fields = [*REQUIRED, "gtin"]
    line = "\t".join([*(GOOD[field] for field in REQUIRED), '="6924561884074"'])
    data = "\t".join(fields) + "\r\n\r\n" + line + "\r\n\t\t\r\n"

    parsed = parse_catalogue(data.encode())

    assert len(parsed.products) == 1
    assert parsed.identifiers[0].key == "06924561884074"


def test_wrong_columns_refuse_the_file_and_name_every_one_of_them() -> None:
    data = "产品编号,通用名,药品价格,通用名\n1,2,3,4\n".encode("gb18030")

    with pytest.raises(CatalogueColumnsError) as refused:
        parse_catalogue(data)

    error = refused.value
    assert error.code == "catalogue.columns"
    assert error.unknown == ("药品价格",)
    assert error.repeated == ("通用名",)
    assert error.missing == tuple(f"{HEADERS[field]} ({field})" for field in REQUIRED if field not in {"id", "name"})
    assert "药品价格" in error.words.zh
    assert "单价" in error.words.en


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"\xef\xbb\xbf", b"\xff\xff\xff", "一\x00".encode("utf-16"), HEADER.encode() + b'\n"open,1\n'],
    ids=["empty", "blank", "bom only", "no text", "utf-16", "open quote"],
)
def test_a_file_that_is_no_csv_is_refused(data: bytes) -> None:
    with pytest.raises(CatalogueError):
        parse_catalogue(data)


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"id": ""}, "id", "catalogue.product_id"),
        ({"id": "x" * 65}, "id", "catalogue.product_id"),
        ({"name": ""}, "name", "catalogue.empty"),
        ({"maker": "长" * 201}, "maker", "catalogue.too_long"),
        ({"insurance_class": "丁"}, "insurance_class", "catalogue.class"),
        ({"price": "九元"}, "price", "catalogue.price"),
        ({"price": "-1"}, "price", "catalogue.price"),
        ({"price": "NaN"}, "price", "catalogue.price"),
        ({"price": "1e9"}, "price", "catalogue.price"),
        ({"price": "1.00001"}, "price", "catalogue.price"),
        ({"units_per_pack": "0"}, "units_per_pack", "catalogue.count"),
        ({"units_per_pack": "٣"}, "units_per_pack", "catalogue.count"),
        ({"units_per_pack": "1000001"}, "units_per_pack", "catalogue.count"),
        ({"is_device": "也许"}, "is_device", "catalogue.yes_no"),
        ({"trace_unit": "82062"}, "trace_unit", "catalogue.trace_prefix"),
        ({"trace_inner": "8021762"}, "inner_quantity", "catalogue.count"),
        ({"gtin": "6924561884075"}, "gtin", "catalogue.check_digit"),
        ({"gtin": "69245618"}, "gtin", "catalogue.check_digit"),
        ({"gtin": "69245"}, "gtin", "catalogue.gtin"),
        ({"gtin": "6.92456E+12"}, "gtin", "catalogue.scientific"),
        ({"national": "XA01"}, "national", "catalogue.national"),
        ({"benwei": "86100483000019"}, "benwei", "catalogue.benwei"),
        ({"benwei": "86900483000018"}, "benwei", "catalogue.check_digit"),
        ({"udi_di": "06901234567893"}, "udi_di", "catalogue.check_digit"),
        ({"udi_di": "支架"}, "udi_di", "catalogue.udi_di"),
        ({"trace_unit": "8206233;8206233"}, "trace_unit", "catalogue.repeated_key"),
    ],
)
def test_a_wrong_cell_leaves_its_line_out_and_says_why(cells: dict[str, str], column: str, code: str) -> None:
    assert only_problem(parse_catalogue(csv_of(with_cells(**cells)))) == (2, column, code)


def test_problems_name_the_header_the_file_uses() -> None:
    parsed = parse_catalogue(csv_of(with_cells(price=""), header=ZH_HEADER))

    assert only_problem(parsed) == (2, "单价", "catalogue.price")


def test_a_line_of_the_wrong_length_is_left_out() -> None:
    assert only_problem(parse_catalogue(f"{HEADER}\nD1,阿莫西林\n".encode())) == (2, "", "catalogue.cells")


def test_the_good_lines_of_a_file_are_kept() -> None:
    parsed = parse_catalogue(
        csv_of(
            with_cells(id="D1", gtin="6924561884074"),
            with_cells(id="D2", price="x"),
            with_cells(id="D1"),
            with_cells(id="D3", gtin="6924561884074"),
            with_cells(id="D4", trace_unit="8206233"),
        )
    )

    assert [product.id for product in parsed.products] == ["D1", "D4"]
    assert [(problem.line, problem.code) for problem in parsed.problems] == [
        (3, "catalogue.price"),
        (4, "catalogue.repeated_product"),
        (5, "catalogue.repeated_key"),
    ]
    assert {identifier.product for identifier in parsed.identifiers} == {"D1", "D4"}


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("06901234567892", "06901234567892"),
        ("ma.156.m0.100761.21234561", "MA.156.M0.100761.21234561"),
        ("+A99912345", "A99912345"),
    ],
)
def test_device_identifiers_of_each_issuer_are_taken(written: str, key: str) -> None:
    parsed = parse_catalogue(csv_of(with_cells(udi_di=written, is_device="yes")))

    assert [identifier.key for identifier in parsed.identifiers] == [key]


@given(st.binary(max_size=300))
def test_no_bytes_whatever_raise_anything_but_a_catalogue_error(data: bytes) -> None:
    with suppress(CatalogueError):
        parse_catalogue(data)


@given(st.lists(st.text(max_size=12), min_size=len(HEADERS), max_size=len(HEADERS)))
def test_any_cells_are_read_or_named(cells: list[str]) -> None:
    quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)

    parsed = parse_catalogue(f"{HEADER}\n{quoted}\n".encode("utf-8", "replace"))

    assert len(parsed.products) + len(parsed.problems) <= 1


def carriers(key: ProductKey) -> list[str]:
    """What a scanner would send from a pack with this key, or a person paste."""
    match key.system:
        case ProductSystem.TRACE_PREFIX:
            return [key.key + "0000879766660"]
        case ProductSystem.GTIN:
            return [f"(01){key.key}(21)A1", key.key.removeprefix("0")]
        case ProductSystem.UDI_DI if key.key.startswith("MA."):
            return [f"{key.key}.SA1"]
        case ProductSystem.UDI_DI if not key.key.isdigit():
            return [f"+{key.key}{mod43_character('+' + key.key)}"]
        case ProductSystem.UDI_DI:
            return [f"(01){key.key}(21)A1"]
        case _:
            return [key.key]


class TestSeed:
    """The catalogue that the demo and a first installation start with."""

    parsed = parse_catalogue(SEED.read_bytes())

    def test_it_has_enough_of_everything_and_no_problem(self) -> None:
        assert self.parsed.problems == ()
        assert len(self.parsed.products) >= 60
        classes = Counter(product.insurance_class for product in self.parsed.products)
        assert set(classes) == {"甲", "乙", "丙", "自费"}
        levels = Counter(i.level for i in self.parsed.identifiers if i.system is ProductSystem.TRACE_PREFIX)
        assert set(levels) == set(PackLevel)
        devices = {product.id for product in self.parsed.products if product.is_device}
        dis = {i.key for i in self.parsed.identifiers if i.product in devices and i.system is ProductSystem.UDI_DI}
        assert any(di.isdigit() for di in dis)
        assert any(di.startswith("MA.") for di in dis)
        assert any(di.startswith("Y9ZZ") for di in dis)

    def test_every_product_is_marked_as_invented_and_has_a_price_and_a_code(self) -> None:
        scannable = {ProductSystem.TRACE_PREFIX, ProductSystem.GTIN, ProductSystem.UDI_DI}
        known = {i.product for i in self.parsed.identifiers if i.system in scannable and i.level is PackLevel.UNIT}
        for product in self.parsed.products:
            assert product.is_invented, product
            assert product.price > 0, product
            assert product.id in known, product

    @pytest.mark.parametrize("system", list(ProductSystem))
    def test_every_code_is_recognised_when_it_is_scanned_or_pasted(self, system: ProductSystem) -> None:
        keys = [ProductKey(i.system, i.key) for i in self.parsed.identifiers if i.system is system]
        assert keys
        for key in keys:
            for carrier in carriers(key):
                reading = read(Scan(carrier.encode()))
                candidates = product_keys(reading)
                assert key in candidates, (key, carrier, reading)
                assert not {Flag.CHECK_FAILED, Flag.CHECK_ADVISORY} & set(reading.flags), reading

    def test_higher_packs_hold_more_than_lower_ones(self) -> None:
        for product in self.parsed.products:
            quantities = {i.level: i.quantity for i in self.parsed.identifiers if i.product == product.id}
            ordered = [quantities[level] for level in PackLevel if level in quantities]
            assert ordered == sorted(ordered)
            assert ordered[0] == 1


@pytest.mark.parametrize("prefix", ["8206233", "a1B2c3D", "A1B2C3D", "a1b2c3d"])
def test_a_prefix_is_kept_in_the_form_in_which_a_scan_asks_for_it(prefix: str) -> None:
    (identifier,) = parse_catalogue(csv_of(with_cells(trace_unit=prefix))).identifiers
    scanned = product_keys(read(Scan(f"{prefix}0123456789012".encode())))
    assert ProductKey(identifier.system, identifier.key) in scanned
