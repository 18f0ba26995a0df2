"""The proxy of a whole terminal: store on the disk, real ports, an interface that loses answers and dies."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from pathlib import Path

import pytest

from edge.config_pos import PosSection
from edge.config_till import TillSection
from edge.pos_opening import OnlyFrom, signs_of
from tests.conftest import free_port, wait_until
from tests.edge.pos.around import DRUG, NINE, ONE, OTHER, SHOP, TWO, message, purchase, sold
from tests.edge.pos.gateway import Gateway, gateway, opened
from tests.edge.pos.terminal import proxying
from wire.events import Dispensed

REST = "86003910000000000009"
PURCHASE = purchase(("L1", DRUG, 1), ("L2", OTHER, 1))


def test_codes_of_the_counter_go_with_the_settlement_and_leave_its_list(tmp_path: Path) -> None:
    with gateway() as far, proxying(tmp_path / "store", far.url, fsi={"area": "hubei"}) as terminal:
        terminal.scan(NINE, ONE, TWO)
        body = message("2102", PURCHASE)
        status, answer = terminal.post(body)
        assert (status, json.loads(answer)["infcode"]) == (200, 0)
        rows = json.loads(far.bodies[0])["input"]["drug_trac_info"]
        assert [(one["feedetl_sn"], one["drug_trac_codg"]) for one in rows] == [("L1", ONE), ("L2", NINE)]
        assert terminal.listed() == [TWO], "what belongs to no line stays on the counter"
        sale = [fact for fact in terminal.facts() if isinstance(fact, Dispensed)]
        assert {(pack.code, fact.paid_by) for fact in sale for pack in fact.packs} == {
            (ONE, "insured"),
            (NINE, "insured"),
        }
        assert terminal.recorded
        assert terminal.shop.heard("alert")
        ((stage, infno, added),) = terminal.rows("SELECT stage, infno, added FROM pos_exchange")
        assert (stage, infno, added) == ("answered", "2102", 2)
        assert "P1" not in str(terminal.rows("SELECT * FROM pos_exchange"))
        upload = message("3505", sold(DRUG, 1, setl_id="S000000", hi_feesetl_type="1", psn_cert_type="01"), msgid="m2")
        terminal.post(upload)
        assert json.loads(far.bodies[1])["input"]["selinfo"]["drugtracinfo"] == [{"drug_trac_codg": ONE}]


def test_a_whole_list_that_left_is_closed_and_the_next_one_opens(tmp_path: Path) -> None:
    with gateway() as far, proxying(tmp_path / "store", far.url, fsi={"area": "hubei"}) as terminal:
        terminal.scan(NINE, ONE)
        terminal.post(message("2102", PURCHASE))
        assert terminal.listed() == []
        assert terminal.rows("SELECT state, count(*) FROM sale GROUP BY state") == [("closed", 1)]
        terminal.scan(TWO)
        assert terminal.listed() == [TWO]


def test_an_answer_that_broke_off_is_asked_for_again_and_given_to_the_pos_that_repeats(tmp_path: Path) -> None:
    with gateway() as far, proxying(tmp_path / "store", far.url, fsi={"area": "hubei"}) as terminal:
        terminal.scan(NINE, ONE)
        far.cuts = 1
        body = message("2102", PURCHASE)
        told = json.loads(terminal.post(body)[1])
        assert told["err_msg"].startswith("[fsi.outcome_unknown]")
        wait_until(lambda: terminal.rows("SELECT state FROM pos_question") == [("answered",)], timeout_s=30)
        assert far.bodies[0] == far.bodies[1]
        assert len(far.settled) == 1
        sent = len(far.bodies)
        answer = json.loads(terminal.post(body)[1])
        assert answer["output"]["setlinfo"] == next(iter(far.settled.values()))
        assert len(far.bodies) == sent, "what is known is not asked for again"
        assert terminal.listed() == []


def test_a_second_settlement_of_a_sale_waits_until_the_first_is_known(tmp_path: Path) -> None:
    port = free_port()
    known = Gateway(keeps_answers=False)
    settings = {"keeps_answers": False}
    with proxying(tmp_path / "store", f"http://127.0.0.1:{port}", pos=settings) as terminal:
        with opened(known, port):
            known.cuts = 1
            terminal.post(message("2102", PURCHASE))
        # The gateway is gone: nobody can tell, and another number for the same sale does not get through either.
        other = message("2102", PURCHASE, msgid=f"{SHOP}202611231000000099")
        assert json.loads(terminal.post(other)[1])["err_msg"].startswith("[pos.unresolved]")
        assert len(known.settled) == 1
        with opened(known, port):
            assert json.loads(terminal.post(other)[1])["infcode"] == 0
        assert known.infnos == ["2102", "2601", "2102"]
        assert list(known.settled) == [f"{SHOP}202611231000000099"]
        again = json.loads(terminal.post(message("2102", PURCHASE))[1])
        assert again["err_msg"].startswith("[pos.taken_back]")
        reversal = json.loads(known.bodies[1])
        assert reversal["msgid"] != f"{SHOP}202611231000000001"
        assert reversal["input"]["data"] == {
            "psn_no": "P1", "omsgid": f"{SHOP}202611231000000001", "oinfno": "2102",
        }  # fmt: skip


def test_open_questions_outlive_the_terminal_and_hold_nobody_in_clear(tmp_path: Path) -> None:
    port, known, store = free_port(), Gateway(), tmp_path / "store"
    with proxying(store, f"http://127.0.0.1:{port}", fsi={"area": "hubei"}) as terminal:
        terminal.scan(NINE, ONE)
        with opened(known, port):
            known.cuts = 1
            terminal.post(message("2102", PURCHASE))
        ((asked,),) = terminal.rows("SELECT asked FROM pos_question WHERE state = 'open'")
        assert isinstance(asked, bytes)
        assert b"P1" not in asked
        terminal.scan(TWO)
        assert sorted(terminal.listed()) == sorted([ONE, TWO, NINE])
    with opened(known, port), proxying(store, f"http://127.0.0.1:{port}", fsi={"area": "hubei"}) as terminal:
        wait_until(lambda: terminal.rows("SELECT state FROM pos_question") == [("answered",)], timeout_s=30)
        assert terminal.listed() == [TWO]
        assert known.bodies[0] == known.bodies[1]
        assert len(known.settled) == 1


def test_an_answer_that_nobody_here_can_read_is_listed_and_never_taken_back_not_after_a_restart(tmp_path: Path) -> None:
    store, page = tmp_path / "store", b"<html>please sign in</html>"
    with gateway(keeps_answers=False, answer=lambda _: page) as far:
        for asked in (True, False):
            with proxying(store, far.url, pos={"keeps_answers": False}) as terminal:
                if asked:
                    assert terminal.post(message("2102", PURCHASE)) == (200, page)
                wait_until(lambda: any(one.code == "pos.stuck" for one in terminal.pos.troubles()), timeout_s=30)
                (stuck,) = [one for one in terminal.pos.troubles() if one.code == "pos.stuck"]
                assert "读不懂" in stuck.words.zh
                assert "cannot be read here" in stuck.words.en
                assert "yima pos close" in stuck.next_step.en
                assert terminal.rows("SELECT state, is_unread FROM pos_question") == [("open", 1)]
        assert len(far.bodies) == 1


@pytest.mark.parametrize(
    ("own", "on_duty", "found"),
    [
        ({}, ["Y1 王 L1", "Y2 赵 L2"], ("王", "L1")),
        ({"pharmacist": "孙", "pharmacist_licence": "L3"}, ["Y1 王 L1"], ("孙", "L3")),
        ({"pharmacist": "孙"}, ["Y1 王 L1"], ("孙", "")),
        ({}, [], ("", "")),
    ],
)
def test_the_pharmacist_of_the_till_stands_for_what_is_told_here(
    own: dict[str, str], on_duty: list[str], found: tuple[str, str]
) -> None:
    signs = signs_of(PosSection.model_validate(own), TillSection.model_validate({"pharmacists": on_duty}))
    assert (signs.pharmacist, signs.licence) == found


def test_whoever_is_not_of_this_machine_or_listed_is_refused(tmp_path: Path) -> None:
    async def ask(address: str) -> int:
        told: list[int] = []

        async def application(scope: object, receive: object, send: object) -> None:
            told.append(200)

        async def send(one: dict[str, object]) -> None:
            if one["type"] == "http.response.start":
                told.append(one["status"])  # type: ignore[arg-type]

        only = OnlyFrom(application, (ipaddress.ip_network("192.0.2.0/28"),))  # type: ignore[arg-type]
        await only({"type": "http", "client": (address, 1)}, None, send)  # type: ignore[arg-type]
        return told[0]

    found = {one: asyncio.run(ask(one)) for one in ("127.0.0.1", "192.0.2.9", "::ffff:192.0.2.9", "192.0.2.99", "::1")}
    assert found == {"127.0.0.1": 200, "192.0.2.9": 200, "::ffff:192.0.2.9": 200, "192.0.2.99": 403, "::1": 200}


@pytest.mark.parametrize("policy", ["block", "warn"])
def test_short_codes_are_stopped_or_shown(tmp_path: Path, policy: str) -> None:
    with gateway() as far, proxying(tmp_path / "s", far.url, fsi={"area": "hubei"}, pos={"policy": policy}) as terminal:
        terminal.scan(ONE)
        told = json.loads(terminal.post(message("2102", PURCHASE))[1])
        assert len(far.bodies) == (0 if policy == "block" else 1)
        assert ("pos.codes_short" in told["err_msg"]) is (policy == "block")
        ((_, warned),) = terminal.shop.heard("warn")
        assert OTHER in str(warned)


def test_what_is_cancelled_is_owed_no_more_and_may_be_scanned_again(tmp_path: Path) -> None:
    with gateway() as far, proxying(tmp_path / "store", far.url) as terminal:
        terminal.scan(ONE, NINE, REST)
        terminal.post(message("2102", PURCHASE))
        assert terminal.rows("SELECT code FROM pos_owed WHERE state = 'waiting' ORDER BY code") == [(ONE,), (NINE,)]
        cancel = {"data": {"setl_id": "S000000", "psn_no": "P1", "mdtrt_id": "V1"}}
        terminal.post(message("2103", cancel, msgid="m2"))
        assert terminal.rows("SELECT 1 FROM pos_owed WHERE state = 'waiting'") == []
        held = "SELECT 1 FROM pos_binding AS b JOIN sale_pack AS p ON p.code = b.code JOIN sale AS s ON s.id = p.sale "
        assert terminal.rows(f"{held}WHERE b.setl_id = '' OR b.at >= s.opened_at") == [], "nothing hides them"
        assert terminal.rows("SELECT setl_id, count(*) FROM pos_binding GROUP BY setl_id") == [("S000000", 2)]
