"""1301 and its kin with 9102, 1312 and 1316–1319, 3301 and 3302: what is listed, and what settles by it."""

from __future__ import annotations

import base64
import io
import itertools
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from server.fsi.dispatch import HANDLERS
from server.lists.importing import import_list
from server.lists.kinds import KINDS, file_kinds
from server.lists.shelf import Promise, Shelf
from server.people.roles import COMMAND_LINE
from server.store import institutions, insurance_catalogue, list_rows
from server.store.database import Store
from server.store.institutions import Caller, CallerKind
from server.store.insurance_catalogue import ITEMS, Version
from tests.server.fsi.counter import Counter, first, item, limit, open_counter, refused
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY, TOKEN, Office
from wire.fsi.checking import check_output
from wire.fsi.json_text import decode_json
from wire.fsi.tables import transaction

PAGE = {"updt_time": "2020-01-01", "page_num": 1, "page_size": 100}


@pytest.fixture
def counter(store: Store) -> Counter:
    return open_counter(store)


def put_version(store: Store, version: int, *codes: str, name: str = "1301", is_valid: bool = True) -> None:
    """Change some items of a list under a version."""
    with store.writing() as connection:
        rows = [replace(item(code, "02"), list=name, version=version, is_valid=is_valid) for code in codes]
        insurance_catalogue.put_items(connection, rows)
        insurance_catalogue.add_version(connection, Version(name, version, NOON, "admin", "f", len(rows)))


def done(office: Office, infno: str, business: object, **envelope: object) -> dict[str, Any]:
    """Return the output of a message that is taken, held against its table."""
    reply, answer = office.post(office.body(infno, business, **envelope))
    assert answer["infcode"] == 0, answer["err_msg"]
    output: dict[str, Any] = decode_json(reply.body)["output"]  # type: ignore[index,call-overload,assignment]
    assert check_output(output, transaction(infno, office.area)) == ()
    return output


def ask(office: Office, version: str, infno: str = "1301") -> dict[str, Any]:
    return done(office, infno, {"data": {"ver": version}})


def fetch(office: Office, number: str, code: str = PHARMACY, **envelope: object) -> dict[str, object]:
    named = {"file_qury_no": number, "filename": "plc", "fixmedins_code": code}
    return office.say("9102", {"fsDownloadIn": named}, fixmedins_code=code, **envelope)


def lines(answer: dict[str, Any]) -> list[list[str]]:
    assert answer["infcode"] == 0, answer["err_msg"]
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(answer["output"]["in"]))) as archive:
        (name,) = archive.namelist()
        text = archive.read(name).decode("utf-8")
    return [line.split("\t") for line in text.splitlines()]


def codes(output: dict[str, Any], name: str = "hilist_code") -> list[str]:
    return [row[name] for row in output["data"]]


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_list_is_asked_for_and_fetched_as_lines_of_97_columns(office: Office) -> None:
    put_version(office.store, 7, "XA1", "ZB2")
    asked = ask(office, "0")
    assert (asked["data_cnt"], asked["dld_end_time"]) == (2, "2026-03-17")
    found = lines(fetch(office, asked["file_qury_no"]))
    names = [column.name for column in KINDS["1301"].columns]
    assert [len(line) for line in found] == [97, 97]
    line = dict(zip(names, found[0], strict=True))
    assert (line["med_list_codg"], line["drug_genname"], line["ver"]) == ("XA1", "药品XA1", "000000000007")
    assert (line["begndate"], line["enddate"], line["vali_flag"]) == ("2020-01-01", "null", "1")
    assert line["nat_hi_druglist_chrgitm_lv"] == "乙"
    assert line["chemname"] == "null"


def test_only_what_changed_since_the_version_that_is_held_comes(office: Office) -> None:
    put_version(office.store, 1, "XA1", "XA2", "XA3")
    put_version(office.store, 2, "XA2", is_valid=False)
    asked = ask(office, "000000000001")
    (line,) = lines(fetch(office, asked["file_qury_no"]))
    assert (line[0], line[78], asked["data_cnt"]) == ("XA2", "0", 1)
    nothing = ask(office, "2")
    assert (nothing["data_cnt"], lines(fetch(office, nothing["file_qury_no"]))) == (0, [])


