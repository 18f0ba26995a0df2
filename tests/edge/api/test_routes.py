"""The local interface: what it answers, and how it says no."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest

from codes.words import Words
from edge.api.forms import ScanForm
from edge.api.parts import COOKIE
from edge.operators.accounts import disable_account
from edge.operators.guesses import FREE
from edge.store import sql
from edge.store.errors import DiskFullError
from tests.edge.api.conftest import Client
from tests.edge.scene import (
    EAN,
    ID_NUMBER,
    NOON,
    TERMINAL,
    TRACE_1,
    TRACE_2,
    UDI_PACK,
    UDI_RAW,
    FakeClock,
    Shop,
)
from wire.events import Dispensed, SaleReturned, ShiftClosed, ShiftOpened
from wire.receipts import Receipt, Rejected

SALE = f"{TERMINAL}-20261121-1"


def problem(answer: httpx.Response) -> str:
    """Return the code of a well-formed problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["zh"]
    assert body["en"]
    assert body["next"]["zh"]
    assert body["next"]["en"]
    return str(body["code"])


# -- session -------------------------------------------------------------------------------------------------------


def test_signing_in_gives_a_cookie_that_scripts_cannot_read(client: Client) -> None:
    answer = client.ask("POST", "/api/v1/session", {"operator": "li", "password": client.password})
    assert answer.status_code == 200
    assert answer.json()["operator"] == "li"
    assert answer.json()["name"] == "李"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/session")["shift"] == answer.json()["shift"]
    assert isinstance(client.shop.facts()[0], ShiftOpened)


def test_never_signed_in_and_not_any_more_are_two_answers(at_work: Client) -> None:
    token = at_work.cookies[COOKIE]
    at_work.ask("DELETE", "/api/v1/session")
    never = at_work.ask("GET", "/api/v1/session")
    at_work.cookies.set(COOKIE, token)
    after = at_work.ask("GET", "/api/v1/session")
    assert (problem(never), problem(after)) == ("session.required", "session.ended")
    assert never.json()["zh"] != after.json()["zh"]


def test_pos_of_the_same_operator_joins_the_shift_and_leaves_the_page_signed_in(at_work: Client) -> None:
    page = dict(at_work.cookies)
    shift = at_work.get("/session")["shift"]
    at_work.cookies.clear()
    at_work.sign_in()
    assert at_work.get("/session")["shift"] == shift
    pos = dict(at_work.cookies)
    at_work.cookies = httpx.Cookies(page)
    assert at_work.get("/session")["shift"] == shift
    at_work.cookies = httpx.Cookies(pos)
    at_work.ask("DELETE", "/api/v1/session")
    at_work.cookies = httpx.Cookies(page)
    assert problem(at_work.ask("GET", "/api/v1/session")) == "session.ended", "signing out ends it for every client"


def test_signing_out_closes_the_shift_and_the_cookie(at_work: Client) -> None:
    assert at_work.ask("DELETE", "/api/v1/session").status_code == 204
    assert isinstance(at_work.shop.facts()[-1], ShiftClosed)
    assert problem(at_work.ask("GET", "/api/v1/session")) == "session.required"


@pytest.mark.parametrize(("operator", "password"), [("li", "wrong"), ("nobody", "wrong")])
def test_wrong_password_is_refused_without_saying_which_part(client: Client, operator: str, password: str) -> None:
    answer = client.ask("POST", "/api/v1/session", {"operator": operator, "password": password})
    assert (answer.status_code, problem(answer)) == (401, "session.refused")
    assert "set-cookie" not in answer.headers


def test_disabled_operator_is_refused_in_words(client: Client) -> None:
    disable_account(client.shop.connection, "li", NOON)
    answer = client.ask("POST", "/api/v1/session", {"operator": "li", "password": client.password})
    assert (answer.status_code, problem(answer)) == (403, "operator.disabled")
    assert (answer.json()["zh"], "enable" in answer.json()["next"]["en"]) == ("工号 li 已停用，不能登录", True)
    assert "set-cookie" not in answer.headers


