"""The proxy: bytes go through as they are, codes go in where the area wants them, and no outcome is lost."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
from collections.abc import Coroutine, MutableMapping
from typing import Any, TypeVar

import httpx
import pytest
import uvicorn

from edge.pos.deciding import Policy
from edge.pos.ports import Stage
from edge.pos.proxy import Desks
from tests.edge.pos.around import DRUG, NINE, NOW, OK, ONE, OTHER, SERVICE, SHOP, TWO, Stand, message, purchase, sold
from tests.wire.fsi.signing.parties import PARTIES, PLATFORM
from wire.fsi.areas import shipped_area
from wire.fsi.envelope import read_request
from wire.fsi.signing import Secrets, Sending, protection_of, read_party

T = TypeVar("T")
KEYS = Secrets(read_party(PLATFORM), {SHOP: read_party(next(iter(PARTIES.values())))})
JILIN = shipped_area("jilin")
PURCHASE = purchase(("L1", DRUG, 1), ("L2", OTHER, 1), ("L3", SERVICE, 1))


def run(deed: Coroutine[object, object, T]) -> T:
    return asyncio.run(deed)


STRANGE = {
    "unknown infno": b'{ "infno" : "9876","input":{"a":1.50}}\r\n',
    "no json": b"<soap/>\x00\xff",
    "nothing": b"",
    "a list": b"[1, 2]",
    "settlement that fits no table": b'{"infno":"2102","msgid":"m","input":{"druginfo":{}}}',
    "a name twice": b'{"infno":"2102","infno":"2102","input":{}}',
}


@pytest.mark.parametrize("area", ["base", "hubei", "jilin"])
@pytest.mark.parametrize("body", [STRANGE[name] for name in sorted(STRANGE)], ids=sorted(STRANGE))
def test_what_we_do_not_know_goes_through_byte_for_byte(area: str, body: bytes) -> None:
    async def scene() -> None:
        stand = Stand(area, Policy.BLOCK, KEYS)
        stand.memory.scan(ONE)
        back = gzip.compress(b"\x00 answer")
        headers = [("Content-Encoding", "gzip"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Connection", "x")]
        stand.interface.answer = lambda _: httpx.Response(418, headers=headers, stream=httpx.ByteStream(back))
        request = stand.pos.build_request("POST", "http://pos/a%2Fb/c?d=%20&e", content=body, headers={"X-A": "1"})
        answer = await stand.pos.send(request, stream=True)
        assert b"".join([chunk async for chunk in answer.aiter_raw()]) == back
        assert (answer.status_code, answer.headers.get_list("set-cookie")) == (418, ["a=1", "b=2"])
        (sent,) = stand.interface.requests
        assert (sent.content, sent.url.raw_path) == (body, b"/a%2Fb/c?d=%20&e")
        assert sent.headers["x-a"] == "1"
        assert sent.headers["host"] == "192.0.2.1:8080"
        assert [one.stage for one in stand.memory.notes] == [Stage.SENDING, Stage.ANSWERED]

    run(scene())


def test_codes_of_the_desk_go_with_the_settlement_and_belong_to_it_then() -> None:
    async def scene() -> None:
        stand = Stand(desks=Desks(by_operator={"li01": "7"}))
        stand.memory.scan(NINE, ONE, desk="7")
        body = message("2102", PURCHASE)
        answer = await stand.post(body)
        assert answer.json() == OK
        (sent,) = stand.interface.bodies
        rows = json.loads(sent)["input"].pop("drug_trac_info")
        assert [(one["feedetl_sn"], one["drug_trac_codg"], one["trdn_flag"]) for one in rows] == [
            ("L1", ONE, "0"),
            ("L2", NINE, "0"),
        ]
        assert sent.startswith(body[: body.rindex(b"]") + 1])
        assert stand.memory.desks["7"] == []
        ((sale, scans),) = stand.memory.taken.items()
        assert (sale.setl_id, {one.code for one in scans}) == ("S1", {ONE, NINE})
        assert stand.memory.notes[-1].added == 2
        assert stand.memory.questions == {}

    run(scene())


def test_the_codes_of_a_sale_go_with_its_ledger_message_though_the_next_one_is_scanned_already() -> None:
    async def scene() -> None:
        stand = Stand("base")
        stand.memory.scan(ONE, NINE)
        body = message("2102", PURCHASE)
        await stand.post(body)
        assert stand.interface.bodies == [body]
        stand.memory.scan(TWO)
        stand.interface.answer = lambda _: httpx.Response(
            200, json={"infcode": 0, "output": {"result": {"retRslt": "1"}}}
        )
        await stand.post(message("3505", sold(DRUG, 1), msgid="m2"))
        assert json.loads(stand.interface.bodies[1])["input"]["selinfo"]["drugtracinfo"] == [{"drug_trac_codg": ONE}]

    run(scene())


@pytest.mark.parametrize(
    ("codes", "told"), [((ONE,), OTHER), ((ONE, NINE, TWO), "8600011…0002")], ids=["short", "extra"]
)
def test_short_or_extra_scans_are_stopped_or_shown_as_the_area_wants(codes: tuple[str, ...], told: str) -> None:
    async def scene() -> None:
        for policy in Policy:
            stand = Stand(policy=policy)
            stand.memory.scan(*codes)
            answer = (await stand.post(message("2102", PURCHASE))).json()
            is_stopped = policy is Policy.BLOCK
            assert len(stand.interface.requests) == (0 if is_stopped else 1)
            assert answer["infcode"] == (1 if is_stopped else 0)
            if is_stopped:
                assert answer["err_msg"].startswith("[pos.codes_short] ")
                assert told in answer["err_msg"]
                assert stand.memory.notes[-1].stage is Stage.REFUSED_HERE
            ((desk, remarks),) = stand.memory.shown
            assert desk == "1"
            assert any(told in one.zh and told in one.en for one in remarks)

    run(scene())


SIGNED = {
    "gateway": ({"x-tif-signature": "ab", "x-tif-nonce": "n"}, {}),
    "authorization": ({"Authorization": "HMAC-SM3 Signature=ab"}, {}),
    "cainfo": ({}, {"cainfo": "c2lnbmF0dXJl"}),
}


@pytest.mark.parametrize("how", sorted(SIGNED))
def test_a_signed_message_is_left_alone_and_its_codes_follow_later(how: str) -> None:
    async def scene() -> None:
        headers, fields = SIGNED[how]
        stand = Stand()
        stand.memory.scan(ONE, NINE)
        body = message("2102", PURCHASE, **fields)
        await stand.post(body, headers=headers)
        (sent,) = stand.interface.requests
        assert sent.content == body
        assert all(sent.headers[name] == value for name, value in headers.items())
        ((sale, codes),) = stand.memory.later
        assert sale.setl_id == "S1"
        assert {one.line.serial: one.codes for one in codes} == {"L1": (ONE,), "L2": (NINE,)}
        assert stand.memory.notes[-1].added == 0

    run(scene())


LEDGER = sold(DRUG, 1, psn_cert_type="01", hi_feesetl_type="1", expy_end="2028-01-01", rx_circ_flag="0")


def hidden() -> tuple[bytes, bytes, dict[str, str]]:
    """Return the input, the body and the headers of a message that its sender signed and hid."""
    text = json.dumps(LEDGER, ensure_ascii=False, indent=2).encode()
    fields = {name: value for name, value in json.loads(message("3505", {})).items() if name != "input"}
    sent = protection_of(JILIN).send(fields, Sending("3505", SHOP, text, "p" * 32), KEYS, NOW)
    return text, sent.body, dict(sent.headers)


def test_a_hidden_message_is_left_alone_without_the_key() -> None:
    async def scene() -> None:
        stand = Stand("jilin")
        stand.memory.scan(ONE)
        _, body, headers = hidden()
        await stand.post(body, headers=headers)
        assert stand.interface.bodies == [body]
        assert stand.memory.notes[0].remarks

    run(scene())


@pytest.mark.parametrize("came", ["hidden", "in clear"])
def test_with_the_key_a_message_goes_on_with_its_codes_signed_and_hidden(came: str) -> None:
    async def scene() -> None:
        stand = Stand("jilin", secrets=KEYS)
        stand.memory.scan(ONE)
        text, body, headers = hidden()
        if came == "in clear":
            text, body, headers = b"", message("3505", LEDGER), {}
        await stand.post(body, headers=headers)
        (sent,) = stand.interface.requests
        request = read_request(sent.content, JILIN)
        protection = protection_of(JILIN)
        verified = protection.verify(sent.headers, protection.open(sent.content, KEYS), request, KEYS, NOW)
        clear = verified.input_text or b""
        assert json.loads(clear)["selinfo"] == {**LEDGER["selinfo"], "drugtracinfo": [{"drug_trac_codg": ONE}]}  # type: ignore[dict-item]
        assert clear.startswith(text[: text.rindex(b'"')] if text else b"{")

    run(scene())


def test_what_the_pos_left_unsigned_is_signed_for_it_with_the_key_and_nothing_else_changes() -> None:
    async def scene() -> None:
        stand = Stand("guangdong", secrets=KEYS)
        body = message("2102", PURCHASE)
        await stand.post(body)
        (sent,) = stand.interface.requests
        assert {"x-tif-paasid", "x-tif-timestamp", "x-tif-nonce", "x-tif-signature"} <= set(sent.headers)
        assert sent.content == body

    run(scene())


def test_the_cookies_of_one_are_not_given_to_another() -> None:
    async def scene() -> None:
        stand = Stand(address="http://gateway.example:8080")
        stand.interface.answer = lambda _: httpx.Response(200, headers={"Set-Cookie": "s=1; Path=/"}, content=b"x")
        await stand.post(b"one")
        stand.pos.cookies.clear()
        await stand.post(b"two")
        assert "cookie" not in stand.interface.requests[1].headers

    run(scene())


def test_an_unknown_outcome_is_told_and_a_repeat_asks_with_the_same_bytes() -> None:
    async def scene() -> None:
        stand = Stand()
        stand.memory.scan(ONE, NINE)

        def silent(request: httpx.Request) -> httpx.Response:
            raise httpx.ReadTimeout("", request=request)

        stand.interface.answer = silent
        body = message("2102", PURCHASE)
        told = (await stand.post(body)).json()
        assert told["err_msg"].startswith("[fsi.outcome_unknown] ")
        assert told["infcode"] == 1
        (question,) = stand.memory.questions.values()
        assert (question.infno, question.body) == ("2102", stand.interface.bodies[0])
        assert stand.memory.desks["1"] == []
        stand.memory.scan(TWO)
        stand.interface.answer = lambda _: httpx.Response(200, json=OK)
        assert (await stand.post(body)).json() == OK
        assert stand.interface.bodies[0] == stand.interface.bodies[1]
        assert stand.memory.questions == {}
        assert [one.code for one in stand.memory.desks["1"]] == [TWO]
        assert {ref.setl_id for ref, scans in stand.memory.taken.items() if scans} == {"S1"}
        assert [one.stage for one in stand.memory.notes][1] is Stage.UNKNOWN

    run(scene())


def test_an_interface_out_of_reach_is_told_and_leaves_nothing_open() -> None:
    async def scene() -> None:
        stand = Stand("base")

        def gone(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("", request=request)

        stand.interface.answer = gone
        told = (await stand.post(message("2102", PURCHASE))).json()
        assert told["infcode"] == -1
        assert told["err_msg"].startswith("[fsi.not_sent] ")
        assert stand.memory.questions == {}
        assert stand.memory.notes[-1].stage is Stage.NOT_SENT

    run(scene())


def test_an_answer_of_a_gateway_that_is_none_of_the_interface_leaves_the_question_open() -> None:
    async def scene() -> None:
        stand = Stand()
        stand.interface.answer = lambda _: httpx.Response(502, content=b"<html>bad gateway")
        answer = await stand.post(message("2102", PURCHASE))
        assert (answer.status_code, answer.content) == (502, b"<html>bad gateway")
        assert len(stand.memory.questions) == 1

    run(scene())


def test_the_lines_of_a_visit_are_remembered_for_its_settlement() -> None:
    fee = {
        "feedetl_sn": "F1", "mdtrt_id": "V1", "psn_no": "P1", "chrg_bchno": "C1", "rx_circ_flag": "0",
        "fee_ocur_time": "2026-11-23 10:00:00", "med_list_codg": DRUG, "medins_list_codg": "D1",
        "det_item_fee_sumamt": 15, "cnt": 2, "pric": 7.5, "bilg_dept_codg": "1", "bilg_dept_name": "内科",
        "bilg_dr_codg": "1", "bilg_dr_name": "王", "hosp_appr_flag": "0",
    }  # fmt: skip
    asked = {
        "psn_no": "P1", "mdtrt_cert_type": "03", "mdtrt_cert_no": "X", "med_type": "11", "medfee_sumamt": 15,
        "psn_setlway": "01", "mdtrt_id": "V1", "chrg_bchno": "C1", "insutype": "310", "acct_used_flag": "1",
        "fulamt_ownpay_amt": 0, "overlmt_selfpay": 0, "preselfpay_amt": 0, "inscp_scp_amt": 15,
    }  # fmt: skip

    async def scene() -> None:
        stand = Stand()
        stand.memory.scan(ONE, TWO)
        await stand.post(message("2204", {"feedetail": [fee]}, msgid="m1"))
        await stand.post(message("2207", {"data": asked}, msgid="m2"))
        rows = json.loads(stand.interface.bodies[1])["input"]["drug_trac_info"]
        assert [(one["feedetl_sn"], one["drug_trac_codg"]) for one in rows] == [("F1", ONE), ("F1", TWO)]

        unseen = Stand(policy=Policy.BLOCK)
        unseen.memory.scan(ONE)
        body = message("2207", {"data": asked}, msgid="m2")
        await unseen.post(body)
        assert unseen.interface.bodies == [body]
        assert "2204" in unseen.memory.notes[0].remarks[0].en

    run(scene())


def test_nothing_of_a_person_is_in_the_journal() -> None:
    async def scene() -> None:
        stand = Stand(policy=Policy.BLOCK)
        await stand.post(message("2102", purchase(("L1", DRUG, 1), psn_no="PERSON-1"), opter_name="SOMEBODY"))
        assert not any(word in repr(stand.memory.notes) for word in ("PERSON-1", "SOMEBODY", "X1"))

    run(scene())


def test_a_message_that_is_repeated_before_its_answer_came_waits_for_it() -> None:
    async def scene() -> None:
        stand = Stand()
        stand.memory.scan(ONE, NINE)
        under_way, most = 0, 0

        async def slow(request: httpx.Request) -> httpx.Response:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1
            await request.aread()
            return httpx.Response(200, stream=httpx.ByteStream(json.dumps(OK).encode()))

        stand.interface.answer_slowly = slow
        body = message("2102", PURCHASE)
        answers = await asyncio.gather(*(stand.post(body) for _ in range(4)))
        assert [one.json() for one in answers] == [OK] * 4
        assert most == 1

    run(scene())


BODY = b'\xef\xbb\xbf{"infno":"7777" ,\r\n"input":{"\xe8\x8d\xaf":1.50}}\x00'


def test_over_real_connections_not_one_byte_of_a_body_differs() -> None:
    seen: list[bytes] = []
    reply = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain;charset=GBK\r\nContent-Length: 4\r\n\r\n\xd2\xa9\x00\r"

    async def interface(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(one[15:]) for one in head.split(b"\r\n") if one.lower().startswith(b"content-length:"))
        seen.extend((head, await reader.readexactly(length)))
        writer.write(reply)
        await writer.drain()
        writer.close()

    async def scene() -> bytes:
        far = await asyncio.start_server(interface, "127.0.0.1", 0)
        port = far.sockets[0].getsockname()[1]
        stand = Stand("base")
        application = stand.application(f"http://127.0.0.1:{port}/mbs/fmi")
        server = uvicorn.Server(uvicorn.Config(application, log_level="error", lifespan="off", server_header=False))
        near = socket.create_server(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve([near]))
        reader, writer = await asyncio.open_connection(*near.getsockname())
        chunked = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in (BODY[:5], BODY[5:]))
        writer.write(
            b"POST /fsi/a%2fb?x=%E4 HTTP/1.1\r\nHost: pos\r\nX-Two: 1\r\nX-Two: 2\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" + chunked + b"0\r\n\r\n"
        )
        answer = await reader.read()
        server.should_exit = True
        await serving
        far.close()
        return answer

    answer = run(scene())
    head, body = seen
    assert body == BODY
    assert head.startswith(b"POST /mbs/fmi/fsi/a%2fb?x=%E4 HTTP/1.1\r\n")
    lower = head.lower()
    assert (lower.count(b"x-two: "), lower.count(b"\r\nuser-agent:"), lower.count(b"transfer-encoding")) == (2, 0, 0)
    assert answer.endswith(b"\r\n\r\n\xd2\xa9\x00\r")
    assert b"text/plain;charset=GBK" in answer


def test_who_shows_a_token_has_signed_nothing() -> None:
    async def scene() -> None:
        stand = Stand()
        stand.memory.scan(ONE, NINE)
        await stand.post(message("2102", PURCHASE), headers={"Authorization": "Bearer x"})
        (sent,) = stand.interface.requests
        assert len(json.loads(sent.content)["input"]["drug_trac_info"]) == 2
        assert sent.headers["authorization"] == "Bearer x"

    run(scene())


def test_without_the_key_the_reason_is_the_key_and_not_the_table() -> None:
    async def scene() -> None:
        stand = Stand("jilin", Policy.BLOCK)
        stand.memory.scan(ONE)
        _, body, headers = hidden()
        await stand.post(body, headers=headers)
        ((desk, (remark,)),) = stand.memory.shown
        assert (desk, stand.interface.bodies) == ("1", [body])
        assert "没有密钥" in remark.zh
        assert "no key here" in remark.en

    run(scene())


@pytest.mark.parametrize("path", ["/a/../b", "/a/%2e%2E/b", "/./a", "/a%2f..%2fb", "/a/..;x/b", "/a\\..\\b", "/.."])
@pytest.mark.parametrize("is_listening", [False, True])
def test_a_path_that_climbs_is_refused_and_says_why(path: str, *, is_listening: bool) -> None:
    async def scene() -> None:
        stand = Stand(address="http://192.0.2.1:8080/shop/7", is_listening=is_listening)
        answer = await asked_by_socket(stand, path)
        assert answer["err_msg"].startswith("[pos.path_refused]")
        assert stand.interface.requests == []
        assert stand.memory.notes[-1].stage is Stage.REFUSED_HERE

    run(scene())


@pytest.mark.parametrize("path", ["/a..b/.c/d.?x=../..", '/a|b"c/%zz//d;e', "/a%2Fb?q=%e4&&"])
def test_any_other_path_goes_on_to_the_letter(path: str) -> None:
    async def scene() -> None:
        stand = Stand(address="http://192.0.2.1:8080/shop/7")
        await asked_by_socket(stand, path)
        (sent,) = stand.interface.requests
        assert sent.extensions["target"] == b"/shop/7" + path.encode()

    run(scene())


async def asked_by_socket(stand: Stand, path: str) -> dict[str, str]:
    """Ask with a path as a socket has it: a client would clean it up."""
    target, _, query = path.partition("?")
    scope = {
        "type": "http", "method": "POST", "path": target, "raw_path": target.encode(), "query_string": query.encode(),
        "headers": [], "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    sent: list[bytes] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(told: MutableMapping[str, Any]) -> None:
        sent.append(told.get("body", b""))

    await stand.application(stand.address, httpx.MockTransport(stand.interface))(scope, receive, send)
    return dict(json.loads(b"".join(sent)))


@pytest.mark.parametrize(
    ("name", "value"),
    [("infno", "2102" + "0" * 3), ("msgid", "M" * 31), ("fixmedins_code", "P" * 31)],
)
def test_what_is_longer_than_the_interface_has_it_goes_on_is_told_and_kept_nowhere(name: str, value: str) -> None:
    async def scene() -> None:
        stand = Stand(keeps_answers=False)
        stand.memory.scan(ONE, NINE)
        stand.interface.answer = lambda _: httpx.Response(200, content=b"<html>")
        body = json.dumps({**json.loads(message("2102", PURCHASE)), name: value}).encode()
        await stand.post(body)
        assert stand.interface.bodies == [body]
        assert stand.memory.questions == {}
        assert value not in repr(stand.memory.notes)
        ((_, (remark,)),) = stand.memory.shown
        assert name in remark.zh
        assert name in remark.en

    run(scene())


def test_an_operator_of_any_length_does_not_keep_a_sale_from_going_on() -> None:
    async def scene() -> None:
        stand = Stand()
        stand.memory.scan(ONE, NINE)
        await stand.post(message("2102", PURCHASE, opter="x" * 4_000))
        (settled,) = stand.memory.settlements
        assert settled.operator == "x" * 30

    run(scene())
