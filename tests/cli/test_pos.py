"""What is open at the proxy, listed and ended by a person."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.app import app
from cli.pos import NoSuchQuestionError
from edge.store import pos_codes, pos_questions
from edge.store.database import opened_store
from edge.store.pos_codes import OwedRow, Owner
from edge.store.pos_questions import QuestionRow, QuestionState
from tests.edge.test_config import MINIMAL

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SHOP, MSGID, CODE = "P35020300001", "P35020300001202611231000000001", "86000110000000000001"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    store = tmp_path / "store"
    with opened_store(store) as connection, connection.begin():
        row = QuestionRow(SHOP, MSGID, "2102", AT, "d", QuestionState.OPEN, b"sealed", None)
        pos_questions.put_question(connection, row)
        pos_codes.bind_codes(connection, [CODE], Owner(SHOP, MSGID, ""), AT)
        owed = OwedRow(CODE, SHOP, "S1", "XJ01", "L1", b"{}", "waiting", "", AT)
        pos_codes.owe_codes(connection, [owed])
        pos_codes.set_owed(connection, [CODE], "waiting", "manu_lotnum manu_date")
    file = tmp_path / "edge.toml"
    file.write_text(f'{MINIMAL}\n[store]\nfolder = "{store}"\n', encoding="utf-8")
    return file


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["pos", *arguments, "--config", str(config)])


def test_what_is_open_is_listed_with_what_it_lacks(config: Path) -> None:
    result = run(config, "open", "--json")
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [(one["msgid"], one["state"]) for one in told["messages"]] == [(MSGID, "open")]
    assert [(one["code"], one["lacks"]) for one in told["codes"]] == [(CODE, ["manu_lotnum", "manu_date"])]


def test_what_is_open_is_shown_in_words_with_a_next_step_each(config: Path) -> None:
    result = run(config, "open")
    message, code = result.stdout.split("\n\n")
    assert result.exit_code == 1
    assert "2102  药店结算 / Pharmacy settlement" in message
    assert MSGID in message
    assert f"yima pos close {MSGID}" in message
    assert "2026-11-23" in message
    assert "生产批号 / production lot (manu_lotnum)" in code
    assert "yima edge batch import" in code
    assert code.count("下一步 / next") == 1, "one remedy for what it cures"
    assert CODE in code


@pytest.mark.parametrize(
    ("is_unread", "state", "words"),
    [
        (True, "open", "读不懂"),
        (False, "open", "原样重发"),
        (False, "answered", "已查清"),
        (False, "reversed", "已冲正"),
    ],
)
def test_each_state_of_a_message_has_a_next_step_of_its_own(
    config: Path, state: str, words: str, *, is_unread: bool
) -> None:
    with opened_store(config.parent / "store") as connection, connection.begin():
        pos_codes.set_owed(connection, [CODE], "done")
        if is_unread:
            pos_questions.note_unread(connection, (SHOP, MSGID))
        if state != "open":
            pos_questions.close_question(connection, (SHOP, MSGID), QuestionState(state), None, AT)
    plain = run(config, "open").stdout
    assert words in plain
    assert plain.count("下一步 / next") == 1
    (told,) = json.loads(run(config, "open", "--json").stdout)["messages"]
    assert (told["state"], told["is_unread"]) == (state, is_unread)


@pytest.mark.parametrize(
    ("state", "lacks", "words"),
    [
        ("waiting", "", "10 分钟"),
        ("waiting", "fsi.not_sent", "原因 / reason"),
        ("waiting", "phar_name phar_prac_cert_no", "[till] pharmacists"),
        ("waiting", "fixmedins_hilist_id psn_cert_type", "yima edge catalogue import"),
        ("sent", "", "待结果"),
        ("refused", "12345", "被拒"),
    ],
)
def test_each_state_of_a_code_that_is_owed_has_a_next_step_of_its_own(
    config: Path, state: str, lacks: str, words: str
) -> None:
    with opened_store(config.parent / "store") as connection, connection.begin():
        pos_questions.forget_question(connection, SHOP, MSGID)
        pos_codes.set_owed(connection, [CODE], state, lacks)
    plain = run(config, "open").stdout
    assert words in plain
    assert "下一步 / next" in plain
    assert all(name in plain for name in lacks.split())


def test_who_has_looked_a_message_up_ends_it_and_its_codes_are_free(config: Path) -> None:
    assert run(config, "close", MSGID, "--reason", "the centre has nothing").exit_code == 0
    assert json.loads(run(config, "open", "--json").stdout)["messages"] == []
    again = run(config, "close", MSGID, "--reason", "x")
    assert isinstance(again.exception, NoSuchQuestionError)
    with opened_store(config.parent / "store") as connection, connection.begin():
        assert pos_codes.codes_of_settlement(connection, SHOP, "") == []


def test_nothing_went_by_and_nothing_was_heard(config: Path) -> None:
    assert json.loads(run(config, "journal", "--json").stdout) == []
    told = json.loads(run(config, "report", "--json").stdout)
    assert (told["watched"], told["unpaid"]) == (0, 0)