def test_guessing_is_slowed_down_and_says_how_long(client: Client) -> None:
    for _ in range(FREE):
        client.ask("POST", "/api/v1/session", {"operator": "li", "password": "wrong"})
    answer = client.ask("POST", "/api/v1/session", {"operator": "li", "password": client.password})
    assert (answer.status_code, problem(answer)) == (429, "session.locked")
    assert answer.headers["retry-after"] == "30"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/v1/sale/close", {}),
        ("POST", "/api/v1/sale/cancel", {}),
        ("POST", "/api/v1/delivery/close", {}),
        ("DELETE", f"/api/v1/sale/packs/{TRACE_1}", None),
        ("PUT", f"/api/v1/sale/packs/{TRACE_1}", None),
        ("POST", f"/api/v1/sales/{SALE}/return", {"codes": [TRACE_1], "reason": "x"}),
        ("PUT", "/api/v1/mode", {"mode": "receive"}),
        ("POST", "/api/v1/scans", {"raw": TRACE_1}),
        ("GET", f"/api/v1/sales?code={TRACE_1}", None),
        ("DELETE", "/api/v1/session", None),
    ],
)
def test_changing_anything_needs_a_signed_in_browser(
    client: Client, method: str, path: str, body: dict[str, object] | None
) -> None:
    answer = client.ask(method, path, body)
    assert (answer.status_code, problem(answer)) == (401, "session.required")
    client.cookies.set(COOKIE, "yima_forged")
    assert problem(client.ask(method, path, body)) == "session.ended"
    assert client.shop.count("outbox") == 0


@pytest.mark.parametrize(
    "path", ["/api/v1/sale", "/api/v1/scans", "/api/v1/status", "/api/v1/dead-letters", "/api/v1/live"]
)
def test_looking_needs_a_signed_in_browser_once_others_can_ask(stocked: Shop, path: str) -> None:
    exposed = Client(stocked, is_open=False)
    assert problem(exposed.ask("GET", path)) == "session.required"
    exposed.sign_in()
    if path != "/api/v1/live":
        assert exposed.ask("GET", path).status_code == 200


def test_looking_is_open_on_this_machine(client: Client) -> None:
    assert client.get("/sale") == {
        "id": None,
        "mode": "dispense",
        "operator": None,
        "lines": [],
        "totals": {"boxes": 0, "matched": 0, "unmatched": 0, "alarms": 0, "amount": "0.00", "unpriced": 0},
        "is_paying": False,
        "waiting": None,
        "waiting_boxes": 0,
    }
    assert client.get("/scans") == []
    assert client.get("/dead-letters") == []


# -- selling -------------------------------------------------------------------------------------------------------


def test_scans_of_one_list_are_told_alone(at_work: Client) -> None:
    first = at_work.post("/scans", {"raw": TRACE_1})
    at_work.post("/sale/cancel")
    second = at_work.post("/scans", {"raw": TRACE_2})
    assert first["sale"] != second["sale"]
    for scan in (first, second):
        assert [shown["id"] for shown in at_work.get(f"/scans?sale={scan['sale']}")] == [scan["id"]]
    assert at_work.get("/scans?sale=nothing") == []


def test_morning_at_the_counter(at_work: Client) -> None:
    first = at_work.post("/scans", {"raw": TRACE_1})
    assert (first["verdict"], first["class"], first["sale"], first["device"]) == ("added", "甲", SALE, "api")
    assert at_work.post("/scans", {"raw": TRACE_1})["verdict"] == "already_in_sale"
    assert at_work.post("/scans", {"raw": TRACE_2})["quantity"] == 2
    assert at_work.post("/scans", {"raw_hex": UDI_RAW.hex(), "symbology": "]d2"})["code"] == UDI_PACK
    sale = at_work.get("/sale")
    assert [(line["quantity"], line["codes"]) for line in sale["lines"]] == [(3, [TRACE_1, TRACE_2, UDI_PACK])]
    left = at_work.ask("DELETE", f"/api/v1/sale/packs/{UDI_PACK}").json()
    assert left["lines"][0]["quantity"] == 2
    for _ in range(2):
        assert at_work.ask("PUT", f"/api/v1/sale/packs/{UDI_PACK}").json() == sale
    assert at_work.ask("DELETE", f"/api/v1/sale/packs/{UDI_PACK}").json() == left
    closed = at_work.post("/sale/close", {"sale": SALE, "paid_by": "self_pay"}, key="k1")
    assert (closed["sale"], closed["totals"]["amount"]) == (SALE, "19.61")
    assert at_work.post("/sale/close", {"sale": SALE, "paid_by": "self_pay"}, key="k1") == closed
    returned = at_work.post(f"/sales/{SALE}/return", {"codes": [TRACE_1], "reason": " 不需要了 "}, key="k2")
    assert (returned["codes"], returned["reason"]) == ([TRACE_1], "不需要了")
    assert at_work.post(f"/sales/{SALE}/return", {"codes": [TRACE_1], "reason": "不需要了"}, key="k2") == returned
    kinds = [type(fact) for fact in at_work.shop.facts()]
    assert kinds.count(Dispensed) == 1
    assert kinds.count(SaleReturned) == 1
    assert {event.operator for event in at_work.shop.events()} == {"li"}