def test_a_list_is_read_in_parts_and_none_is_lost_between_them(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_rows, "_PART", 2)
    for count in (1, 2, 3, 4, 5):
        put_version(office.store, count, f"XA{count}")
        with office.store.writing() as connection:
            twice = replace(item(f"XA{count}", "02"), from_day=NOON.date(), version=count)
            insurance_catalogue.put_items(connection, [twice])
        found = lines(fetch(office, ask(office, "0")["file_qury_no"]))
        assert [line[0] for line in found] == [f"XA{one}" for one in range(1, count + 1) for _ in range(2)]


def test_every_list_has_its_own_items_and_columns(office: Office) -> None:
    for kind in file_kinds():
        put_version(office.store, 1, f"C{kind.number}", name=kind.number)
    for kind in file_kinds():
        (line,) = lines(fetch(office, ask(office, "0", kind.number)["file_qury_no"]))
        assert (line[0], len(line)) == (f"C{kind.number}", len(kind.columns))


def test_a_list_that_the_centre_does_not_have_is_empty_and_said_to_be(office: Office) -> None:
    answer = office.say("1301", {"data": {"ver": "0"}})
    assert answer["infcode"] == 0
    assert "1301" in str(answer["warn_msg"])


def test_a_version_that_was_never_given_out_is_refused(office: Office) -> None:
    put_version(office.store, 2, "XA1")
    for version in ("F001", "3", "-1", "1.0", "９"):
        assert refused(office.say("1301", {"data": {"ver": version}})) == "fsi.list_version", version


def test_a_file_is_for_who_asked_and_for_a_week(office: Office) -> None:
    put_version(office.store, 1, "XA1")
    number = ask(office, "0")["file_qury_no"]
    bind_hospital(office)
    assert refused(fetch(office, number, HOSPITAL, fixmedins_name="示例医院")) == "fsi.file_refused"
    office.clock.now = NOON.replace(day=17, hour=23, minute=59)
    assert len(lines(fetch(office, number))) == 1
    office.clock.forward(minutes=1)
    assert refused(fetch(office, number)) == "fsi.file_refused"


def another(office: Office) -> Office:
    """Return another process at the same store."""
    return Office(office.store, numbers=itertools.count(5_000))


def bind_hospital(office: Office) -> None:
    with office.store.writing() as connection:
        institutions.bind_caller(connection, Caller(CallerKind.TOKEN, TOKEN, HOSPITAL, "admin", NOON))


def test_a_file_stays_as_it_was_promised_or_is_refused(office: Office) -> None:
    put_version(office.store, 1, "XA1", "XA2")
    before, late = ask(office, "0")["file_qury_no"], ask(office, "0")["file_qury_no"]
    assert len(lines(fetch(office, before))) == 2
    put_version(office.store, 2, "XA2")
    assert len(lines(fetch(office, late))) == 2, "the file that was made is given to all who were promised it"
    elsewhere = another(office)
    assert refused(fetch(elsewhere, late)) == "fsi.list_moved"
    assert len(lines(fetch(office, ask(office, "1")["file_qury_no"]))) == 1


def test_the_shelf_forgets_what_was_not_asked_for_longest(office: Office) -> None:
    put_version(office.store, 1, "XA1")
    put_version(office.store, 1, "C1", name="1306")
    shelf = Shelf(most_bytes=1)
    with office.store.reading() as connection:
        one = shelf.content(connection, Promise("1301", 0, 1, 1))
        shelf.content(connection, Promise("1306", 0, 1, 1))
        assert shelf.content(connection, Promise("1301", 0, 1, 1)) == one


