from __future__ import annotations

import codecs
import json
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.words import Words
from server.people import list_cells as cells
from server.people.list_cells import CellError, Rule
from server.people.list_file import Column, ListFaultsError, ListFileError, Sheet, read_lists, refuse_faults

FRUIT = Sheet(
    "fruit",
    Words("水果", "fruit"),
    (
        Column("code", "编码", cells.number, is_required=True),
        Column("picked", "采摘日期", cells.day),
        Column("price", "单价", cells.money),
        Column("is_ripe", "成熟", cells.flag),
        Column("rank", "顺位", cells.rank),
    ),
)
TREES = Sheet("trees", Words("果树", "trees"), (Column("tree", "树", cells.text, is_required=True),))
CSV = "编码,采摘日期,单价,成熟,顺位\nA1,2026-03-01,1.50,是,2\n\nA2,,,,\n"
JSON = {"fruit": [{"code": "A1", "picked": "2026-03-01", "price": 1.50, "is_ripe": True, "rank": 2}, {"code": "A2"}]}


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode(),
        codecs.BOM_UTF8 + CSV.encode(),
        CSV.encode("gb18030"),
        CSV.replace(",", "\t").encode(),
        CSV.replace("\n", "\r\n").encode(),
        CSV.replace("编码,采摘日期,单价,成熟,顺位", "code,PICKED,price,is_ripe,rank").encode(),
        CSV.replace("A1,", '"=""A1""",').encode(),
        json.dumps(JSON).encode(),
        json.dumps(JSON["fruit"]).encode(),
        codecs.BOM_UTF8 + json.dumps(JSON, indent=1).encode(),
    ],
    ids=["utf-8", "mark", "gb18030", "tabs", "crlf", "english", "spreadsheet", "json", "json list", "json mark"],
)
def test_a_list_says_the_same_however_it_is_written(content: bytes) -> None:
    file = read_lists(content, [FRUIT, TREES])

    assert file.faults == ()
    first, second = file.of("fruit")
    assert (first.text("code"), first.day("picked"), first.amount("price")) == ("A1", date(2026, 3, 1), Decimal("1.50"))
    assert (first.flag("is_ripe"), first.number_or("rank", 9)) == (True, 2)
    assert (second.text("code"), second.day("picked"), second.amount("price")) == ("A2", None, None)
    assert (second.flag("is_ripe"), second.number_or("rank", 9), second.has("price")) == (False, 9, False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xff\xff", "既不是 UTF-8 也不是 GB18030"),
        (b"", "文件是空的"),
        (b",,\n", "文件是空的"),
        ("编码\n".encode(), "没有数据行"),
        ('编码\n"A1'.encode(), "不是有效的 CSV"),
        ("编码,产地\nA1,x\n".encode(), "不认识的列 产地"),
        ("单价\n1\n".encode(), r"缺少列 编码 \(code\)"),
        ("编码,code\nA1,A1\n".encode(), "重复的列 编码"),
        (b"{", "不是有效的 JSON"),
        (b'{"fruit": 1}', "应为对象的数组"),
        (b'{"fruit": [1]}', "应为对象的数组"),
        (b'{"nuts": []}', "没有名单 nuts"),
        (b'{"fruit": []}', "没有数据行"),
        (b'[{"code": {"a": 1}}]', "单元格应为文字或数字"),
        (b'[{"code": "1", "colour": "red"}]', "不认识的列 colour"),
    ],
)
def test_a_file_that_cannot_be_read_says_what_is_wrong(content: bytes, said: str) -> None:
    with pytest.raises(ListFileError, match=said):
        read_lists(content, [FRUIT, TREES])


def test_every_fault_is_named_with_line_and_header() -> None:
    content = "编码,单价,成熟\nA1,1.234,也许\n,5,\nA3,1,是,多\nA4\n".encode()
    file = read_lists(content, [FRUIT, TREES])

    assert [(one.line, one.column, one.code) for one in file.faults] == [
        (2, "单价", "people.money"),
        (2, "成熟", "people.yes_no"),
        (3, "编码", "people.empty"),
        (4, "", "people.cells"),
    ]
    with pytest.raises(ListFaultsError, match="共 4 处") as refused:
        refuse_faults(list(reversed(file.faults)))
    assert [one.line for one in refused.value.faults] == [2, 2, 3, 4]
    refuse_faults([])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(ListFileError):
        read_lists(content, [FRUIT, TREES])