def test_sale_that_sold_a_pack_is_found_by_the_pack(at_work: Client) -> None:
    at_work.post("/scans", {"raw": TRACE_1})
    at_work.post("/scans", {"raw_hex": UDI_RAW.hex(), "symbology": "]d2"})
    not_yet = at_work.ask("GET", "/api/v1/sales", params={"code": TRACE_1})
    assert (not_yet.status_code, problem(not_yet)) == (404, "counter.pack_not_sold_here")
    at_work.post("/sale/close", {})
    found = at_work.get("/sales", code=TRACE_1)
    assert (found["code"], found["sale"], found["operator"], found["name"]) == (TRACE_1, SALE, "li", "阿莫西林胶囊")
    for text in (UDI_PACK, UDI_RAW.decode(), f"{TRACE_1}\r"):
        assert at_work.get("/sales", code=text)["sale"] == SALE
    at_work.post(f"/sales/{SALE}/return", {"codes": [TRACE_1], "reason": "x"})
    assert at_work.ask("GET", "/api/v1/sales", params={"code": TRACE_1}).status_code == 404
    assert [one["code"] for one in at_work.get("/quarantine")["packs"]] == [TRACE_1]
    assert at_work.post(f"/quarantine/{TRACE_1}/release", {"reason": "完好"}) == {"packs": []}
    at_work.post("/scans", {"raw": TRACE_1})
    at_work.post("/sale/close", {})
    assert at_work.get("/sales", code=TRACE_1)["sale"] == f"{TERMINAL}-20261121-2"


@pytest.mark.parametrize(
    ("raw", "symbology", "key"),
    [
        ("+A123BJC5D6E71/$+77DAA1C", None, "hibc:A123BJC5D6E71:77DAA1"),
        ("MA.156.M0.100204.13351764.SQ17", None, "ma:MA.156.M0.100204.13351764:Q17"),
        ("010690000000001421A(10)B", "]d2", "(01)06900000000014(21)A(10)B"),
    ],
)
def test_sale_is_found_by_the_key_that_the_terminal_shows(
    at_work: Client, raw: str, symbology: str | None, key: str
) -> None:
    assert at_work.post("/scans", {"raw": raw, "symbology": symbology})["code"] == key
    at_work.post("/sale/close", {})
    assert at_work.get("/sales", code=key)["code"] == key


@pytest.mark.req("C-04")
def test_credential_that_is_looked_up_as_a_pack_is_not_repeated(at_work: Client) -> None:
    answer = at_work.ask("GET", "/api/v1/sales", params={"code": ID_NUMBER})
    assert problem(answer) == "counter.pack_not_sold_here"
    assert ID_NUMBER not in answer.text


def test_delivery(at_work: Client) -> None:
    assert at_work.ask("PUT", "/api/v1/mode", {"mode": "receive"}).json()["mode"] == "receive"
    at_work.post("/scans", {"raw": TRACE_1})
    closed = at_work.post("/delivery/close", {}, key="d")
    assert (closed["mode"], closed["sale"]) == ("receive", SALE)


@pytest.mark.req("T-23")
def test_payment_that_a_pos_declares(at_work: Client) -> None:
    at_work.post("/scans", {"raw": TRACE_1})
    paying = {"sale": SALE, "is_paying": True}
    for _ in range(2):
        assert at_work.ask("PUT", "/api/v1/sale/paying", paying).json()["is_paying"] is True
    shown = at_work.post("/scans", {"raw": TRACE_2})
    assert (shown["sale"], shown["is_next"]) == (f"{TERMINAL}-20261121-2", True)
    sale = at_work.get("/sale")
    assert (sale["id"], sale["totals"]["boxes"], sale["waiting"], sale["waiting_boxes"]) == (SALE, 1, shown["sale"], 1)
    at_work.post("/sale/close", {"sale": SALE}, key="k")
    sale = at_work.get("/sale")
    assert (sale["id"], sale["is_paying"], sale["waiting"]) == (shown["sale"], False, None)
    assert [line["codes"] for line in sale["lines"]] == [[TRACE_2]]
    assert at_work.post("/sale/close", {"sale": SALE}, key="k")["totals"]["boxes"] == 1
    assert problem(at_work.ask("PUT", "/api/v1/sale/paying", paying)) == "counter.list_not_open"


