"""A national list is taken whole or not at all, under a new version, and only what differs is written."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.lists.importing import Imported, ListVersionError, import_list
from server.lists.kinds import KINDS
from server.lists.reading import lines_of
from server.lists.showing import shown_lists
from server.people.list_file import Counts, ListFaultsError, ListFileError
from server.people.roles import COMMAND_LINE
from server.store import audit, insurance_catalogue
from server.store.database import Store
from server.store.insurance_catalogue import Item, PaysFirst, PriceLimit
from tests.server.fsi.office import NOON

SEED = Path(__file__).parents[3] / "config" / "seed" / "insurance_lists"
HEAD = "医疗目录编码,药品通用名,收费项目等级,开始日期,结束日期,有效标志\n"


def take(
    store: Store, tmp_path: Path, text: str | bytes, kind: str = "1301", version: int = 1, *, is_trial: bool = False
) -> Imported:
    file = tmp_path / "list.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_list(store, file, KINDS[kind], version, by=COMMAND_LINE, now=NOON, is_trial=is_trial)


def item_of(store: Store, code: str, day: date = date(2026, 3, 10)) -> Item | None:
    with store.reading() as connection:
        return insurance_catalogue.load_items_on(connection, [code], day).get(code)


def faults(error: ListFaultsError) -> list[tuple[int, str, str]]:
    return [(one.line, one.column, one.code) for one in error.faults]


def test_a_list_is_added_changed_and_left_as_it_was(store: Store, tmp_path: Path) -> None:
    first = take(store, tmp_path, HEAD + "XA,甲药,甲,2026-01-01,,\nXB,乙药,乙,,,\n")
    assert (first.counts, first.version) == (Counts(2, 0, 0), 1)
    same = take(store, tmp_path, HEAD + "XA,甲药,甲,2026-01-01,,\n", version=9)
    assert (same.counts, same.version) == (Counts(0, 0, 1), 1), "what changes nothing is no version"
    second = take(store, tmp_path, HEAD + "XA,甲药,乙,2026-01-01,,\nXB,乙药,乙,,,\n", version=2)
    assert (second.counts, second.version) == (Counts(0, 1, 1), 2)
    changed, unchanged = item_of(store, "XA"), item_of(store, "XB")
    assert changed is not None
    assert unchanged is not None
    assert (changed.charge_class, changed.version, unchanged.version) == ("02", 2, 1)
    assert (changed.list_type, changed.charge_kind, unchanged.from_day) == ("101", "09", date(1900, 1, 1))
    with store.reading() as connection:
        actions = [one.action for one in audit.load_audit(connection, after=0, limit=9)]
    assert actions == ["list.import", "list.import"]
    (shown,) = shown_lists(store)
    assert (shown.kind.number, shown.rows, shown.versions) == ("1301", 2, 2)


def test_a_trial_writes_nothing(store: Store, tmp_path: Path) -> None:
    assert take(store, tmp_path, HEAD + "XA,甲药,甲,,,\n", is_trial=True).counts == Counts(1, 0, 0)
    assert shown_lists(store) == []


@pytest.mark.parametrize("version", [1, 2])
def test_a_version_that_is_not_new_is_refused(store: Store, tmp_path: Path, version: int) -> None:
    take(store, tmp_path, HEAD + "XA,甲药,甲,,,\n", version=2)
    with pytest.raises(ListVersionError):
        take(store, tmp_path, HEAD + "XA,甲药,乙,,,\n", version=version)


def test_every_wrong_line_is_named_and_nothing_is_taken(store: Store, tmp_path: Path) -> None:
    text = HEAD + ",无码,甲,,,\nXB,,甲,,,\nXC,药,丁,,,\nXD,药,甲,2026-02-30,,\nXE,药,甲,2026-02-01,2026-01-01,\n"
    text += "XF,药,甲,,,\nXF,药,甲,,,\nXG,药\nXH,药,甲,,,是否\n"
    with pytest.raises(ListFaultsError) as caught:
        take(store, tmp_path, text)
    assert faults(caught.value) == [
        (2, "med_list_codg", "lists.code"),
        (3, "drug_genname", "lists.name"),
        (4, "chrgitm_lv", "people.not_in_list"),
        (5, "begndate", "people.day"),
        (6, "enddate", "lists.span"),
        (8, "", "lists.twice"),
        (9, "", "lists.cells"),
        (10, "vali_flag", "people.yes_no"),
    ]
    assert shown_lists(store) == []


def test_amounts_are_taken_exactly_or_refused(store: Store, tmp_path: Path) -> None:
    wrong = [
        ("1318", "XA,,,,,9.1234567", "hilist_pric_uplmt_amt"),
        ("1318", "XA,,,,,-1", "hilist_pric_uplmt_amt"),
        ("1318", "XA,,,,,1e30", "hilist_pric_uplmt_amt"),
        ("1318", "XA,,,,,", "hilist_pric_uplmt_amt"),
        ("1318", "XA,特级,,,,1", "level"),
        ("1318", "XA,,3502,,,1", "insu_admdvs"),
        ("1319", "XA,,,,,1.1", "selfpay_prop"),
        ("1319", "XA,,,,,0.12345", "selfpay_prop"),
        ("1319", "XA,,,,,ＮaN", "selfpay_prop"),
    ]
    for kind, line, column in wrong:
        head = (SEED / f"{kind}.csv").read_text(encoding="utf-8").partition("\n")[0]
        with pytest.raises(ListFaultsError) as caught:
            take(store, tmp_path, f"{head}\n{line}\n", kind)
        assert [one.column for one in caught.value.faults] == [column], line


def test_what_is_no_such_list_is_refused(store: Store, tmp_path: Path) -> None:
    wrong = [
        b"",
        "目录编码,没有的列,名称\n1,2,3\n".encode(),
        "目录编码,目录编码,名称\n1,2,3\n".encode(),
        b"a,b,c\n",
        b"\xff\xfe\x00\xff",
        b'med_list_codg,drug_genname\n"1,2',
        b"PK\x03\x04 no zip",
    ]
    for content in wrong:
        with pytest.raises(ListFileError):
            take(store, tmp_path, content)


def test_a_header_alone_is_no_list(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ListFaultsError):
        take(store, tmp_path, HEAD)


def test_a_zip_holds_one_file(store: Store, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", HEAD + "XA,药,甲,,,\n")
    assert take(store, tmp_path, packed.getvalue()).counts.added == 1
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("b.csv", "")
    with pytest.raises(ListFileError):
        take(store, tmp_path, packed.getvalue())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_of_other_offices_are_read(store: Store, tmp_path: Path, encoding: str) -> None:
    take(store, tmp_path, (HEAD + "XA,阿莫西林,甲,,,\n").encode(encoding))
    found = item_of(store, "XA")
    assert found is not None
    assert found.name == "阿莫西林"


def test_a_national_file_without_header_keeps_its_97_columns(store: Store, tmp_path: Path) -> None:
    names = [column.name for column in KINDS["1301"].columns]
    line = dict.fromkeys(names, "null") | {
        "med_list_codg": "ZA",
        "reg_name": '注册"名',
        "nat_hi_druglist_chrgitm_lv": "乙",
        "hi_nego_drug_flag": "1",
        "begndate": "2026-01-01 00:00:00",
        "ver": "F001_20260101",
        "chemname": "化学",
    }
    take(store, tmp_path, "\t".join(line.values()) + "\n")
    found = item_of(store, "ZA")
    assert found is not None
    assert (found.name, found.charge_class, found.is_negotiated, found.list_type) == ('注册"名', "02", True, "102")
    assert found.fields["chemname"] == "化学"
    assert "ver" not in found.fields


def test_limits_and_shares_settle_with_places_and_people(store: Store, tmp_path: Path) -> None:
    for kind in ("1318", "1319"):
        done = import_list(store, SEED / f"{kind}.csv", KINDS[kind], 1, by=COMMAND_LINE, now=NOON)
        assert done.counts.added > 10
    with store.reading() as connection:
        code = "XA10BKY024A001250199101"
        (price,) = insurance_catalogue.load_price_limits_on(connection, [code], NOON.date())
        (share,) = insurance_catalogue.load_pays_first_on(connection, [code], NOON.date())
    assert price == PriceLimit(code, "", "", date(2025, 1, 1), None, Decimal("58.000000"), "101", True, NOON)
    assert replace(share, updated_at=NOON) == PaysFirst(
        code, "", "", date(2025, 1, 1), None, Decimal("0.1500"), "101", True, NOON
    )


@pytest.mark.parametrize(("name", "kind"), [("1301.csv", "1301"), ("1306.tsv", "1306")])
def test_the_lists_that_are_shipped_can_be_imported(store: Store, name: str, kind: str) -> None:
    done = import_list(store, SEED / name, KINDS[kind], 20260101, by=COMMAND_LINE, now=NOON)
    assert done.counts.added >= 10
    again = import_list(store, SEED / name, KINDS[kind], 20260101, by=COMMAND_LINE, now=NOON)
    assert (again.counts.added, again.counts.changed, again.version) == (0, 0, 20260101)


@given(st.lists(st.lists(st.text(max_size=5), max_size=8), max_size=5), st.sampled_from(["\t", ","]))
def test_whatever_the_lines_are_they_are_read_or_named(rows: list[list[str]], sign: str) -> None:
    body = "\n".join(sign.join(row) for row in rows).encode(errors="replace")
    text = f"med_list_codg{sign}item_name\n".encode() + body
    try:
        found = list(lines_of(io.BytesIO(text), KINDS["1307"]))
    except ListFileError:
        return
    assert all(one.fault is not None or set(one.cells) <= {"med_list_codg", "item_name"} for one in found)
