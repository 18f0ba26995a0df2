"""The numbers of messages, made and checked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.fsi.message_ids import check_msgid, msgid_of, next_refmsgid

AT = datetime(2026, 10, 31, 16, 30, 5, tzinfo=UTC)
SHOP = "P35020000001"


def test_a_message_id_is_code_time_and_sequence():
    assert msgid_of(SHOP, AT, 7) == "P35020000001" + "20261101003005" + "0007"
    assert msgid_of(SHOP, AT, 10_007) == "P35020000001" + "20261101003005" + "0007"
    assert msgid_of("P1", AT, 7) == "P1" + "20261101003005" + "00000000000007"
    assert len(msgid_of("P" * 20, AT, 7)) == 30


def test_a_receivers_id_is_district_time_and_sequence():
    assert next_refmsgid("350200", AT, 42) == "350200" + "20261101003005" + "0000000042"
    assert next_refmsgid("3502", AT, 10**10 + 1) == "350200" + "20261101003005" + "0000000001"


@given(
    code=st.text("P0123456789", min_size=1, max_size=15),
    at=st.integers(1_500_000_000, 4_000_000_000),
    n=st.integers(0, 10**6),
)
def test_every_id_that_is_made_is_accepted(code, at, n):
    assert check_msgid(msgid_of(code, datetime.fromtimestamp(at, UTC), n), code) is None


@pytest.mark.parametrize(
    ("msgid", "what"),
    [
        ("P35020000002202611010030050001", "应以定点医药机构编号开头"),
        ("P35020000001202613010030050001", "14 位时间"),
        ("P350200000012026110100300", "14 位时间"),
        ("P35020000001２０２６1101003005000"[:30], "14 位时间"),
        ("P3502000000120261101003005001", "4 位数字顺序号"),
        ("P3502000000120261101003005000A", "4 位数字顺序号"),
        ("P35020000001202611010030050", "4 位数字顺序号"),
        ("P35020000001", "14 位时间"),
    ],
)
def test_a_wrong_id_says_which_part_is_wrong(msgid, what):
    found = check_msgid(msgid, SHOP)
    assert found is not None
    assert (found.path, found.code) == ("msgid", "fsi.msgid")
    assert what in found.words.zh
    assert "发送方报文ID" in found.words.zh


def test_another_length_of_code_takes_from_the_sequence():
    assert check_msgid("P1" + "20261101003005" + "1", "P1") is None
    assert check_msgid("P1" + "20261101003005", "P1") is not None
    assert check_msgid("anything", "P" * 16) is None