def test_cancelling(at_work: Client) -> None:
    at_work.post("/scans", {"raw": TRACE_1})
    assert at_work.post("/sale/cancel", {}, key="c") == {"sale": SALE}
    assert at_work.post("/sale/cancel", {}, key="c") == {"sale": SALE}
    assert at_work.get("/sale")["id"] is None


def test_one_key_for_two_requests_is_refused(at_work: Client) -> None:
    at_work.post("/scans", {"raw": TRACE_1})
    at_work.post("/sale/close", {}, key="k")
    answer = at_work.ask("POST", "/api/v1/sale/close", {"sale": SALE}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, problem(answer)) == (422, "counter.key_reused")


def test_refusals_of_the_counter_have_a_status_that_fits(at_work: Client) -> None:
    for method, path, body, status, code in (
        ("POST", "/sale/close", {}, 409, "counter.list_not_open"),
        ("DELETE", "/sale/packs/nothing", None, 404, "counter.pack_not_on_list"),
        ("PUT", "/sale/packs/nothing", None, 404, "counter.pack_not_removed"),
        ("PUT", "/sale/paying", {"sale": "none", "is_paying": True}, 409, "counter.list_not_open"),
        ("POST", "/sales/none/return", {"codes": ["x"], "reason": "x"}, 404, "counter.sale_unknown"),
    ):
        answer = at_work.ask(method, f"/api/v1{path}", body)
        assert (answer.status_code, problem(answer)) == (status, code)


# -- scans ---------------------------------------------------------------------------------------------------------


@pytest.mark.req("T-05")
def test_scan_that_is_sent_again_by_a_pos_is_one_scan(at_work: Client) -> None:
    first = at_work.post("/scans", {"raw": TRACE_1}, key="pos-1")
    told, events = len(at_work.shop.heard()), at_work.shop.count("outbox")
    assert at_work.post("/scans", {"raw": TRACE_1}, key="pos-1") == first
    assert (at_work.shop.count("scan"), at_work.shop.count("outbox"), len(at_work.shop.heard())) == (1, events, told)
    assert at_work.post("/scans", {"raw": TRACE_1}, key="pos-2")["verdict"] == "already_in_sale"
    other = at_work.ask("POST", "/api/v1/scans", {"raw": TRACE_2}, headers={"Idempotency-Key": "pos-1"})
    assert (other.status_code, problem(other)) == (422, "counter.key_reused")


@pytest.mark.req("C-04")
@pytest.mark.parametrize("raw", [ID_NUMBER, TRACE_1 + ID_NUMBER])
def test_key_of_a_credential_keeps_nothing_of_it(at_work: Client, raw: str) -> None:
    body = {"raw": raw}
    answers = [at_work.post("/scans", body, key="pos-1") for _ in range(2)]
    assert answers[0]["verdict"] == answers[1]["verdict"]
    assert at_work.shop.count("scan") == (0 if raw == ID_NUMBER else 1)
    with at_work.shop.connection.begin():
        kept = sql.rows(at_work.shop.connection, "SELECT asked, answer FROM answered_request")
    assert len(kept) == (0 if raw == ID_NUMBER else 1)
    digest = hashlib.sha256(f"scan {ScanForm(**body).model_dump_json()}".encode()).hexdigest()
    assert digest not in str(kept)
    assert ID_NUMBER not in str(kept)


@pytest.mark.parametrize(
    ("entry", "device", "flags"),
    [("typed", "typed", ["typed"]), ("wedge", "wedge", []), ("picked", "picked", []), (None, "api", [])],
)
def test_scan_says_how_it_came(at_work: Client, entry: str | None, device: str, flags: list[str]) -> None:
    shown = at_work.post("/scans", {"raw": TRACE_1, "entry": entry})
    assert "committed_at" not in shown
    assert (shown["device"], shown["flags"]) == (device, flags)
    assert at_work.shop.facts()[-1].device == device


