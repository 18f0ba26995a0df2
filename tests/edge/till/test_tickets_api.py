"""Tickets over the terminal's interface, at a true centre: what a POS sends and gets, and what is kept of it."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from edge.credentials import Way
from edge.till.identifying import Typed
from tests.edge.api.conftest import Client
from tests.edge.till.stand import CHEN_ID, CHEN_TOKEN, REQUEST, Stand, pack
from tests.server.fsi.counter import CARD, LI


@pytest.fixture
def pos(stand: Stand) -> Client:
    client = Client(stand.shop, login="zhou", till=stand.till)
    client.sign_in()
    return client


def open_sale(pos: Client, *codes: str) -> str:
    return str([pos.post("/scans", {"raw": code}) for code in codes][-1]["sale"])


def tried(pos: Client, sale: str) -> None:
    pos.post("/ticket/person", {"sale": sale, "by": "id", "number": CARD[LI]})
    assert pos.post("/ticket/trial", {"sale": sale})["lacks"] == []


def refusal(pos: Client, path: str, body: object) -> tuple[int, str]:
    answer = pos.ask("POST", f"/api/v1{path}", body)
    return answer.status_code, answer.json()["code"]


def test_insured_sale_from_the_scan_to_the_receipt(pos: Client) -> None:
    sale = open_sale(pos, pack(1, 1), pack(2, 1))
    person = pos.post("/ticket/person", {"sale": sale, "by": "id", "number": CARD[LI]})
    assert (person["name"], person["number"]) == ("李*", "**************0011")
    trial = pos.post("/ticket/trial", {"sale": sale})
    assert trial["amounts"]["fee"] == "109.81"
    done = pos.post("/ticket/settle", {"sale": sale}, key="pos-1")
    assert (done["standing"], done["paid_by"], done["person"]) == ("settled", "insured", None)
    assert done["paid"]["amounts"]["fee"] == "109.81"
    assert pos.post("/ticket/settle", {"sale": sale}, key="pos-1") == done
    assert refusal(pos, "/sale/close", {"sale": sale}) == (409, "counter.insured"), "nobody takes cash for it as well"
    assert pos.get(f"/tickets/{sale}")["paid"]["setl_id"]


def test_list_that_lies_aside_over_the_interface(pos: Client, stand: Stand) -> None:
    stand.wire.up = False
    sale = open_sale(pos, pack(1, 1))
    assert refusal(pos, "/ticket/person", {"sale": sale, "by": "id", "number": CARD[LI]}) == (503, "till.offline")
    slip = pos.post("/ticket/hold", {"sale": sale, "note": "停电"}, key="h")
    assert slip["notice"]["zh"].startswith("未结算")
    assert [one["sale"] for one in pos.get("/tickets")["tickets"]] == [sale]
    assert pos.post("/ticket/hold", {"sale": sale, "note": "停电"}, key="h") == slip
    stand.wire.up = True
    assert pos.post(f"/tickets/{sale}/take-up", {})["place"] == "open"
    tried(pos, sale)
    assert pos.post("/ticket/settle", {"sale": sale})["standing"] == "settled"


def test_unknown_outcome_is_told_live_when_it_is_known(pos: Client, stand: Stand) -> None:
    sale = open_sale(pos, pack(1, 1))
    tried(pos, sale)
    stand.wire.loses = [REQUEST]
    assert pos.post("/ticket/settle", {"sale": sale}, key="s")["standing"] == "unknown"
    assert refusal(pos, "/sale/cancel", {"sale": sale}) == (409, "counter.settling")
    stand.resolver.look()
    assert stand.live("ticket")[-1]["standing"] == "settled"
    assert pos.post("/ticket/settle", {"sale": sale}, key="s")["standing"] == "settled", "no answer was kept before"


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/ticket/trial", {"sale": "nothing"}, (409, "counter.list_not_open")),
        ("/ticket/hold", {"sale": "nothing"}, (409, "counter.list_not_open")),
        ("/tickets/nothing/take-up", {}, (404, "till.ticket_unknown")),
        ("/ticket/person", {"sale": "x", "by": "id", "number": "not a number"}, (422, "request.invalid")),
        ("/ticket/confirm", {"sale": "x", "by": "operator"}, (409, "counter.list_not_open")),
    ],
)
def test_refusals_have_a_status_and_a_code(pos: Client, path: str, body: object, expected: tuple[int, str]) -> None:
    assert refusal(pos, path, body) == expected


def test_nobody_who_is_not_signed_in_asks_for_a_ticket(stand: Stand) -> None:
    client = Client(stand.shop, login="zhou", till=stand.till)
    assert refusal(client, "/ticket/settle", {"sale": "x"})[0] == HTTPStatus.UNAUTHORIZED


def test_nobody_is_remembered_once_the_operator_has_signed_out(pos: Client, stand: Stand) -> None:
    sale = open_sale(pos, pack(1, 1))
    tried(pos, sale)
    pos.post("/ticket/hold", {"sale": sale})
    assert pos.ask("DELETE", "/api/v1/session").status_code == HTTPStatus.NO_CONTENT
    assert stand.till.persons._bound == {}


def test_nothing_of_a_person_is_on_the_disk_in_clear(pos: Client, stand: Stand) -> None:
    """Neither number nor name nor token: what was asked is sealed, the screens are told masks."""
    for number, lost in ((1, ""), (2, REQUEST)):
        sale = open_sale(pos, pack(1, number))
        stand.work(stand.till.identify(sale, Way.ID, Typed(CHEN_ID, "陈安心")))
        pos.post("/ticket/trial", {"sale": sale})
        stand.wire.loses = [lost] if lost else []
        pos.post("/ticket/settle", {"sale": sale}, key=f"k{number}")
    stand.close_store()
    kept = b"".join(file.read_bytes() for file in stand.folder.iterdir() if file.is_file())
    for secret in (CHEN_ID, "陈安心", CHEN_TOKEN, "PSN0009"):
        assert secret.encode() not in kept
