"""3201 and 3202, with 9101 and 9102: books that agree, and each planted difference."""

from __future__ import annotations

import base64
import threading
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from server.fsi.transactions.files import LARGEST_BYTES
from server.settlement.statement_file import DOWN
from server.store import fsi_sessions, institutions, reconciliation
from server.store.database import Store
from server.store.standings import Standing
from tests.server.fsi.counter import DISTRICT, LI, Counter, file_store, open_counter, refused
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY
from wire.fsi.areas import shipped_area
from wire.fsi.checking import check_output
from wire.fsi.tables import transaction

Row = dict[str, str]


class Books:
    """The institution's own books."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.rows: list[Row] = []

    def keep(self, setlinfo: dict[str, Any], *, is_refund: bool = False) -> Row:
        row = {
            "setl_id": setlinfo["setl_id"],
            "mdtrt_id": setlinfo["mdtrt_id"],
            "psn_no": LI,
            "medfee_sumamt": f"{setlinfo['medfee_sumamt']:.2f}",
            "fund_pay_sumamt": f"{setlinfo['fund_pay_sumamt']:.2f}",
            "acct_pay": f"{setlinfo['acct_pay']:.2f}",
            "refd_setl_flag": "1" if is_refund else "0",
        }
        self.rows.append(row)
        return row

    def sell(self, price: str) -> dict[str, Any]:
        self.counter.office.clock.forward(minutes=1)
        info = self.counter.settle(self.counter.sale(self.counter.line(price=price)))
        self.keep(info)
        return info

    def refund(self, info: dict[str, Any]) -> None:
        undone: Any = self.counter.cancel(info)["output"]
        self.keep(undone["setlinfo"], is_refund=True)

    def sums(self) -> Row:
        names = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay")
        sums = {name: f"{sum(float(row[name]) for row in self.rows):.2f}" for name in names}
        return {**sums, "fixmedins_setl_cnt": str(len(self.rows))}

    def compare_totals(self, **said: str) -> tuple[str, str]:
        data = {
            "insutype": "310",
            "clr_type": "41",
            "setl_optins": DISTRICT,
            "stmt_begndate": "2026-03-01",
            "stmt_enddate": "2026-03-31",
            **self.sums(),
            **said,
        }
        answer: Any = self.counter.office.say("3201", {"data": data})
        assert answer["infcode"] == 0, answer["err_msg"]
        assert check_output(answer["output"], transaction("3201", self.counter.office.area)) == ()
        return answer["output"]["stmtinfo"]["stmt_rslt"], answer["output"]["stmtinfo"]["stmt_rslt_dscr"]

    def upload(self, **said: str) -> str:
        lines = "".join("\t".join(row.values()) + "\n" for row in self.rows)
        packed = BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("statement.txt", lines)
        data = {
            "in": base64.b64encode(packed.getvalue()).decode(),
            "filename": "statement.zip",
            "fixmedins_code": PHARMACY,
            **said,
        }
        answer: Any = self.counter.office.say("9101", {"fsUploadIn": data})
        assert answer["infcode"] == 0, answer["err_msg"]
        return str(answer["output"]["file_qury_no"])

    def compare(self, **said: str) -> list[Row]:
        answer: Any = self.counter.office.say("3202", {"data": self.asked(**said)})
        assert answer["infcode"] == 0, answer["err_msg"]
        assert check_output(answer["output"], transaction("3202", self.counter.office.area)) == ()
        return self.fetched(answer["output"]["fileinfo"]["file_qury_no"])

    def asked(self, **said: str) -> Row:
        sums = self.sums()
        del sums["acct_pay"]
        return {
            "setl_optins": DISTRICT,
            "file_qury_no": said.pop("file_qury_no", "") or self.upload(),
            "stmt_begndate": "2026-03-01",
            "stmt_enddate": "2026-03-31",
            "cash_payamt": "0",
            "clr_type": "41",
            **sums,
            **said,
        }

    def fetched(self, number: str) -> list[Row]:
        data = {"file_qury_no": number, "filename": "plc", "fixmedins_code": PHARMACY}
        answer: Any = self.counter.office.say("9102", {"fsDownloadIn": data})
        assert answer["infcode"] == 0, answer["err_msg"]
        with zipfile.ZipFile(BytesIO(base64.b64decode(answer["output"]["in"]))) as archive:
            (name,) = archive.namelist()
            text = archive.read(name).decode()
        return [dict(zip(DOWN, line.split("\t"), strict=True)) for line in text.splitlines()]


@pytest.fixture
def books(migrated_file: Path, tmp_path: Path) -> Iterator[Books]:
    """Three sales, of which one was cancelled."""
    with file_store(migrated_file, tmp_path) as store:
        yield kept_books(store)


def kept_books(store: Store) -> Books:
    found = Books(open_counter(store))
    for price in ("400.00", "20.00"):
        found.sell(price)
    found.refund(found.sell("5.00"))
    return found


def told(rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    return [(row["stmt_rslt"], row["setl_id"], row["refd_setl_flag"]) for row in rows]


def test_equal_books_agree_in_sum_and_in_each_record(books: Books) -> None:
    assert books.compare_totals()[0] == "000000"
    assert books.compare() == []


def test_a_record_that_only_the_institution_has(books: Books) -> None:
    books.rows.append({**books.rows[0], "setl_id": "20260310000000000000000001"})
    assert books.compare_totals()[0] == "000102"
    (row,) = books.compare()
    assert (row["stmt_rslt"], row["setl_id"], row["msgid"]) == ("000102", "20260310000000000000000001", "null")
    assert row["memo"] == "仅机构有：中心没有该笔结算 / institution only: the centre has no such settlement"


def test_figures_that_differ(books: Books) -> None:
    right = books.rows[0]["fund_pay_sumamt"]
    books.rows[0]["fund_pay_sumamt"] = "1.00"
    result, words = books.compare_totals()
    assert result == "000103"
    assert "基金 机构" in words
    (row,) = books.compare()
    assert told([row]) == [("000103", books.rows[0]["setl_id"], "0")]
    assert row["memo"] == f"fund_pay_sumamt 机构 1.00 中心 {right} / fund_pay_sumamt 1.00 there, {right} here"


def test_a_refund_that_the_institution_left_out(books: Books) -> None:
    refund = books.rows.pop()
    assert books.compare_totals()[0] == "000103"
    (row,) = books.compare()
    assert told([row]) == [("000103", refund["setl_id"], "1")]
    assert "缺该笔退费" in row["memo"]
    assert row["medfee_sumamt"] == "-5.00"


def test_a_settlement_that_the_institution_left_out(books: Books) -> None:
    missing = books.rows.pop(0)
    assert told(books.compare()) == [("000103", missing["setl_id"], "0")]


@pytest.mark.req("T-72")
def test_all_kinds_at_once_are_told_apart_on_either_database(store: Store) -> None:
    books = kept_books(store)
    assert books.compare_totals()[0] == "000000"
    assert books.compare() == []
    first, second, third, refund = books.rows
    books.rows = [
        {**first, "acct_pay": "0.01"},
        {**third, "refd_setl_flag": "0"},
        {**second, "setl_id": "S-unknown"},
        {**first, "refd_setl_flag": "1", "medfee_sumamt": "-400.00"},
    ]
    assert told(books.compare()) == [
        ("000103", first["setl_id"], "0"),
        ("000102", "S-unknown", "0"),
        ("000102", first["setl_id"], "1"),
        ("000103", second["setl_id"], "0"),
        ("000103", refund["setl_id"], "1"),
    ]


def test_what_a_reversal_struck_out_is_in_neither_book(books: Books) -> None:
    msgid = f"{PHARMACY}202603101200009901"
    books.counter.office.clock.forward(minutes=1)
    books.counter.settle(books.counter.sale(books.counter.line()), msgid=msgid)
    books.counter.reverse(msgid)
    assert books.compare_totals()[0] == "000000"
    assert books.compare() == []


def test_a_refund_of_another_day_belongs_to_its_own_day(books: Books) -> None:
    info = books.sell("7.00")
    march = list(books.rows)
    books.counter.office.clock.forward(days=30)
    books.refund(info)
    april = {"stmt_begndate": "2026-04-01", "stmt_enddate": "2026-04-30"}
    books.rows, both = march, books.rows
    assert books.compare_totals()[0] == "000000"
    books.rows = both[-1:]
    assert books.compare_totals(**april)[0] == "000000"
    assert books.compare(**april) == []
    (row,) = books.compare()[:1]
    assert "2026-04-09" in row["memo"]


@pytest.mark.parametrize(
    ("said", "result"),
    [
        ({"insutype": "390"}, "000102"),
        ({"clr_type": "11"}, "000102"),
        ({"setl_optins": "430100"}, "000102"),
        ({"setl_optins": "350000"}, "000000"),
    ],
)
def test_totals_are_of_one_kind_and_one_office(books: Books, said: Row, result: str) -> None:
    assert books.compare_totals(**said)[0] == result


def test_the_message_must_agree_with_its_own_file(books: Books) -> None:
    answer: Any = books.counter.office.say("3202", {"data": books.asked(fixmedins_setl_cnt="9")})
    assert "报文的笔数、总额、基金为 9" in answer["warn_msg"]


def test_refunds_can_be_compared_alone(books: Books) -> None:
    books.rows = books.rows[-1:]
    assert books.compare(refd_setl_flag="1") == []


def test_an_area_that_counts_the_account_as_a_fund_reads_its_own_figures(migrated_file: Path, tmp_path: Path) -> None:
    area = replace(shipped_area("base"), fund_pay_includes_account=True, acct_includes_mutual_aid=True)
    with file_store(migrated_file, tmp_path) as store:
        books = Books(open_counter(store, area=area))
        books.refund(books.sell("400.00"))
        books.sell("20.00")
        assert books.compare_totals()[0] == "000000"
        assert books.compare() == []


def test_what_was_compared_is_kept(books: Books) -> None:
    books.rows.pop()
    books.compare()
    with books.counter.office.store.reading() as connection:
        (run,) = reconciliation.load_comparison_page(connection, PHARMACY, limit=9)
        (one,) = reconciliation.load_differences(connection, run.id)
    assert (run.infno, run.result, run.settlements, run.our_settlements) == ("3202", "000103", 3, 4)
    assert (one.is_refund, one.medfee, one.our_medfee) == (True, None, -5)


def test_it_is_open_to_an_institution_whose_agreement_has_ended(books: Books) -> None:
    books.counter.office.stand(Standing.ENDED)
    assert books.compare_totals()[0] == "000000"
    assert books.compare() == []


@pytest.mark.parametrize("infno", ["3201", "3202"])
def test_others_write_while_the_books_are_read(books: Books, infno: str) -> None:
    store, told, is_stuck = books.counter.office.store, [], threading.Event()

    def write() -> None:
        with store.writing() as connection:
            fsi_sessions.forget_files(connection, NOON)
        told.append(infno)

    def reads(*said: Any) -> None:
        if "settlement.institution =" in said[2] and not is_stuck.is_set():
            other = threading.Thread(target=write)
            other.start()
            other.join(timeout=20)
            if other.is_alive():
                is_stuck.set()

    event.listen(store._engine, "before_cursor_execute", reads)
    if infno == "3201":
        assert books.compare_totals()[0] == "000000"
    else:
        assert books.compare() == []
    assert not is_stuck.is_set()
    assert set(told) == {infno}


class TestRefusals:
    """What cannot be compared, kept or fetched."""

    @pytest.mark.parametrize(
        "said",
        [
            {"stmt_begndate": "2026-04-01"},
            {"stmt_begndate": "2024-01-01"},
        ],
    )
    def test_days_that_do_not_do(self, books: Books, said: Row) -> None:
        answer = books.counter.office.say("3202", {"data": books.asked(**said)})
        assert refused(answer) == "reconciliation.file"

    def test_a_statement_that_was_not_uploaded(self, books: Books) -> None:
        answer = books.counter.office.say("3202", {"data": books.asked(file_qury_no="20260310999")})
        assert refused(answer) == "fsi.file_refused"

    def test_a_statement_that_cannot_be_read(self, books: Books) -> None:
        number = books.upload(**{"in": base64.b64encode(b"S1\tM1").decode()})
        answer = books.counter.office.say("3202", {"data": books.asked(file_qury_no=number)})
        assert refused(answer) == "reconciliation.file"
        assert "第 1 行应有 7 列" in str(answer["err_msg"])

    @pytest.mark.parametrize("more", [0, 1])
    def test_a_file_as_large_as_the_limit_goes_up_and_is_kept(self, books: Books, more: int) -> None:
        content = bytes(LARGEST_BYTES + more)
        data = {"in": base64.b64encode(content).decode(), "filename": "s.zip", "fixmedins_code": PHARMACY}
        answer: Any = books.counter.office.say("9101", {"fsUploadIn": data})
        if more:
            assert refused(answer) == "fsi.file_refused"
            assert f"{LARGEST_BYTES + 1}" in answer["err_msg"]
            return
        with books.counter.office.store.reading() as connection:
            kept = fsi_sessions.load_file(connection, answer["output"]["file_qury_no"])
        assert kept is not None
        assert kept.content == content

    def test_files_of_others_and_files_that_are_too_old(self, books: Books) -> None:
        number = books.upload()
        office = books.counter.office
        with office.store.writing() as connection:
            bound = institutions.Caller(institutions.CallerKind.TOKEN, "tok1", HOSPITAL, "admin", NOON)
            institutions.bind_caller(connection, bound)

        def fetch(code: str, stated: str) -> dict[str, object]:
            data = {"file_qury_no": number, "filename": "x", "fixmedins_code": stated}
            return office.say("9102", {"fsDownloadIn": data}, fixmedins_code=code)

        assert refused(fetch(HOSPITAL, HOSPITAL)) == "fsi.file_refused"
        assert refused(fetch(PHARMACY, HOSPITAL)) == "fsi.file_refused"
        assert fetch(PHARMACY, PHARMACY)["infcode"] == 0
        office.clock.forward(days=8)
        assert refused(fetch(PHARMACY, PHARMACY)) == "fsi.file_refused"