def test_a_file_that_was_fetched_can_be_imported_elsewhere(store: Store, tmp_path: Path) -> None:
    office = Office(store).furnish()
    put_version(store, 1, "XA1", "ZB2")
    answer = fetch(office, ask(office, "0")["file_qury_no"])
    file = tmp_path / "1301.zip"
    file.write_bytes(base64.b64decode(answer["output"]["in"]))  # type: ignore[index,call-overload]
    with store.reading() as connection:
        before = ITEMS.records(connection.execute(ITEMS.table.select().order_by(ITEMS.table.c.code)))
    again = import_list(store, file, KINDS["1301"], 2, by=COMMAND_LINE, now=NOON)
    assert again.counts.added == 0
    with store.reading() as connection:
        after = ITEMS.records(connection.execute(ITEMS.table.select().order_by(ITEMS.table.c.code)))
    assert [(one.code, one.name, one.charge_class, one.from_day) for one in after] == [
        (one.code, one.name, one.charge_class, one.from_day) for one in before
    ]


# -- pages -------------------------------------------------------------------------------------------------------------


def test_items_come_as_settlement_has_them(counter: Counter) -> None:
    put_version(counter.office.store, 1, "A01.000", name="1307")
    with counter.office.store.writing() as connection:
        disease = replace(item("A01.000", ""), list="1307", list_type="")
        insurance_catalogue.put_items(connection, [disease])
    output = done(counter.office, "1312", {"data": PAGE})
    assert codes(output) == ["XA01AA0001", "XB02BB0002", "XC03CC0003", "XD04DD0004"]
    assert [row["chrgitm_lv"] for row in output["data"]] == ["01", "02", "02", "02"]
    assert codes(done(counter.office, "1316", {"data": PAGE}), "med_list_codg") == codes(output)


ASKED: list[tuple[str, dict[str, object], list[str]]] = [
    ("1312", {"hilist_code": "XB02BB0002"}, ["XB02BB0002"]),
    ("1312", {"chrgitm_lv": "01"}, ["XA01AA0001"]),
    ("1312", {"hilist_name": "CC"}, ["XC03CC0003"]),
    ("1312", {"hilist_name": "%"}, []),
    ("1312", {"lmt_used_flag": "1"}, ["XZ"]),
    ("1312", {"lmt_used_flag": "0", "chrgitm_lv": "03"}, ["XY"]),
    ("1312", {"vali_flag": "0"}, ["XY"]),
    ("1312", {"query_date": "2019-12-31"}, []),
    ("1312", {"begndate": "2020-01-01", "chrgitm_lv": "01"}, ["XA01AA0001"]),
    ("1312", {"updt_time": "2026-03-11"}, []),
    ("1318", {}, ["XB02BB0002", "XD04DD0004"]),
    ("1318", {"insu_admdvs": "350203"}, ["XB02BB0002", "XD04DD0004"]),
    ("1318", {"insu_admdvs": "430100"}, ["XB02BB0002"]),
    ("1318", {"insu_admdvs": "100000"}, ["XB02BB0002"]),
    ("1318", {"overlmt_dspo_way": "2"}, []),
    ("1319", {}, ["XC03CC0003", "XC03CC0003"]),
    ("1319", {"selfpay_prop_psn_type": "0"}, ["XC03CC0003"]),
    ("1319", {"selfpay_prop_psn_type": "12"}, ["XC03CC0003"]),
]


def test_a_page_has_what_was_asked_for(counter: Counter) -> None:
    with counter.office.store.writing() as connection:
        marked = replace(item("XZ", "03"), fields={"lmt_used_flag": "1"})
        insurance_catalogue.put_items(connection, [replace(item("XY", "03"), is_valid=False), marked])
        insurance_catalogue.put_price_limits(connection, [limit("XD04DD0004", "5.5", district="350200")])
        insurance_catalogue.put_pays_first(connection, [first("XC03CC0003", "0.05", psn_type="12")])
    for infno, wanted, expected in ASKED:
        assert codes(done(counter.office, infno, {"data": PAGE | wanted})) == expected, (infno, wanted)