GOOD: list[tuple[Rule, str, object]] = [
    (cells.day, "2026-3-1", date(2026, 3, 1)),
    (cells.day, "2026/03/01 00:00:00", date(2026, 3, 1)),
    (cells.day, "20260301", date(2026, 3, 1)),
    (cells.day, "2026年3月1日", date(2026, 3, 1)),
    (cells.first_day, "2026-02", date(2026, 2, 1)),
    (cells.last_day, "2028年2月", date(2028, 2, 29)),
    (cells.last_day, "2026-03-01", date(2026, 3, 1)),
    (cells.money, "1,234.50", Decimal("1234.50")),
    (cells.money, "0", Decimal(0)),
    (cells.flag, "no", False),
    (cells.district, "350203", "350203"),
    (cells.rank, "99", 99),
    (cells.year, "2026年", 2026),
    (cells.institution_code, "P35020300001", "P35020300001"),
    (cells.one_of({"男": "1"}), "男", "1"),
    (cells.name_or_digits({"职工": "310"}, 6), "职工", "310"),
    (cells.name_or_digits({"职工": "310"}, 6), "399", "399"),
    (cells.text, "任何（全角）：文字", "任何（全角）：文字"),
    (cells.number, "Ｐ１", "P1"),
    (cells.institution_code, "Ｐ１", "P1"),
    (cells.day, "２０２６－０３－０１", date(2026, 3, 1)),
    (cells.money, "１．５", Decimal("1.5")),
    (cells.district, "３５０２０３", "350203"),
    (cells.rank, "２", 2),
    (cells.flag, "ｙｅｓ", True),
    (cells.name_or_digits({}, 6), "３１０", "310"),
]


@pytest.mark.parametrize(("rule", "cell", "value"), GOOD)
def test_a_cell_means_what_it_says(rule: Rule, cell: str, value: object) -> None:
    assert rule(cell) == value


@pytest.mark.parametrize(
    ("rule", "cell", "code"),
    [
        (cells.day, "2026-02-30", "people.day"),
        (cells.day, "01.03.2026", "people.day"),
        (cells.first_day, "2026-13", "people.day"),
        (cells.money, "-1", "people.money"),
        (cells.money, "1.001", "people.money"),
        (cells.money, "NaN", "people.money"),
        (cells.money, "一元", "people.money"),
        (cells.money, "1" * 17, "people.money"),
        (cells.flag, "也许", "people.yes_no"),
        (cells.district, "3502", "people.district"),
        (cells.rank, "0", "people.rank"),
        (cells.year, "26", "people.year"),
        (cells.rank, "½", "people.rank"),
        (cells.number, "3.50203E+17", "people.scientific"),
        (cells.number, "a b", "people.number"),
        (cells.number, "x" * 51, "people.number"),
        (cells.institution_code, "P-1", "people.institution_code"),
        (cells.one_of({"男": "1"}), "他", "people.not_in_list"),
        (cells.name_or_digits({"职工": "310"}, 6), "城镇", "people.not_in_list"),
        (cells.text, "x" * 201, "people.text"),
        (cells.text, "a\x00b", "people.text"),
    ],
)
def test_a_cell_that_cannot_be_used_says_why(rule: Rule, cell: str, code: str) -> None:
    with pytest.raises(CellError) as refused:
        rule(cell)
    assert refused.value.code == code
    assert refused.value.words.zh
    assert refused.value.words.en


@pytest.mark.parametrize(
    ("certno", "found"),
    [
        ("990101198503150113", (date(1985, 3, 15), "1")),
        ("99010119870922022X", None),
        ("990101198702300111", None),
        ("9901018503150113", None),
        ("99010119850315011A", None),
    ],
)
def test_an_identity_card_says_birth_day_and_sex(certno: str, found: tuple[date, str] | None) -> None:
    if found is not None:
        assert cells.identity_card(certno) == found
        return
    with pytest.raises(CellError):
        cells.identity_card(certno)