def test_pack_is_sold_in_part_and_whole_after_all(at_work: Client) -> None:
    at_work.post("/scans", {"raw": TRACE_1, "entry": "picked"})
    (offered,) = at_work.get("/sale/units")
    assert (offered["code"], offered["size"], offered["left"], offered["units"]) == (TRACE_1, 24, 24, None)
    (line,) = at_work.ask("PUT", "/api/v1/sale/units", {"code": TRACE_1, "units": 6}).json()["lines"]
    assert (line["units"], at_work.get("/sale/units")[0]["units"]) == (6, 6)
    (line,) = at_work.ask("DELETE", f"/api/v1/sale/units/{TRACE_1}").json()["lines"]
    assert (line["units"], line["quantity"]) == (None, 1)
    at_work.ask("PUT", "/api/v1/sale/units", {"code": TRACE_1, "units": 6})
    at_work.post("/sale/close")
    assert [one["rest"] for one in at_work.get("/opened-packs")] == [18]
    at_work.post("/scans", {"raw": TRACE_1})
    assert problem(at_work.ask("DELETE", f"/api/v1/sale/units/{TRACE_1}")) == "counter.not_whole"


@pytest.mark.req("T-25")
def test_retail_code_gets_a_hint(at_work: Client) -> None:
    scan = at_work.post("/scans", {"raw": EAN, "symbology": "]E0"})
    assert scan["verdict"] == "wrong_code_type"
    assert "商品条码" in scan["hint"]["zh"]


@pytest.mark.req("C-04")
def test_credential_comes_back_masked_and_is_in_no_list(at_work: Client) -> None:
    scan = at_work.post("/scans", {"raw": ID_NUMBER})
    assert (scan["id"], scan["verdict"]) == (None, "credential")
    assert ID_NUMBER not in str(scan)
    assert at_work.get("/scans") == []


def test_screen_that_reloads_gets_the_latest_scans_and_then_the_new_ones(at_work: Client) -> None:
    for number in range(5):
        at_work.shop.scan(f"junk {number}")
    assert [scan["id"] for scan in at_work.get("/scans?limit=2")] == [4, 5]
    assert [scan["id"] for scan in at_work.get("/scans?after=3")] == [4, 5]
    assert at_work.get("/scans?after=5") == []
    live = at_work.shop.heard("scan")[-1][1]
    kept = at_work.get("/scans?after=4")[0]
    assert "committed_at" not in kept, "without a time it would read as if it were not committed"
    assert {**kept, "committed_at": NOON.timestamp()} == live


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"raw": "a", "raw_hex": "61"},
        {"raw": ""},
        {"raw": "x" * 5_000},
        {"raw_hex": "6"},
        {"raw_hex": "zz"},
        {"raw": "a", "symbology": "d2"},
        {"raw": "a", "colour": "red"},
        {"raw": "a", "entry": "telepathy"},
        [],
    ],
)
def test_scan_that_cannot_be_understood_is_refused_by_name(at_work: Client, body: object) -> None:
    answer = at_work.ask("POST", "/api/v1/scans", body)
    assert (answer.status_code, problem(answer)) == (422, "request.invalid")
    assert at_work.shop.count("scan") == 0


@pytest.mark.parametrize("body", [{}, {"raw": "a", "raw_hex": "61"}])
def test_scan_with_both_or_neither_of_raw_and_raw_hex_says_so(at_work: Client, body: object) -> None:
    answer = at_work.ask("POST", "/api/v1/scans", body).json()
    assert "raw 与 raw_hex 须且只能给一个" in answer["zh"]
    assert "give exactly one of raw and raw_hex" in answer["en"]


# -- status --------------------------------------------------------------------------------------------------------


def test_status_needs_no_sign_in_on_this_machine(client: Client) -> None:
    status = client.get("/status")
    assert (status["terminal"], status["fingerprint"]) == (TERMINAL, "0000-1111-2222-3333")
    assert status["sync"]["pending"] == 1
    assert client.ask("GET", "/healthz").json() == {"ok": True}


