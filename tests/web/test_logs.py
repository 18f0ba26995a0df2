"""The log is one JSON object a line, whoever writes it, and keeps neither whole codes nor anybody's number."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from web.logs import configure_logs, hide_private, masked

TRACE = "83857930000879766660"
ID_NUMBER = "350203199001011234"


@pytest.fixture
def stream() -> io.StringIO:
    made = io.StringIO()
    configure_logs("info", made)
    return made


def lines(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_own_and_foreign_lines_have_one_form(stream: io.StringIO) -> None:
    structlog.get_logger("edge.x").info("scan.recorded", scanned=TRACE, name="阿莫西林")
    structlog.get_logger("edge.x").debug("left.out")
    logging.getLogger("paho").warning("a foreign %s", "line", extra={"reason": "x"})
    logging.getLogger("uvicorn.error").info("left out too")
    logging.getLogger("alembic.runtime").info("left out too")
    structlog.get_logger("edge.x").error("device.crashed", exc_info=ValueError("why"))
    own, foreign, crash = lines(stream)
    assert (own["event"], own["level"], own["scanned"]) == ("scan.recorded", "info", "8385793…20")
    assert own["name"] == "阿莫西林"
    assert own["timestamp"].endswith("Z")
    assert (foreign["event"], foreign["level"], foreign["reason"]) == ("a foreign line", "warning", "x")
    assert "ValueError: why" in crash["exception"]


def test_numbers_are_hidden_wherever_they_stand(stream: io.StringIO) -> None:
    log = structlog.get_logger("edge.x")
    log.info("id.read", reason=f"no such {ID_NUMBER}", parts=[ID_NUMBER], inside={"tel": "13800138000"})
    log.error("failed", exc_info=ValueError(f"cannot use {TRACE} of {ID_NUMBER}"))
    logging.getLogger("foreign").warning("value %s", ID_NUMBER, extra={"given": ID_NUMBER})
    written = stream.getvalue()
    assert ID_NUMBER not in written
    assert TRACE not in written
    assert "13800138000" not in written
    assert "cannot use 8385793…20 of …18" in lines(stream)[1]["exception"]


@pytest.mark.parametrize("name", ["password", "token", "operator", "raw"])
def test_some_fields_are_never_written(stream: io.StringIO, name: str) -> None:
    structlog.get_logger("edge.x").info("x", **{name: "k7mwq"})
    assert lines(stream)[0][name] == "…"
    assert "k7mwq" not in stream.getvalue()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (TRACE, "8385793…20"),
        (f"({TRACE})", "(8385793…20)"),
        (ID_NUMBER, "…18"),
        ("35020319900101123x", "…18"),
        ("13800138000", "…11"),
        ("424" + "1" * 25, "…28"),
        ("opc" + "a1" * 12 + "b", "…28"),
        ("0123456789", "0123456789"),
        ("serial:/dev/ttyACM0,9600", "serial:/dev/ttyACM0,9600"),
        ("018bcfe5-6800-7b3a-a7ef-f356bc289f83", "018bcfe5-6800-7b3a-a7ef-f356bc289f83"),
        ("yima/1/350200/07/counter-1/events", "yima/1/350200/07/counter-1/events"),
        ("a" * 32 + "12345678901234567890" + "b" * 12, "a" * 32 + "12345678901234567890" + "b" * 12),
        (f"]C1{TRACE[1:]}", "]C1385793…20"),
        (f"编号{ID_NUMBER}号", "编号…18号"),
        (f"id{ID_NUMBER}", "id…18"),
    ],
)
def test_what_a_log_may_say_of_a_text(text: str, kept: str) -> None:
    assert masked(text) == kept


@given(
    st.text("0123456789", min_size=11, max_size=40),
    st.text(" ,:;()=/'中xZ-", max_size=5),
    st.text(" ,:;()=/'中xZ-", max_size=5),
)
def test_no_long_number_survives_whatever_stands_around_it(number: str, before: str, after: str) -> None:
    assert number not in masked(f"{before}{number}{after}")


def test_what_is_no_text_stays_as_it_is() -> None:
    fields = {"count": 12345678901234, "none": None, "password": None, "_record": ID_NUMBER}
    assert hide_private(None, "info", dict(fields)) == fields
