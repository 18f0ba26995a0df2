from __future__ import annotations

import contextlib
import zipfile
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.settlement import statement_file
from server.settlement.errors import StatementFileError
from server.settlement.statement_file import Figures, parse_statement, write_table

ROW = "S1\tM1\tP1\t100.00\t60.00\tnull\t0"
REFUND = "S1\tnull\tP1\t-100.00\t-60\t0\t1"


def zipped(*texts: str) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for n, text in enumerate(texts):
            archive.writestr(f"{n}.txt", text)
    return packed.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        zipped(f"{ROW}\n{REFUND}\n"),
        zipped(f"{ROW}\r\n\r\n{REFUND}"),
        zipped(f"setl_id\tmdtrt_id\tpsn_no\tmedfee_sumamt\tfund_pay_sumamt\tacct_pay\trefd_setl_flag\n{ROW}\n{REFUND}"),
        f"{ROW}\n{REFUND}\n".encode("utf-8-sig"),
        f"{ROW}\t甲\n{REFUND}\t乙".encode("gb18030"),
    ],
    ids=["plain", "empty lines", "names", "no zip and a mark", "eighth column in GB 18030"],
)
def test_a_statement_is_read_however_it_is_packed(content: bytes) -> None:
    first, refund = parse_statement(content)
    assert (first.setl_id, first.mdtrt_id, first.psn_no, first.is_refund) == ("S1", "M1", "P1", False)
    assert first.figures == Figures(Decimal("100.00"), Decimal("60.00"), Decimal("0.00"))
    assert (refund.mdtrt_id, refund.is_refund) == ("", True)
    assert refund.figures.fund == Decimal("-60.00")


def test_without_a_flag_the_sign_says_that_it_is_a_refund() -> None:
    (refund,) = parse_statement(b"S1\tM1\tP1\t-5\t-1\t0\tnull")
    assert refund.is_refund


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("S1\tM1\tP1\t1\t1\t1", "第 1 行应有 7 列，实有 6 列"),
        (f"{ROW}\nnull\tM1\tP1\t1\t1\t1\t0", "第 2 行没有 setl_id"),
        ("S1\tM1\tP1\t1.005\t1\t1\t0", "medfee_sumamt 不是两位小数以内的金额：1.005"),
        ("S1\tM1\tP1\t1\tNaN\t1\t0", "fund_pay_sumamt"),
        ("S1\tM1\tP1\t1\t1\t1E99\t0", "acct_pay"),
        ("S1\tM1\tP1\t1\t1\t1\tY", "refd_setl_flag 应为 0 或 1：Y"),
        (f"{ROW}\nS\x002\tM1\tP1\t1\t1\t1\t0", "第 2 行的 setl_id 应为 30 个以内的可见字符：S?2"),
        ("S1\tM\u202e1\tP1\t1\t1\t1\t0", "mdtrt_id 应为"),
        ("S1\tM1\tP 1\t1\t1\t1\t0", "psn_no 应为"),
        (f"{'9' * 31}\tM1\tP1\t1\t1\t1\t0", f"setl_id 应为 30 个以内的可见字符：{'9' * 30}…"),
        ("S1\tM1\tP1\t1_0\t1\t1\t0", "medfee_sumamt 不是两位小数以内的金额：1_0"),
        ("S1\tM1\tP1\t１０\t1\t1\t0", "medfee_sumamt"),
        ("S1\tM1\tP1\t1E2\t1\t1\t0", "medfee_sumamt"),
        ("S1\tM1\tP1\t+1\t1\t1\t0", "medfee_sumamt"),
        ("S1\tM1\tP1\t1\t.5\t1\t0", "fund_pay_sumamt"),
        (f"S1\tM1\tP1\t1\t1\t{10**14}\t0", "acct_pay"),
        (f"{ROW}\n{ROW.replace('null', '9' * 14)}\n{ROW.replace('null', '1')}", "acct_pay 合计超过 14 位"),
        ("x\n" * 9, "另有 4 处"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(content: str, told: str) -> None:
    with pytest.raises(StatementFileError) as caught:
        parse_statement(content.encode())
    assert told in caught.value.words.zh


@pytest.mark.parametrize(
    "content",
    [
        zipped(),
        zipped(ROW, ROW),
        zipped(ROW)[:40],
        b"PK\x03\x04 and nothing of a zip",
        b"\xff\xfe\xff\xff\x81\x30",
    ],
    ids=["empty zip", "two files", "cut off", "no zip", "no text"],
)
def test_a_file_that_is_no_statement_is_refused(content: bytes) -> None:
    with pytest.raises(StatementFileError):
        parse_statement(content)


def test_a_statement_that_unpacks_to_more_than_a_statement_can_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_file, "_MOST_BYTES", 100)
    with pytest.raises(StatementFileError, match="过大"):
        parse_statement(zipped(f"{ROW}\n" * 9))
    with pytest.raises(StatementFileError, match="过大"):
        parse_statement(f"{ROW}\n".encode() * 9)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    with contextlib.suppress(StatementFileError):
        parse_statement(content)


def test_a_table_says_null_for_nothing_and_keeps_to_its_columns() -> None:
    packed = write_table([["a", "", "b\tc\nd"]], "differences.txt")
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        assert archive.namelist() == ["differences.txt"]
        assert archive.read("differences.txt") == b"a\tnull\tb c d\n"
    assert packed == write_table([["a", "", "b\tc\nd"]], "differences.txt")


def test_a_zip_that_was_damaged_on_the_way_cannot_be_opened_and_says_so() -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("s.txt", f"{ROW}\n{REFUND}\n" * 40)
    whole = packed.getvalue()
    refused = 0
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        try:
            parse_statement(bytes(damaged))
        except StatementFileError:
            refused += 1
    assert refused > len(whole) // 2


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_of_another_method_is_refused_before_it_is_unpacked(method: int) -> None:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("s.txt", ROW)
    with pytest.raises(StatementFileError, match="deflate"):
        parse_statement(packed.getvalue())


def test_more_lines_than_a_statement_has_are_refused_before_they_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(statement_file, "_MOST_LINES", 3)
    assert len(parse_statement(f"{ROW}\n".encode() * 3)) == 3
    with pytest.raises(StatementFileError, match="过大"):
        parse_statement(f"{ROW}\n".encode() * 4)