def test_prices_and_shares_are_told_exactly(counter: Counter) -> None:
    (price,) = done(counter.office, "1318", {"data": PAGE})["data"]
    (share,) = done(counter.office, "1319", {"data": PAGE})["data"]
    assert (Decimal(str(price["hilist_pric_uplmt_amt"])), price["insu_admdvs"]) == (Decimal(10), "100000")
    assert (Decimal(str(share["selfpay_prop"])), share["selfpay_prop_psn_type"]) == (Decimal("0.1"), "0")


def test_pages_that_cannot_be_are_refused(office: Office) -> None:
    asked: list[tuple[dict[str, object], str]] = [
        ({"page_num": 0}, "fsi.page"),
        ({"page_size": 0}, "fsi.page"),
        ({"page_size": 1001}, "fsi.page"),
        ({"rid": "1"}, "fsi.query_field"),
        ({"updt_time": "soon"}, "fsi.not_a_date"),
    ]
    for wanted, code in asked:
        assert refused(office.say("1318", {"data": PAGE | wanted})) == code, wanted


def test_the_next_pages_are_complete_though_rows_change_and_leave(office: Office) -> None:
    """Counting from the beginning, XC would slip to the first page, which was given already."""
    put_version(office.store, 1, "XA", "XB", "XC", "XD", "XE")
    query = PAGE | {"vali_flag": "1", "page_size": 2}
    assert codes(done(office, "1312", {"data": query})) == ["XA", "XB"]
    put_version(office.store, 2, "XA", is_valid=False)
    put_version(office.store, 3, "XB")
    assert codes(done(office, "1312", {"data": query | {"page_num": 2}})) == ["XC", "XD"]
    assert codes(done(office, "1312", {"data": query | {"page_num": 3}})) == ["XE"]
    assert codes(done(office, "1312", {"data": query | {"page_num": 4}})) == []
    # A process that has given no page knows no end of it, and still misses nothing.
    for page_num, expected in ((2, ["XC", "XD"]), (3, ["XE"]), (4, []), (5, [])):
        assert codes(done(another(office), "1312", {"data": query | {"page_num": page_num}})) == expected


def test_a_restart_between_pages_gives_rows_twice_rather_than_never(office: Office) -> None:
    put_version(office.store, 1, "XA", "XB", "XC", "XD", "XE")
    query = PAGE | {"vali_flag": "1", "page_size": 2}
    put_version(office.store, 2, "XA", is_valid=False)
    # Nobody can tell whether the first page was fetched before XA left.
    assert codes(done(another(office), "1312", {"data": query})) == ["XB", "XC"]
    assert codes(done(another(office), "1312", {"data": query | {"page_num": 2}})) == ["XC", "XD"]
    assert codes(done(another(office), "1312", {"data": query | {"page_num": 3}})) == ["XE"]
    # A day later nobody is in the middle of his pages any more.
    later = another(office)
    later.clock.forward(hours=25)
    assert codes(done(later, "1312", {"data": query | {"page_num": 2}})) == ["XD", "XE"]
    # What others changed does not matter for who asks for a key.
    asked = query | {"hilist_code": "XE", "page_num": 2}
    assert codes(done(another(office), "1312", {"data": asked})) == []


# -- matches -----------------------------------------------------------------------------------------------------------


def match(own: str = "own-1", code: str = "XA01AA0001", **said: object) -> dict[str, object]:
    return {
        "fixmedins_hilist_id": own,
        "fixmedins_hilist_name": f"自有{own}",
        "list_type": "101",
        "med_list_codg": code,
        "begndate": "2026-01-01",
        "enddate": "2026-12-31",
        **said,
    }


def take_back(own: str = "own-1", code: str = "XA01AA0001", **said: object) -> dict[str, object]:
    named = {"fixmedins_code": PHARMACY, "fixmedins_hilist_id": own, "list_type": "101", "med_list_codg": code}
    return {"data": [named | said]}