def test_dead_letters_are_shown(at_work: Client) -> None:
    (opened,) = at_work.shop.events()
    refused = [Rejected(1, opened.id, "event.invalid")]
    receipt = Receipt(1, TERMINAL, opened.epoch, "c", NOON, "n" * 16, rejected=refused)
    at_work.shop.outbox.apply_receipts([receipt], NOON)
    (letter,) = at_work.get("/dead-letters")
    assert (letter["seq"], letter["kind"], letter["code"]) == (1, "shift_opened", "event.invalid")


@pytest.mark.req("T-66")
def test_health_is_bad_only_if_the_store_is(client: Client) -> None:
    client.fault = DiskFullError(Words("磁盘已满", "full"))
    answer = client.ask("GET", "/healthz")
    assert (answer.status_code, problem(answer)) == (503, "store.disk_full")


# -- the border ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "host", "status", "code"),
    [
        ({}, "evil.example", 403, "web.host_refused"),
        ({"origin": "http://evil.example"}, "127.0.0.1:8620", 403, "web.cross_origin"),
        ({"sec-fetch-site": "cross-site"}, "127.0.0.1:8620", 403, "web.cross_origin"),
        ({"origin": "http://127.0.0.1:8620"}, "127.0.0.1:8620", 200, None),
        ({"sec-fetch-site": "same-origin"}, "counter.example", 200, None),
    ],
)
def test_strange_hosts_and_strange_pages_are_kept_out(
    at_work: Client, headers: dict[str, str], host: str, status: int, code: str | None
) -> None:
    at_work.headers["cookie"] = f"{COOKIE}={at_work.cookies[COOKIE]}"
    answer = at_work.ask("POST", "/api/v1/scans", {"raw": TRACE_1}, headers=headers, host=host)
    assert answer.status_code == status
    assert code is None or problem(answer) == code
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")


def test_body_of_a_megabyte_is_refused(at_work: Client) -> None:
    answer = at_work.ask("POST", "/api/v1/scans", content=b"x" * 1_000_000)
    assert (answer.status_code, problem(answer)) == (413, "web.body_too_large")


def test_body_that_hides_its_size_is_refused_while_it_arrives(at_work: Client) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 10_000

    answer = at_work.ask("POST", "/api/v1/scans", content=pieces())
    assert (answer.status_code, problem(answer)) == (413, "web.body_too_large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "request.not_found"),
        ("PATCH", "/api/v1/sale", 405, "web.http"),
        ("POST", "/api/v1/session", 422, "request.invalid"),
        ("GET", "/api/v1/scans?after=-1", 422, "request.invalid"),
    ],
)
def test_nonsense_is_answered_in_the_same_form(client: Client, method: str, path: str, status: int, code: str) -> None:
    answer = client.ask(method, path, content=b"{broken", headers={"content-type": "application/json"})
    assert (answer.status_code, problem(answer)) == (status, code)


