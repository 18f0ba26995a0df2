"""One value by its field: what is taken, what is not, and that nothing is rounded."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codes.words import Words
from wire.fsi.fields import Dictionary, Field, Kind, Sign
from wire.fsi.shapes import Shape
from wire.fsi.values import (
    BEIJING,
    UnreadableValueError,
    is_absent,
    oddity_of,
    read_value,
    sign_fault,
    written,
)

LABEL = Words("字段", "field")


def field(kind: Kind, length: int | None = None, scale: int | None = None, **more) -> Field:
    return Field("f", kind, LABEL, length, scale, **more)


MONEY = field(Kind.NUMBER, 16, 2)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("12.30", "12.3"),
        (Decimal("12.300000"), "12.3"),
        (7, "7"),
        ("-0.05", "-0.05"),
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        (" 8 ", "8"),
        ("0.000", "0"),
        ("-0", "0"),
        (Decimal("1E+2"), "100"),
        ("99999999999999.99", "99999999999999.99"),
        ("100", "100"),
    ],
)
def test_a_number_is_read_exactly(raw, read):
    assert str(read_value(MONEY, raw)) == read


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "fsi.not_a_number"),
        ("1,000", "fsi.not_a_number"),
        ("1_000", "fsi.not_a_number"),
        ("NaN", "fsi.not_a_number"),
        ("Infinity", "fsi.not_a_number"),
        ("１２", "fsi.not_a_number"),
        ("0x1", "fsi.not_a_number"),
        ("1e2", "fsi.not_a_number"),
        ("120E-3", "fsi.not_a_number"),
        ("1e9999", "fsi.not_a_number"),
        (True, "fsi.not_a_number"),
        (None, "fsi.not_a_number"),
        (Decimal("Infinity"), "fsi.not_a_number"),
        ("1.001", "fsi.too_many_decimals"),
        (Decimal("0.005"), "fsi.too_many_decimals"),
        (Decimal("1e-999"), "fsi.too_many_decimals"),
        ("100000000000000", "fsi.too_long"),
        (Decimal("1e999"), "fsi.too_long"),
        (10**4000, "fsi.too_long"),
    ],
)
def test_a_number_that_does_not_fit_is_refused_with_its_reason(raw, code):
    with pytest.raises(UnreadableValueError) as refused:
        read_value(MONEY, raw)
    assert refused.value.code == code


@given(st.decimals(min_value=-(10**14) + 1, max_value=10**14 - 1, places=2))
def test_every_amount_comes_back_as_it_was(amount):
    for raw in (amount, f"{amount:f}"):
        read = read_value(MONEY, raw)
        assert read == amount
        assert isinstance(read, Decimal)


def test_a_number_without_a_size_is_bounded_all_the_same():
    assert read_value(field(Kind.NUMBER), "1" + "0" * 20) == Decimal(10) ** 20
    with pytest.raises(UnreadableValueError):
        read_value(field(Kind.NUMBER), Decimal("1e31"))


def test_an_exponent_in_a_text_is_named_as_that():
    with pytest.raises(UnreadableValueError) as refused:
        read_value(MONEY, " 1.5E+3 ")
    assert "科学计数法" in refused.value.words.zh


@pytest.mark.parametrize(
    ("of", "raw", "code"),
    [
        (field(Kind.CHAR), 1, "fsi.number_for_text"),
        (field(Kind.CHAR), Decimal("1.0"), "fsi.number_for_text"),
        (field(Kind.CHAR), "1", None),
        (field(Kind.CHAR), " 1", "fsi.blanks"),
        (field(Kind.CHAR), "A\x1d", None),
        (MONEY, 1, None),
        (MONEY, Decimal("0.001"), None),
        (MONEY, Decimal("1E+3"), "fsi.exponent"),
        (MONEY, "12.30", None),
        (MONEY, "12.30 ", "fsi.blanks"),
        (field(Kind.DATE), "2026-01-01 ", "fsi.blanks"),
    ],
)
def test_what_another_centre_may_misread_is_told(of, raw, code):
    found = oddity_of(of, raw)
    assert (found and found[0]) == code


def test_where_a_shape_is_only_advice_another_look_is_told():
    advised = field(Kind.CHAR, 6, shape=Shape.DISTRICT, is_shape_advice=True)
    assert read_value(advised, "35020x") == "35020x"
    assert (oddity_of(advised, "35020x") or ("",))[0] == "fsi.wrong_form"
    assert oddity_of(advised, "350200") is None


def test_a_number_in_place_of_a_text_is_shown_as_the_text_it_should_be():
    found = oddity_of(field(Kind.CHAR), 310)
    assert found is not None
    assert found[1].zh.startswith('是数值，应写成文本 "310"')


@pytest.mark.parametrize(
    ("sign", "number", "code"),
    [
        (None, -1, None),
        (Sign.NOT_NEGATIVE, 0, None),
        (Sign.NOT_NEGATIVE, "-0.01", "fsi.below_zero"),
        (Sign.POSITIVE, "0.0001", None),
        (Sign.POSITIVE, 0, "fsi.not_above_zero"),
        (Sign.POSITIVE, -1, "fsi.not_above_zero"),
    ],
)
def test_a_sign_that_makes_no_sense_is_named(sign, number, code):
    found = sign_fault(field(Kind.NUMBER, 16, 4, sign=sign), Decimal(number))
    assert (found and found[0]) == code


@pytest.mark.parametrize(
    ("shape", "good", "bad"),
    [
        (Shape.DISTRICT, ["350200", "110000"], ["35020x", "35020", "3502000", "３５０２００", "35 200"]),
        (Shape.CODE, ["P35020000001", "MBS_LOCAL", "a-1"], ["P3502 0000001", "药店1", "P35020000001;", "a.b"]),
        (Shape.VERSION, ["V1.0", "v1.24", "1.0", "V2"], ["abc", "V", "V1.", "1.x", "V１"]),
    ],
)
def test_a_text_has_the_shape_of_its_field(shape, good, bad):
    shaped = field(Kind.CHAR, 20, shape=shape)
    assert [read_value(shaped, one) for one in good] == good
    for one in bad:
        with pytest.raises(UnreadableValueError, match="wrong_form") as refused:
            read_value(shaped, one)
        assert one in refused.value.words.zh


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("中文", "中文"),
        ("  a b　", "a b"),
        (310, "310"),
        (Decimal("12.5"), "12.5"),
        ("0106901234567892\x1d21A", "0106901234567892\x1d21A"),
        ("A\x1d", "A\x1d"),
        ("🙂", "🙂"),
    ],
)
def test_a_text_is_kept_without_the_blanks_around_it(raw, read):
    assert read_value(field(Kind.CHAR, 30), raw) == read


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("x" * 31, "fsi.too_long"),
        (True, "fsi.wrong_shape"),
        ([], "fsi.wrong_shape"),
        ({"a": 1}, "fsi.wrong_shape"),
        ("a\x00b", "fsi.bad_character"),
        ("a\ud800", "fsi.bad_character"),
    ],
)
def test_a_text_that_does_not_fit_is_refused(raw, code):
    with pytest.raises(UnreadableValueError) as refused:
        read_value(field(Kind.CHAR, 30), raw)
    assert refused.value.code == code


def test_a_text_may_stand_as_an_object_where_some_write_it_so():
    assert read_value(field(Kind.CHAR, 4000, may_be_object=True), {"a": Decimal("1.5")}) == '{"a":1.5}'


def test_a_code_must_be_in_a_complete_list_and_the_list_is_told():
    coded = field(Kind.CHAR, 3, dictionary=Dictionary({"1": Words("是", "yes")}, is_closed=True))
    assert read_value(coded, 1) == "1"
    with pytest.raises(UnreadableValueError) as refused:
        read_value(coded, "2")
    assert refused.value.words.zh == "的值“2”不在字典中，可取：1 是"
    assert refused.value.words.en == "is “2”, which is not one of: 1 yes"


def test_what_is_shown_of_a_wrong_value_is_short():
    coded = field(Kind.CHAR, dictionary=Dictionary({"1": Words("是", "yes")}, is_closed=True))
    with pytest.raises(UnreadableValueError) as refused:
        read_value(coded, "x" * 500)
    assert len(refused.value.words.zh) < 60


@pytest.mark.parametrize("raw", ["1950-02-28", "2024-02-29", " 9999-12-31 "])
def test_a_date_is_read(raw):
    assert read_value(field(Kind.DATE), raw) == date.fromisoformat(raw.strip())


def test_a_time_is_beijing_time():
    read = read_value(field(Kind.DATETIME), "2026-11-01 00:30:00")
    assert isinstance(read, datetime)
    assert read.astimezone(UTC) == datetime(2026, 10, 31, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw", ["2025-02-29", "2025-13-01", "20250101", "2025-W01-1", "0001-01-01", "", 20250101, None]
)
@pytest.mark.parametrize("kind", [Kind.DATE, Kind.DATETIME])
def test_what_is_no_date_is_refused(kind, raw):
    with pytest.raises(UnreadableValueError, match="not_a_date"):
        read_value(field(kind), f"{raw} 00:00:00" if kind is Kind.DATETIME and isinstance(raw, str) else raw)


@pytest.mark.parametrize(
    "raw", ["2026-01-01 24:00:00", "2026-01-01 00:60:00", "2026-01-01 00:00", "2026-01-01T00:00:00"]
)
def test_what_is_no_time_is_refused(raw):
    with pytest.raises(UnreadableValueError, match="not_a_date"):
        read_value(field(Kind.DATETIME), raw)


@pytest.mark.parametrize(
    ("raw", "content"),
    [("AAH/", b"\x00\x01\xff"), ("AA\nH/", b"\x00\x01\xff"), ([0, 1, -1], b"\x00\x01\xff"), ([255], b"\xff")],
)
def test_a_file_is_base64_or_a_list_of_bytes(raw, content):
    assert read_value(field(Kind.BYTES), raw) == content


@pytest.mark.parametrize("raw", ["AAH", "ä", [256], [-129], [1.5], [True], ["1"], 5, {}])
def test_what_is_no_file_is_refused(raw):
    with pytest.raises(UnreadableValueError, match="wrong_shape"):
        read_value(field(Kind.BYTES), raw)


@pytest.mark.parametrize("raw", [None, "", " ", "　\t", [], {}])
def test_nothing_is_absent(raw):
    assert is_absent(raw)


@pytest.mark.parametrize("raw", [0, False, "0", "\x1d", [None], {"a": None}])
def test_something_is_not_absent(raw):
    assert not is_absent(raw)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, 3, 4, 5, 999, tzinfo=BEIJING), "2026-01-02 03:04:05"),
        (datetime(2026, 1, 1, 20, 0, tzinfo=UTC), "2026-01-02 04:00:00"),
        (b"\x00\x01\xff", "AAH/"),
        ("a", "a"),
        (Decimal("1.10"), Decimal("1.10")),
    ],
)
def test_a_value_is_written_as_the_interface_writes_it(value, text):
    assert written(value) == text