def test_matches_are_kept_shown_and_taken_back(counter: Counter) -> None:
    office = counter.office
    done(office, "3301", {"data": [match(), match("own-2", "XB02BB0002", memo="小盒")]})
    shown = done(office, "1317", {"data": PAGE})["data"]
    assert [(row["medins_list_codg"], row["med_list_codg"], row["vali_flag"]) for row in shown] == [
        ("own-1", "XA01AA0001", "1"),
        ("own-2", "XB02BB0002", "1"),
    ]
    assert codes(done(office, "1316", {"data": PAGE | {"medins_list_codg": "own-2"}})) == ["XB02BB0002"]
    done(office, "3302", take_back())
    shown = done(office, "1317", {"data": PAGE | {"medins_list_codg": "own-1"}})["data"]
    assert [row["vali_flag"] for row in shown] == ["0"]
    assert refused(office.say("3302", take_back())) == "fsi.match"
    done(office, "3301", {"data": [match(code="XB02BB0002")]})


def test_a_match_is_what_a_sale_is_settled_by_while_it_stands(counter: Counter) -> None:
    def own_pay() -> Decimal:
        sale = counter.sale(counter.line("XNOWHERE", medins_list_codg="own-1"))
        setlinfo = done(counter.office, "2101", sale)["setlinfo"]
        return Decimal(setlinfo["fulamt_ownpay_amt"])

    done(counter.office, "3301", {"data": [match()]})
    matched = own_pay()
    done(counter.office, "3302", take_back())
    assert (matched, own_pay()) == (Decimal(0), Decimal(100))


def test_an_earlier_end_makes_room_for_another_item(counter: Counter) -> None:
    office = counter.office
    done(office, "3301", {"data": [match()]})
    later = match(code="XB02BB0002", begndate="2026-07-01")
    assert refused(office.say("3301", {"data": [later]})) == "fsi.match"
    done(office, "3301", {"data": [match(enddate="2026-06-30"), later]})


def test_wrong_rows_are_named_and_nothing_is_kept(counter: Counter) -> None:
    wrong: list[tuple[list[dict[str, object]], str]] = [
        ([match(code="XNONE")], "data[0].med_list_codg"),
        ([match(), match("own-2", enddate="2025-12-31")], "data[1].enddate"),
        ([match(list_type="301")], "data[0].list_type"),
        ([match(), match(code="XB02BB0002")], "data[1].med_list_codg"),
        ([match(), match()], "data[1].med_list_codg"),
        ([match(), match(code="")], "data[1].med_list_codg"),
    ]
    for rows, path in wrong:
        answer = counter.office.say("3301", {"data": rows})
        assert refused(answer) == "fsi.match"
        assert path in str(answer["err_msg"])
    assert done(counter.office, "1317", {"data": PAGE})["data"] == []


def test_every_wrong_row_is_named(counter: Counter) -> None:
    answer = counter.office.say("3301", {"data": [match(code="XN1"), match("own-2", "XN2")]})
    assert "data[0].med_list_codg" in str(answer["warn_msg"])
    assert "data[1].med_list_codg" in str(answer["warn_msg"])


def test_nobody_sees_or_takes_back_what_is_anothers(counter: Counter) -> None:
    office = counter.office
    done(office, "3301", {"data": [match()]})
    assert refused(office.say("3302", take_back(fixmedins_code=HOSPITAL))) == "fsi.match"
    assert refused(office.say("1317", {"data": PAGE | {"fixmedins_code": HOSPITAL}})) == "fsi.query_field"
    bind_hospital(office)
    theirs = office.say("1317", {"data": PAGE}, fixmedins_code=HOSPITAL, fixmedins_name="示例医院")
    assert theirs["output"] == {"data": []}


def test_the_tables_of_all_lists_are_handled() -> None:
    listed = {one for one in HANDLERS if one.startswith(("13", "33"))}
    assert listed == {kind.number for kind in file_kinds()} | {"1312", "1316", "1317", "1318", "1319", "3301", "3302"}
