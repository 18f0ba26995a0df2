"""From a message to its answer: what is kept, what is repeated, what is refused, and what is never a fault."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from codes.words import Words
from server.errors import StoreContentionError, StoreRefusedError, StoreUnavailableError
from server.fsi.desk import Desk, Output, reading, writing
from server.fsi.dispatch import HANDLERS
from server.fsi.figures import Outcome
from server.fsi.post import Voice
from server.fsi.refusals import Refusal
from server.people.sealing import SealBrokenError
from server.store import fsi_messages, fsi_sessions
from server.store.database import Store
from server.store.fsi_messages import MessageState
from server.store.fsi_tables import fsi_message, fsi_sign_in
from server.store.institutions import CallerKind
from server.store.standings import Standing
from tests.server.fsi.office import HOSPITAL, NOON, PHARMACY, SIGN_IN, Office, SignInTerms
from wire.fsi.envelope import Request
from wire.fsi.record import Message


def messages_in(store: Store) -> list[tuple[str, str]]:
    with store.reading() as connection:
        asked = select(fsi_message.c.msgid, fsi_message.c.state).order_by(fsi_message.c.msgid)
        return [(row[0], row[1]) for row in connection.execute(asked)]


def sign_ins_in(store: Store) -> int:
    with store.reading() as connection:
        return connection.scalar(select(func.count()).select_from(fsi_sign_in)) or 0


@pytest.mark.req("T-49")
def test_the_answer_is_numbered_timed_and_kept_sealed(office: Office) -> None:
    body = office.body("9001", SIGN_IN)
    reply, answer = office.post(body)

    assert (reply.outcome, answer["infcode"], answer["err_msg"]) == (Outcome.ANSWERED, 0, "")
    assert str(answer["inf_refmsgid"]).startswith("35020020260310120000")
    assert len(str(answer["inf_refmsgid"])) == 30
    assert answer["refmsg_time"] == answer["respond_time"] == "20260310120000000"
    ((msgid, state),) = messages_in(office.store)
    assert state == MessageState.ANSWERED
    with office.store.reading() as connection:
        kept = fsi_messages.load_message(connection, PHARMACY, msgid)
    assert kept is not None
    assert office.sealer.open(kept.answer, f"fsi_message.answer/{PHARMACY}/{msgid}") == reply.body
    assert office.sealer.open(kept.body, f"fsi_message.body/{PHARMACY}/{msgid}") == body
    assert (kept.refmsgid, kept.caller, kept.infno) == (answer["inf_refmsgid"], "token:tok1", "9001")
    assert b"192.0.2.7" not in kept.body


def test_numbers_of_answers_never_repeat(office: Office) -> None:
    numbers = {office.say("9001", SIGN_IN)["inf_refmsgid"] for _ in range(20)}
    numbers |= {office.say("9001", {})["inf_refmsgid"] for _ in range(20)}
    assert len(numbers) == 40


class TestRepeats:
    """The same message, and another one under its msgid."""

    @pytest.mark.req("T-05")
    def test_the_same_message_gets_the_same_bytes_and_is_done_once(self, office: Office) -> None:
        body = office.body("9001", SIGN_IN)
        first, _ = office.post(body)
        office.clock.forward(minutes=3)
        second, _ = office.post(body)

        assert second.body == first.body
        assert second.outcome is Outcome.REPEATED
        assert sign_ins_in(office.store) == 1

    def test_another_process_gives_the_same_bytes(self, office: Office) -> None:
        body = office.body("9001", SIGN_IN)
        first, _ = office.post(body)
        assert Office(office.store).post(body)[0].body == first.body

    def test_another_message_under_the_same_msgid_is_refused(self, office: Office) -> None:
        office.say("9001", SIGN_IN, msgid=f"{PHARMACY}202603101200000007")
        other = {"signIn": SIGN_IN["signIn"] | {"ip": "192.0.2.8"}}
        answer = office.say("9001", other, msgid=f"{PHARMACY}202603101200000007")

        assert answer["infcode"] == -1
        assert "[fsi.msgid_reused] msgid（发送方报文ID）" in str(answer["err_msg"])
        assert sign_ins_in(office.store) == 1
        assert [state for _, state in messages_in(office.store)] == [MessageState.ANSWERED]

    @pytest.mark.parametrize(
        "anew",
        [
            {"inf_time": "2026-03-10 12:00:01"},
            {"opter_name": "李一"},
            {"fixmedins_name": "示例药店总店"},
            {"dev_no": "POS-2"},
        ],
    )
    @pytest.mark.parametrize("infno", ["9001", "1201"])
    def test_what_a_till_fills_in_anew_makes_no_other_message(
        self, lone_office: Office, infno: str, anew: dict[str, str]
    ) -> None:
        said = SIGN_IN if infno == "9001" else {"medinsinfo": {"fixmedins_type": "2"}}
        msgid = f"{PHARMACY}202603101200000012"
        first, _ = lone_office.post(lone_office.body(infno, said, msgid=msgid))
        second, _ = lone_office.post(lone_office.body(infno, said, msgid=msgid, **anew))
        assert (second.outcome, second.body) == (Outcome.REPEATED, first.body)

    @pytest.mark.parametrize(
        ("said", "named"),
        [
            ({"opter": "wang"}, "opter"),
            ({"mdtrtarea_admvs": "420100"}, "mdtrtarea_admvs"),
            ({"input": {"signIn": SIGN_IN["signIn"] | {"ip": "192.0.2.8"}}}, "input.signIn.ip"),
        ],
    )
    def test_the_first_field_that_differs_is_named(
        self, lone_office: Office, said: dict[str, object], named: str
    ) -> None:
        msgid = f"{PHARMACY}202603101200000013"
        lone_office.say("9001", SIGN_IN, msgid=msgid)
        answer = lone_office.say("9001", SIGN_IN, msgid=msgid, inf_time="2026-03-10 12:00:02", **said)
        assert f"（9001），{named} 不同" in str(answer["err_msg"])

    def test_a_transaction_that_only_reads_repeats_its_bytes_too(self, office: Office) -> None:
        body = office.body("1201", {"medinsinfo": {"fixmedins_type": "2"}})
        first, _ = office.post(body)
        office.clock.forward(seconds=5)
        second, _ = office.post(body)

        assert (first.outcome, second.outcome) == (Outcome.ANSWERED, Outcome.REPEATED)
        assert first.body == second.body
        assert messages_in(office.store) == []

    @pytest.mark.parametrize("order", [("1201", "9001"), ("9001", "1201"), ("1201", "1201")])
    def test_a_msgid_is_no_other_messages_whether_it_reads_or_changes(
        self, office: Office, order: tuple[str, str]
    ) -> None:
        msgid = f"{PHARMACY}202603101200000009"
        said = {"9001": SIGN_IN, "1201": {"medinsinfo": {"fixmedins_type": "2"}}}
        assert office.say(order[0], said[order[0]], msgid=msgid)["infcode"] == 0
        answer = office.say(order[1], said[order[1]], msgid=msgid, opter="wang")
        assert "fsi.msgid_reused" in str(answer["err_msg"])

    @pytest.mark.req("T-05")
    def test_fifty_at_once_are_done_once_and_all_get_the_same_bytes(self, office: Office) -> None:
        body = office.body("9001", SIGN_IN)
        with ThreadPoolExecutor(8) as pool:
            bodies = {reply.body for reply, _ in pool.map(lambda _: office.post(body), range(50))}

        assert len(bodies) == 1
        assert sign_ins_in(office.store) == 1

    def test_two_with_one_msgid_at_once_are_told_apart(self, office: Office) -> None:
        msgid = f"{PHARMACY}202603101200000011"
        bodies = [
            office.body("9001", {"signIn": SIGN_IN["signIn"] | {"ip": f"192.0.2.{n}"}}, msgid=msgid) for n in range(2)
        ]
        with ThreadPoolExecutor(8) as pool:
            outcomes = list(pool.map(lambda n: office.post(bodies[n % 2])[0].outcome, range(20)))

        assert set(outcomes) == {Outcome.ANSWERED, Outcome.REPEATED, Outcome.REFUSED}
        assert outcomes.count(Outcome.ANSWERED) == 1
        assert sign_ins_in(office.store) == 1


class _Handlers:
    """Handlers that do as a test says."""

    def __init__(self) -> None:
        self.raises: list[Exception] = []
        self.calls = 0

    def __call__(self, desk: Desk, request: Request, message: Message) -> Output:
        self.calls += 1
        fsi_sessions.claim_nonce(desk.connection, "test", request.msgid, b"", desk.now)
        desk.warn(Words("请留意", "mind this"))
        if self.raises:
            raise self.raises.pop(0)
        return {"signinoutb": {"sign_time": desk.now, "sign_no": "7", "setl_id": "S1", "mdtrt_id": "M1"}}


@pytest.fixture
def scripted(store: Store) -> tuple[Office, _Handlers]:
    handler = _Handlers()
    deeds: Mapping[str, object] = {**HANDLERS, "9001": writing(handler), "9002": reading(handler)}
    return Office(store, deeds=deeds).furnish(), handler  # type: ignore[arg-type]


class TestRefusals:
    """What a handler refuses leaves nothing of the business, and may be tried again."""

    def test_nothing_of_the_business_is_kept_and_the_refusal_is(self, scripted: tuple[Office, _Handlers]) -> None:
        office, handler = scripted
        handler.raises = [Refusal(Words("库存不足", "Not enough"))]
        body = office.body("9001", SIGN_IN)
        reply, answer = office.post(body)

        assert (reply.outcome, reply.code, answer["infcode"]) == (Outcome.REFUSED, "fsi.refused", -1)
        assert "[fsi.refused] 库存不足。请按提示更正后，用新的 msgid 重新发送。" in str(answer["err_msg"])
        assert "Correct what is named" in str(answer["err_msg"])
        with office.store.writing() as connection:
            assert fsi_sessions.claim_nonce(connection, "test", str(messages_in(office.store)[0][0]), b"", NOON)
        assert [state for _, state in messages_in(office.store)] == [MessageState.REFUSED]

    def test_it_may_be_sent_again_and_is_tried_anew(self, scripted: tuple[Office, _Handlers]) -> None:
        office, handler = scripted
        handler.raises = [Refusal(Words("稍后", "Later")), Refusal(Words("稍后", "Later"))]
        body = office.body("9001", SIGN_IN)
        assert [office.post(body)[0].outcome for _ in range(4)] == [
            Outcome.REFUSED,
            Outcome.REFUSED,
            Outcome.ANSWERED,
            Outcome.REPEATED,
        ]
        assert handler.calls == 3
        with office.store.reading() as connection:
            kept = fsi_messages.load_message(connection, PHARMACY, messages_in(office.store)[0][0])
        assert kept is not None
        assert (kept.state, kept.setl_id, kept.mdtrt_id) == (MessageState.ANSWERED, "S1", "M1")

    def test_another_message_under_a_refused_msgid_is_another_message(self, scripted: tuple[Office, _Handlers]) -> None:
        office, handler = scripted
        handler.raises = [Refusal(Words("不行", "No"))]
        msgid = f"{PHARMACY}202603101200000003"
        office.say("9001", SIGN_IN, msgid=msgid)
        assert "fsi.msgid_reused" in str(office.say("9001", SIGN_IN, msgid=msgid, opter="wang")["err_msg"])

    def test_a_refusal_of_a_stranger_closes_nobodys_msgid(self, office: Office) -> None:
        msgid = f"{PHARMACY}202603101200000004"
        stranger = Voice(CallerKind.TOKEN, "tok9")
        reply, answer = office.post(office.body("9001", SIGN_IN, msgid=msgid, opter="x"), voice=stranger)
        assert (reply.code, answer["infcode"]) == ("fsi.not_your_institution", -1)
        assert office.say("9001", SIGN_IN, msgid=msgid)["infcode"] == 0

    def test_a_msgid_that_a_reversal_closed_is_refused(self, office: Office) -> None:
        body = office.body("9001", SIGN_IN, msgid=f"{PHARMACY}202603101200000005")
        office.post(body)
        with office.store.writing() as connection:
            (msgid, _), *_ = messages_in(office.store)
            kept = fsi_messages.load_message(connection, PHARMACY, msgid)
            assert kept is not None
            fsi_messages.change_message(connection, _reversed(kept))
        reply, _ = office.post(body)
        assert (reply.outcome, reply.code) == (Outcome.REFUSED, "fsi.msgid_reversed")
        assert [state for _, state in messages_in(office.store)] == [MessageState.REVERSED]

    @pytest.mark.parametrize("times", [1, 25, 30, 34, 40, 120])
    def test_what_there_was_no_room_for_is_said_in_the_warning_and_no_advice_twice(
        self, scripted: tuple[Office, _Handlers], times: int
    ) -> None:
        office, handler = scripted
        words = Words("不足" * times, "Few" * times)
        handler.raises = [Refusal(words, next_step=Words("请补货。", "Order more."))]
        answer = office.say("9001", SIGN_IN)
        err, warn = str(answer["err_msg"]), str(answer["warn_msg"])
        for told in ("请补货。", "Order more."):
            assert (told in err) is not (told in warn), (err, warn)
        for told in (words.zh, words.en):
            assert told in err or told in warn
        assert len(err) <= 200

    def test_warnings_of_a_handler_reach_the_sender(self, scripted: tuple[Office, _Handlers]) -> None:
        office, _ = scripted
        assert "请留意 / mind this" in str(office.say("9001", SIGN_IN)["warn_msg"])


def _reversed(kept: fsi_messages.Message) -> fsi_messages.Message:
    return replace(kept, state=MessageState.REVERSED, reversed_by="x")


class TestOthersInTheWay:
    """Another worker holds what this one needs; the database is away; a fault of ours."""

    def test_a_transaction_is_begun_again_until_it_can_be_done(self, scripted: tuple[Office, _Handlers]) -> None:
        office, handler = scripted
        handler.raises = [StoreContentionError(Words("占用", "taken"))] * 3
        assert office.say("9001", SIGN_IN)["infcode"] == 0
        assert handler.calls == 4
        assert len(office.pauses) == 3
        assert office.pauses == sorted(office.pauses)
        assert office.answering.figures.retries == 3

    def test_and_no_more_often_than_is_worth_it(self, scripted: tuple[Office, _Handlers]) -> None:
        office, handler = scripted
        handler.raises = [StoreContentionError(Words("占用", "taken"))] * 99
        reply, answer = office.post(office.body("9001", SIGN_IN))
        assert (reply.outcome, reply.code, answer["infcode"]) == (Outcome.BUSY, "fsi.busy", -1)
        assert handler.calls == 8
        assert messages_in(office.store) == []

    def test_a_database_that_is_away_is_told_and_nothing_is_kept(self, scripted: tuple[Office, _Handlers]) -> None:
        office, handler = scripted
        handler.raises = [StoreUnavailableError(Words("断开", "gone"))]
        reply, _ = office.post(office.body("9001", SIGN_IN))
        assert (reply.outcome, reply.code) == (Outcome.BUSY, "store.unavailable")
        assert messages_in(office.store) == []

    def test_what_the_database_says_is_told_to_nobody_outside(self, scripted: tuple[Office, _Handlers]) -> None:
        office, handler = scripted
        handler.raises = [StoreRefusedError(Words("键 (350203198001010011)", "Key (350203198001010011)"))]
        reply, answer = office.post(office.body("9001", SIGN_IN))
        assert (reply.outcome, reply.code) == (Outcome.REFUSED, "store.refused")
        assert "350203198001010011" not in str(answer)

    def test_a_record_that_does_not_open_is_no_refusal(self, scripted: tuple[Office, _Handlers]) -> None:
        office, handler = scripted
        handler.raises = [SealBrokenError(Words("打不开", "does not open"))]
        assert office.post(office.body("9001", SIGN_IN))[0].outcome is Outcome.FAILED
        assert messages_in(office.store) == []

    @pytest.mark.parametrize("infno", ["9001", "9002"])
    def test_a_fault_of_ours_is_answered_and_leaves_nothing(
        self, scripted: tuple[Office, _Handlers], infno: str
    ) -> None:
        office, handler = scripted
        handler.raises = [ZeroDivisionError()]
        said = SIGN_IN if infno == "9001" else {"signOut": {"opter_no": "li01", "sign_no": "1"}}
        with capture_logs() as logged:
            reply, answer = office.post(office.body(infno, said))
        assert (reply.outcome, answer["infcode"]) == (Outcome.FAILED, -1)
        assert [one["event"] for one in logged] == ["fsi.fault", "fsi.answered"]
        assert "[fsi.internal]" in str(answer["err_msg"])
        assert messages_in(office.store) == []
        assert office.say(infno, said)["infcode"] == 0


class TestWhoIsIn:
    """Institutions that are suspended, ended or unknown; sign-ins that are missing or not good."""

    def test_business_is_closed_to_a_suspended_institution_and_the_rest_is_not(self, lone_office: Office) -> None:
        lone_office.stand(Standing.SUSPENDED)
        answer = lone_office.say("1201", {"medinsinfo": {"fixmedins_type": "2"}})
        assert answer["infcode"] == 0
        signed_in = lone_office.say("9001", SIGN_IN)
        assert signed_in["infcode"] == 0
        assert "暂停" in str(signed_in["warn_msg"])

    def test_one_whose_agreement_has_ended_cannot_sign_in_and_needs_no_sign_in(self, lone_store: Store) -> None:
        office = Office(lone_store, terms=SignInTerms(is_demanded=True)).furnish()
        office.stand(Standing.ENDED)
        assert "practice.institution_ended" in str(office.say("9001", SIGN_IN)["err_msg"])
        closed = office.say("1201", {"medinsinfo": {"fixmedins_type": "2"}})
        assert "practice.institution_ended" in str(closed["err_msg"])
        asked = office.say("5203", {"data": {"setl_id": "S1", "mdtrt_id": "V1", "psn_no": "P1"}})
        assert "settlement.unknown" in str(asked["err_msg"])

    def test_an_unknown_institution_is_refused_by_name(self, lone_office: Office) -> None:
        answer = lone_office.say("9001", SIGN_IN, fixmedins_code=HOSPITAL)
        assert "fsi.not_your_institution" in str(answer["err_msg"])
        assert HOSPITAL in str(answer["err_msg"])

    def test_who_proves_nothing_is_told_how(self, lone_office: Office) -> None:
        reply, answer = lone_office.post(lone_office.body("9001", SIGN_IN), voice=None)
        assert (reply.outcome, reply.code) == (Outcome.UNPROVED, "fsi.unproved")
        assert "Authorization" in str(answer["err_msg"])


class TestUnreadable:
    """Whatever is no message is answered as one, with what is wrong with it."""

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"infno":NaN}', b"[" * 5000, b'{"a":1e400}', b"7"],
        ids=lambda body: str(body[:9]),
    )
    def test_noise_is_answered(self, lone_office: Office, body: bytes) -> None:
        reply, answer = lone_office.post(body)
        assert (reply.outcome, answer["infcode"]) == (Outcome.UNREADABLE, -1)
        assert answer["output"] is None
        assert len(str(answer["err_msg"])) <= 200

    @pytest.mark.parametrize("name", ["infno", "msgid", "mdtrtarea_admvs", "opter", "inf_time", "fixmedins_name"])
    def test_the_missing_field_is_named(self, lone_office: Office, name: str) -> None:
        reply, answer = lone_office.post(lone_office.body("9001", SIGN_IN, **{name: None}))
        assert reply.outcome is Outcome.UNREADABLE
        assert name in str(answer["err_msg"])

    def test_a_name_that_stands_twice_is_refused(self, lone_office: Office) -> None:
        body = lone_office.body("9001", SIGN_IN).replace(b'"opter_no"', b'"ip": "1", "opter_no"')
        _, answer = lone_office.post(body)
        assert answer["infcode"] == -1
        assert "ip" in str(answer["err_msg"])

    def test_a_field_of_the_input_is_named_with_its_chinese_name(self, lone_office: Office) -> None:
        reply, answer = lone_office.post(lone_office.body("9001", {"signIn": {"mac": "x" * 30}}))
        assert reply.outcome is Outcome.REFUSED
        assert "signIn.opter_no（操作员编号）必填" in str(answer["err_msg"])
        for named in ("signIn.opter_no", "signIn.mac", "signIn.ip"):
            assert named in str(answer["warn_msg"])

    def test_extra_fields_are_named_and_do_no_harm(self, lone_office: Office) -> None:
        answer = lone_office.say("9001", {"signIn": SIGN_IN["signIn"] | {"operno": "1"}})
        assert answer["infcode"] == 0
        assert "signIn.operno" in str(answer["warn_msg"])

    @pytest.mark.parametrize(
        ("infno", "code"),
        [
            ("9999", "fsi.unknown_transaction"),
            ("3101", "fsi.not_implemented"),
            ("7201", "fsi.not_implemented"),
            ("1304", "fsi.not_implemented"),
            ("2403", "fsi.not_implemented"),
        ],
    )
    def test_unknown_and_unhandled_transactions_are_told_apart(
        self, lone_office: Office, infno: str, code: str
    ) -> None:
        reply, answer = lone_office.post(lone_office.body(infno, {}))
        assert (reply.code, answer["infcode"]) == (code, -1)

    @pytest.mark.parametrize(("infno", "why"), [("2403", "字段无可靠来源"), ("3101", "审核"), ("7201", "电子处方")])
    def test_why_a_transaction_is_not_implemented_is_told(self, lone_office: Office, infno: str, why: str) -> None:
        _, answer = lone_office.post(lone_office.body(infno, {}))
        assert why in str(answer["err_msg"])


def test_figures_tell_transactions_and_outcomes(lone_office: Office) -> None:
    lone_office.say("9001", SIGN_IN)
    lone_office.say("9001", {})
    lone_office.post(b"{")
    told = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for metric in lone_office.answering.figures.metrics()
        for sample in metric.samples
    }
    assert told["yima_fsi_messages_total", "9001", "answered"] == 1
    assert told["yima_fsi_messages_total", "9001", "refused"] == 1
    assert told["yima_fsi_messages_total", "other", "unreadable"] == 1
    assert told["yima_fsi_seconds_count", "9001"] == 2
    assert told["yima_fsi_seconds_bucket", "+Inf", "9001"] == 2
