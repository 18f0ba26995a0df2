from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from server.store import fsi_messages, fsi_sessions
from server.store.database import Store
from server.store.fsi_messages import Message, MessageState
from server.store.fsi_sessions import SignIn, StoredFile
from tests.server.store.settlement_rows import NOON, later

MESSAGE = Message(
    institution="I1",
    msgid="m1",
    infno="2102",
    state=MessageState.OPEN,
    caller="token t1",
    digest=b"digest",
    body=b"\x00body",
    answer=b"",
    signed_text=None,
    key_id="",
    refmsgid="r1",
    psn_no="P1",
    mdtrt_id=None,
    setl_id=None,
    reversed_by=None,
    received_at=NOON,
    answered_at=NOON,
)
ANSWERED = replace(
    MESSAGE, state=MessageState.ANSWERED, answer=b"\xffanswer", setl_id="S1", mdtrt_id="M1", signed_text=b"text"
)


def test_a_message_is_claimed_once_and_then_as_it_was_left(store: Store) -> None:
    with store.writing() as connection:
        assert fsi_messages.claim_message(connection, MESSAGE)
        fsi_messages.change_message(connection, ANSWERED)
    with store.writing() as connection:
        assert not fsi_messages.claim_message(connection, replace(MESSAGE, body=b"other"))
        assert fsi_messages.lock_message(connection, "I1", "m1") == ANSWERED
        assert fsi_messages.load_message(connection, "I1", "m1") == ANSWERED
        # The same id of another institution is another message.
        assert fsi_messages.load_message(connection, "I2", "m1") is None
        assert fsi_messages.claim_message(connection, replace(MESSAGE, institution="I2"))


def test_what_broke_off_leaves_no_message(store: Store) -> None:
    def break_off() -> None:
        with store.writing() as connection:
            fsi_messages.claim_message(connection, MESSAGE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        break_off()
    with store.reading() as connection:
        assert fsi_messages.load_message(connection, "I1", "m1") is None


def test_of_two_who_claim_the_same_message_the_second_finds_what_the_first_left(store: Store) -> None:
    together = threading.Barrier(4)
    worked: list[int] = []
    found: list[Message | None] = []

    def work(n: int) -> None:
        together.wait(30)
        with store.writing() as connection:
            if fsi_messages.claim_message(connection, MESSAGE):
                worked.append(n)
                fsi_messages.change_message(connection, ANSWERED)
            else:
                found.append(fsi_messages.lock_message(connection, "I1", "m1"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(worked) == 1
    assert found == [ANSWERED] * 3


def test_messages_are_found_by_what_they_made_and_page_by_page(store: Store) -> None:
    with store.writing() as connection:
        for n in (2, 1, 3):
            fsi_messages.claim_message(connection, replace(ANSWERED, msgid=f"m{n}", received_at=later(hours=n)))
        of_settlement = fsi_messages.find_messages_of(connection, "S1")
        page = fsi_messages.load_message_page(connection, "I1", begins=NOON, ends=later(hours=3), after="m1", limit=9)
    assert [one.msgid for one in of_settlement] == ["m1", "m2", "m3"]
    assert [one.msgid for one in page] == ["m2"]


def test_a_sign_in_holds_until_it_runs_out_or_is_ended(store: Store) -> None:
    one = SignIn("n1", "I1", "li01", "token t1", "AA", "10.0.0.1", NOON, later(hours=8), None)
    with store.writing() as connection:
        fsi_sessions.add_sign_in(connection, one)
        fsi_sessions.add_sign_in(connection, replace(one, sign_no="n2", began_at=later(hours=1)))
        in_force = fsi_sessions.load_sign_ins(connection, "I1", "li01", later(hours=2))
        assert [found.sign_no for found in in_force] == ["n2", "n1"]
        assert fsi_sessions.load_sign_ins(connection, "I1", "li01", later(hours=8)) == []
        assert fsi_sessions.end_sign_in(connection, "n1", later(hours=2))
        assert not fsi_sessions.end_sign_in(connection, "n1", later(hours=2))
        assert fsi_sessions.load_sign_in(connection, "n1") == replace(one, ended_at=later(hours=2))
        assert fsi_sessions.load_sign_in(connection, "n9") is None
        assert len(fsi_sessions.load_sign_ins(connection, "I1", "li01", later(hours=2))) == 1


def test_a_signature_is_used_once_until_it_is_too_old_anyway(store: Store) -> None:
    with store.writing() as connection:
        assert fsi_sessions.claim_nonce(connection, "key", "n", b"1", later(minutes=5))
        assert not fsi_sessions.claim_nonce(connection, "key", "n", b"1", later(minutes=6))
        assert fsi_sessions.claim_nonce(connection, "other key", "n", b"1", later(minutes=9))
        assert fsi_sessions.forget_nonces(connection, later(minutes=5)) == 1
        assert fsi_sessions.claim_nonce(connection, "key", "n", b"1", later(minutes=5))


def test_a_file_is_there_until_its_time_is_up(store: Store) -> None:
    content = bytes(range(256)) * 500
    file = StoredFile("f1", "I1", "账.zip", "upload", b"digest", content, NOON, NOON + timedelta(days=1))
    with store.writing() as connection:
        fsi_sessions.add_file(connection, file)
        assert fsi_sessions.load_file(connection, "f1") == file
        assert fsi_sessions.forget_files(connection, later(hours=23)) == 0
        assert fsi_sessions.forget_files(connection, later(hours=24)) == 1
        assert fsi_sessions.load_file(connection, "f1") is None