def test_disk_trouble_is_a_passing_failure_with_its_code(at_work: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFullError(Words("磁盘已满", "full"))

    monkeypatch.setattr(at_work.shop.counter, "take", full)
    answer = at_work.ask("POST", "/api/v1/scans", {"raw": TRACE_1})
    assert (answer.status_code, problem(answer)) == (503, "store.disk_full")


def test_bug_is_answered_without_its_insides(at_work: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> None:
        raise RuntimeError("secret insides")

    monkeypatch.setattr(at_work.shop.counter, "take", stumble)
    at_work.raises = False
    answer = at_work.ask("POST", "/api/v1/scans", {"raw": TRACE_1})
    assert (answer.status_code, problem(answer)) == (500, "edge.unexpected")
    assert "secret" not in answer.text


def test_session_ends_with_its_time(at_work: Client, clock: FakeClock) -> None:
    clock.advance(13 * 3600)
    assert problem(at_work.ask("POST", "/api/v1/scans", {"raw": TRACE_1})) == "session.ended"


OPEN_TO_ALL = {("/api/v1/session", "post"), ("/healthz", "get")}
LOOKING = {
    (f"/api/v1/{path}", "get")
    for path in (
        *("sale", "scans", "status", "dead-letters", "live", "scanner-setup"),
        *("tickets", "tickets/{sale}", "sale/units", "opened-packs", "undertakings", "undertakings/{number}"),
        *("ledger-rows", "batches", "quarantine"),
    )
}
NEVER_TWICE = {
    (f"/api/v1/{path}", "post")
    for path in (
        *("session", "ticket/person", "ticket/trial", "ticket/confirm"),
        *("days/{day}/end", "days/{day}/reopen", "drawer/count", "hand-overs", "visits/{visit}/steps"),
        *("undertakings/{number}/go-on", "ledger-rows/{row}/send-again", "ledger-rows/{row}/set-aside"),
        *("batches", "batches/open", "batches/name", "quarantine/{code}/release", "sales/find"),
    )
}
"""What does the same, or nothing, when it is asked again."""


def test_refused_record_is_sent_again_or_set_aside_by_name(stocked: Shop, at_work: Client) -> None:
    opened = stocked.events()[0]
    refused = [Rejected(opened.seq, opened.id, "event.invalid")]
    receipt = Receipt(1, TERMINAL, opened.epoch, "c", NOON, "n" * 16, rejected=refused)
    stocked.outbox.apply_receipts([receipt], NOON)
    place = f"/api/v1/dead-letters/{opened.id}"
    assert at_work.ask("PUT", f"{place}/set-aside", {"reason": " "}).status_code == 422
    assert at_work.ask("PUT", f"{place}/set-aside", {"reason": "测试"}).status_code == 204
    (letter,) = at_work.ask("GET", "/api/v1/dead-letters").json()
    assert (letter["set_aside"]["reason"], letter["set_aside"]["operator"]) == ("测试", opened.operator)
    assert at_work.ask("PUT", f"{place}/send").status_code == 204
    assert at_work.ask("GET", "/api/v1/dead-letters").json() == []
    assert problem(at_work.ask("PUT", "/api/v1/dead-letters/none/send")) == "outbox.no_dead_letter"


def test_document_declares_the_problems_and_the_cookie_of_every_operation(stocked: Shop) -> None:
    for is_open in (True, False):
        document = Client(stocked, is_open=is_open, login=f"op-{is_open}").ask("GET", "/openapi.json").json()
        scheme = document["components"]["securitySchemes"]["terminal session"]
        assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "cookie", COOKIE)
        operations = {(path, method): op for path, ops in document["paths"].items() for method, op in ops.items()}
        for place, operation in operations.items():
            problem_schema = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
            assert problem_schema == {"$ref": "#/components/schemas/Problem"}, place
            assert "422" not in operation["responses"], place
        unguarded = {place for place, operation in operations.items() if not operation.get("security")}
        assert unguarded == (OPEN_TO_ALL | LOOKING if is_open else OPEN_TO_ALL)
        unsafe = {place for place, operation in operations.items() if place[1] == "post"}
        keyed = {place for place in unsafe if "Idempotency-Key" in str(operations[place].get("parameters"))}
        assert unsafe - keyed == NEVER_TWICE
        assert list(operations["/api/v1/live", "get"]["responses"]["200"]["content"]) == ["text/event-stream"]


def test_document_describes_every_route_in_words(client: Client) -> None:
    document = client.ask("GET", "/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            assert route.get("description"), f"{method} {path}"
    assert client.ask("GET", "/docs").status_code == 404


@pytest.mark.req("T-22")
def test_a_scanner_is_set_up_by_whoever_is_signed_in(client: Client) -> None:
    form = {"device": "serial:left"}
    assert client.ask("PUT", "/api/v1/scanner-setup", form).status_code == HTTPStatus.UNAUTHORIZED
    client.sign_in()
    begun = client.ask("PUT", "/api/v1/scanner-setup", form).json()
    assert (begun["stage"], begun["next_symbol"], begun["profile"]) == ("running", "code128", None)
    skipped = client.ask("PUT", "/api/v1/scanner-setup/skip", form | {"symbol": "code128"}).json()
    assert [symbol["state"] for symbol in skipped["symbols"]][:2] == ["skipped", "waiting"]
    assert client.get("/scanner-setup") == []
    stopped = client.ask("DELETE", "/api/v1/scanner-setup", params=form).json()
    assert stopped["stage"] == "stopped"
    again = client.ask("DELETE", "/api/v1/scanner-setup", params=form)
    assert (again.status_code, again.json()["code"]) == (HTTPStatus.CONFLICT, "scanner.setup.not_running")


def test_what_is_no_scanner_of_this_terminal_cannot_be_set_up(at_work: Client) -> None:
    for device in ("serial:other", "camera:eye"):
        refused = at_work.ask("PUT", "/api/v1/scanner-setup", {"device": device})
        assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.NOT_FOUND, "scanner.setup.unknown_device")
