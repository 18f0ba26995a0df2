"""Open questions of the POS outlive damage and copies, doubted; what is old goes, what is open never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from edge.store import pos_codes, pos_exchanges, pos_questions
from edge.store.database import database_path, opened_store
from edge.store.handover_look import opened_estate
from edge.store.outbox import Outbox
from edge.store.pos_codes import OwedRow, Owner
from edge.store.pos_exchanges import ExchangeRow
from edge.store.pos_questions import QuestionRow, QuestionState
from edge.store.salvage import mend
from edge.store.terminal import ensure_state
from rules.scan_judgement import Mode
from tests.edge.scene import EPOCH, NOON, TERMINAL, seeded_bytes
from tests.edge.store.test_fsi_messages import OWNER, overwrite, root_of

SHOP, MSGID = "P35020300001", "P35020300001202611211200000001"
LATER = NOON + timedelta(days=500)


def question(msgid: str = MSGID) -> QuestionRow:
    return QuestionRow(SHOP, msgid, "2102", NOON, "d", QuestionState.OPEN, b"sealed", None)


def exchange(stage: str = "sending", msgid: str = MSGID) -> ExchangeRow:
    return ExchangeRow(NOON, "2102", msgid, SHOP, stage, 7, 200, "0", 1, 2, "a", "a", "b", 0, ())


@pytest.fixture
def used(folder: Path) -> Path:
    with opened_store(folder) as connection:
        ensure_state(connection, terminal=TERMINAL, new_epoch=EPOCH, mode=Mode.DISPENSE)
        with connection.begin():
            pos_questions.put_question(connection, question())
    return folder


def test_an_open_question_outlives_damage_elsewhere_and_is_doubted(used: Path) -> None:
    overwrite(used, root_of(used, "shift"))
    assert mend(database_path(used), OWNER).is_salvaged
    with opened_store(used) as connection, connection.begin():
        (kept,) = pos_questions.open_questions(connection)
    assert (kept.msgid, kept.asked, kept.is_doubtful) == (MSGID, b"sealed", True)


def test_a_life_that_begins_in_a_copy_doubts_what_the_other_box_may_have_heard(used: Path) -> None:
    with opened_store(used) as connection, connection.begin():
        Outbox(connection, random=seeded_bytes(4)).begin_epoch(connection, "copied", NOON)
        assert [one.is_doubtful for one in pos_questions.open_questions(connection)] == [True]


def test_a_dead_box_names_its_open_questions(used: Path) -> None:
    with opened_estate(used, NOON) as estate:
        (remark,) = [one for one in estate.remarks if one.code == "pos.unanswered"]
    assert f"2102 {MSGID}" in remark.words.en


def test_a_question_is_closed_once_and_opens_anew_for_another_sending(connection: Connection) -> None:
    with connection.begin():
        pos_questions.put_question(connection, question())
        of = (SHOP, MSGID)
        assert pos_questions.close_question(connection, of, QuestionState.ANSWERED, b"x", NOON)
        assert not pos_questions.close_question(connection, of, QuestionState.REVERSED, None, NOON)
        assert [one.msgid for one in pos_questions.untold_questions(connection)] == [MSGID]
        pos_questions.note_told(connection, SHOP, MSGID, NOON)
        assert pos_questions.untold_questions(connection) == []
        pos_questions.put_question(connection, question())
        assert pos_questions.count_open_questions(connection) == pos_questions.OpenQuestions(1, NOON)


def test_a_settlement_that_was_found_out_is_known_by_its_sale_until_somebody_heard_or_cancelled_it(
    connection: Connection,
) -> None:
    with connection.begin():
        for msgid, end in (("m1", "told"), ("m2", "cancelled"), ("m3", "taken back")):
            of = (SHOP, msgid)
            pos_questions.put_question(connection, replace(question(msgid), sale=f"sale of {msgid}"))
            assert pos_questions.find_done(connection, SHOP, f"sale of {msgid}") is None, "nobody knows yet"
            pos_questions.close_question(connection, of, QuestionState.ANSWERED, b"x", NOON, setl_id=f"S-{msgid}")
            assert pos_questions.find_done(connection, SHOP, f"sale of {msgid}") == msgid
            assert pos_questions.find_done(connection, "another house", f"sale of {msgid}") is None
            if end == "told":
                pos_questions.note_told(connection, *of, NOON)
            elif end == "cancelled":
                pos_questions.note_cancelled(connection, SHOP, "S-m2", NOON)
            else:
                pos_questions.note_taken_back(connection, of)
            assert pos_questions.find_done(connection, SHOP, f"sale of {msgid}") is None, end


def test_what_is_old_goes_and_what_is_open_never_does(connection: Connection) -> None:
    with connection.begin():
        pos_questions.put_question(connection, question())
        pos_questions.put_question(connection, question("m2"))
        pos_questions.close_question(connection, (SHOP, "m2"), QuestionState.REVERSED, None, NOON)
        pos_exchanges.note_exchange(connection, exchange())
        pos_codes.bind_codes(connection, ["1"], Owner(SHOP, "m", "S1"), NOON)
        owed = [OwedRow(code, SHOP, "S1", "X", "L1", b"{}", "waiting", "", NOON) for code in "12"]
        pos_codes.owe_codes(connection, owed)
        pos_codes.set_owed(connection, ["1"], "done")
        assert pos_questions.put_away_questions(connection, LATER) == 1
        assert pos_exchanges.put_away_exchanges(connection, LATER) == 1
        assert pos_codes.put_away_codes(connection, LATER) == 2
        assert [one.msgid for one in pos_questions.open_questions(connection)] == [MSGID]
        assert [one.code for one in pos_codes.owed_codes(connection)] == ["2"]


def test_an_exchange_is_completed_and_one_that_was_cut_off_stays_as_it_was(connection: Connection) -> None:
    with connection.begin():
        for row in (exchange(), exchange("answered"), exchange(), exchange("sending", "m2"), exchange("refused_here")):
            pos_exchanges.note_exchange(connection, row)
        found = [(one.msgid, one.stage) for one in pos_exchanges.exchanges_since(connection, NOON)]
    assert found == [(MSGID, "answered"), (MSGID, "refused_here"), ("m2", "sending")]
