from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace
from sqlalchemy import delete, update

from codes.words import Words
from rules.catalogue import parse_catalogue
from server.centre import Centre
from server.people.roles import COMMAND_LINE
from server.store import tables
from server.store.alarms import Alarm, AlarmKey, raise_alarms
from tests.server.api.conftest import Clock
from tests.server.fake_terminal import NOW, FakeTerminal, code_of, dispensed, received, returned, scanned
from wire.events import freeze

SEED = Path(__file__).parents[3] / "config" / "seed" / "catalogue.csv"
CODE = code_of(1)
Take = Callable[..., None]


@pytest.fixture
def terminal(centre: Centre) -> FakeTerminal:
    return FakeTerminal().registered(centre.store)


@pytest.fixture
def take(centre: Centre) -> Take:
    def hand_over(*frames: tuple[str, bytes]) -> None:
        assert len(centre.ingest.take_many(frames, NOW)) == len(frames)

    return hand_over


class TestCode:
    """Where is this pack, and why?"""

    @pytest.mark.parametrize(
        "code", [CODE, "(01)06901234567892(21)A/1", "hibc:A99912345:S/N 1", "ma:MA.156.M0.1:2", "何", "x" * 100]
    )
    def test_a_code_that_was_never_seen_has_no_history(self, admin: TestClient, code: str) -> None:
        answer = admin.get("/api/v1/codes/" + code.replace("/", "%2F"))

        assert answer.status_code == 200
        said = answer.json()
        assert (said["code"], said["state"], said["is_known"]) == (code, "unseen", False)
        assert said["timeline"] == said["facts"] == said["conflicts"] == []

    @pytest.mark.req("T-12")
    def test_the_times_of_the_device_and_of_the_centre_are_both_told(
        self, admin: TestClient, terminal: FakeTerminal, take: Take
    ) -> None:
        ahead = NOW + timedelta(days=1)
        take(terminal.frame(freeze(replace(terminal.event(dispensed(CODE, sale="S1")), occurred_at=ahead))))

        (entry,) = admin.get(f"/api/v1/codes/{CODE}").json()["timeline"]

        (evidence,) = entry["evidence"]
        assert datetime.fromisoformat(evidence["occurred_at"]) == ahead
        assert datetime.fromisoformat(evidence["received_at"]) == NOW

    def test_a_life_is_told_fact_by_fact(self, admin: TestClient, terminal: FakeTerminal, take: Take) -> None:
        centre_facts = (
            received(CODE, delivery="R1"),
            scanned(CODE, sale="S1"),
            dispensed(CODE, sale="S1", line=2),
            returned(CODE, sale="S1", line=2),
        )
        take(terminal.frame(*(terminal.say(fact) for fact in centre_facts)))

        said = admin.get(f"/api/v1/codes/{CODE}").json()

        assert (said["state"], said["holder"], said["is_complete"]) == ("returned", terminal.institution, True)
        assert said["settled_by"] == {
            "act": "returned",
            "institution": terminal.institution,
            "document": "S1",
            "line": 2,
        }
        acts = [(entry["fact"]["act"], entry["fact"]["document"]) for entry in said["timeline"]]
        assert acts == [("received", "R1"), ("scanned", "S1"), ("dispensed", "S1"), ("returned", "S1")]
        (evidence,) = said["timeline"][2]["evidence"]
        assert (evidence["terminal"], evidence["seq"], evidence["operator"]) == ("T-001", 3, "li")
        assert evidence["occurred_at"] == evidence["received_at"] == "2026-11-21T09:00:00Z"
        assert [(fact["act"], fact["product"]) for fact in said["facts"]] == [
            ("received", "D0001"),
            ("dispensed", "D0001"),
            ("returned", None),
        ]

    def test_a_conflict_names_both_facts_and_says_why(self, admin: TestClient, centre: Centre, take: Take) -> None:
        here = FakeTerminal(name="T-1", institution="P1").registered(centre.store)
        there = FakeTerminal(name="T-2", institution="P2").registered(centre.store)
        take(here.frame(here.say(dispensed(CODE, sale="A"))))
        take(there.frame(there.say(dispensed(CODE, sale="B"), hlc=here.hlc + 5)))

        said = admin.get(f"/api/v1/codes/{CODE}").json()

        assert said["state"] == "conflict"
        (conflict,) = said["conflicts"]
        assert (conflict["code"], said["conflict_count"]) == ("pack.sold_twice", 1)
        assert (conflict["fact"]["institution"], conflict["against"]["institution"]) == ("P2", "P1")
        assert conflict["zh"]
        assert [bool(entry["conflict"]) for entry in said["timeline"]] == [False, True]

    def test_a_reservation_ends_by_itself(
        self, admin: TestClient, terminal: FakeTerminal, take: Take, clock: Clock
    ) -> None:
        take(terminal.frame(terminal.say(scanned(CODE, reserved_s=900))))
        assert admin.get(f"/api/v1/codes/{CODE}").json()["state"] == "reserved"
        assert admin.get(f"/api/v1/codes/{CODE}").json()["reserved_until"] == "2026-11-21T09:15:00Z"

        clock.forward(minutes=15)

        said = admin.get(f"/api/v1/codes/{CODE}").json()
        assert (said["state"], said["reserved_until"]) == ("unseen", None)
        assert admin.get("/api/v1/ledger").json()["items"][0]["state"] == "unseen"

    def test_a_code_that_is_scanned_without_end_stays_readable(
        self, admin: TestClient, terminal: FakeTerminal, take: Take
    ) -> None:
        take(terminal.frame(*(terminal.say(scanned(CODE)) for _ in range(300))))

        said = admin.get(f"/api/v1/codes/{CODE}").json()

        assert said["is_complete"] is False
        assert len(said["timeline"]) == 200
        assert said["timeline"][-1]["evidence"][0]["seq"] == 300

    def test_evidence_whose_bytes_cannot_be_read_any_more_is_still_shown(
        self, admin: TestClient, centre: Centre, terminal: FakeTerminal, take: Take
    ) -> None:
        take(terminal.frame(terminal.say(received(CODE)), terminal.say(dispensed(CODE))))
        with centre.store.writing() as connection:
            connection.execute(update(tables.event).where(tables.event.c.seq == 1).values(frozen=b"archived"))
            connection.execute(delete(tables.event).where(tables.event.c.seq == 2))

        timeline = admin.get(f"/api/v1/codes/{CODE}").json()["timeline"]

        shown = [(one["evidence"][0]["operator"], one["evidence"][0]["received_at"]) for one in timeline]
        assert shown == [(None, "2026-11-21T09:00:00Z"), (None, None)]

    def test_the_product_is_named(self, admin: TestClient, centre: Centre) -> None:
        centre.matching.import_file(parse_catalogue(SEED.read_bytes()), by=COMMAND_LINE, now=NOW)

        said = admin.get(f"/api/v1/codes/{CODE}").json()

        assert (said["product"]["id"], said["product"]["is_invented"]) == ("D0001", True)
        assert admin.get("/api/v1/codes/nothing").json()["product"] is None


class TestLedger:
    """All codes, page by page."""

    def test_every_code_is_met_once(self, admin: TestClient, terminal: FakeTerminal, take: Take) -> None:
        codes = [code_of(number) for number in range(25)]
        take(terminal.frame(*(terminal.say(dispensed(code, sale=f"S{code}")) for code in codes)))

        items, after, pages = [], "", 0
        while after is not None:
            page = admin.get("/api/v1/ledger", params={"after": after, "limit": 10}).json()
            items += page["items"]
            after = page["next"]
            pages += 1

        assert [item["code"] for item in items] == codes
        assert pages == 3
        assert items[0]["facts"] == [
            {
                "act": "dispensed",
                "institution": terminal.institution,
                "document": f"S{codes[0]}",
                "line": 1,
                "product": "D0001",
            }
        ]
        assert (items[0]["state"], items[0]["holder"]) == ("sold", terminal.institution)

    def test_a_full_last_page_is_followed_by_an_empty_one(
        self, admin: TestClient, terminal: FakeTerminal, take: Take
    ) -> None:
        take(terminal.frame(*(terminal.say(scanned(code_of(number))) for number in range(4))))

        first = admin.get("/api/v1/ledger", params={"limit": 4}).json()
        second = admin.get("/api/v1/ledger", params={"limit": 4, "after": first["next"]}).json()

        assert second == {"items": [], "next": None}

    def test_an_empty_ledger_is_empty(self, admin: TestClient) -> None:
        assert admin.get("/api/v1/ledger").json() == {"items": [], "next": None}


class TestConflicts:
    """Codes about which two facts cannot both be true."""

    @pytest.fixture
    def sold_twice(self, centre: Centre, take: Take, clock: Clock) -> list[str]:
        here = FakeTerminal(name="T-1", institution="P1").registered(centre.store)
        there = FakeTerminal(name="T-2", institution="P2").registered(centre.store)
        codes = [code_of(number) for number in range(1, 6)]
        take(here.frame(*(here.say(dispensed(code, sale=f"A{code}")) for code in [*codes, code_of(9)])))
        for code in codes:
            clock.forward(seconds=1)
            sale = there.frame(there.say(dispensed(code, sale=f"B{code}"), hlc=here.hlc + 5_000_000))
            centre.ingest.take_many([sale], clock())
        return codes

    def test_they_are_listed_from_the_newest_on_with_reason_and_institutions(
        self, admin: TestClient, centre: Centre, sold_twice: list[str]
    ) -> None:
        centre.matching.import_file(parse_catalogue(SEED.read_bytes()), by=COMMAND_LINE, now=NOW)
        items, before, pages = [], None, 0
        while pages == 0 or before is not None:
            query = {"limit": 2} | ({"before": before} if before else {})
            page = admin.get("/api/v1/ledger/conflicts", params=query).json()
            items += page["items"]
            before, pages = page["next"], pages + 1

        assert ([one["code"] for one in items], pages) == (sold_twice[::-1], 3)
        first = items[0]
        assert (first["institutions"], first["conflict_count"]) == (["P1", "P2"], 1)
        assert first["changed_at"] == "2026-11-21T09:00:05Z"
        (reason,) = first["conflicts"]
        assert (reason["code"], reason["zh"], reason["en"]) == (
            "pack.sold_twice",
            "同一追溯码售出两次",
            "The same code was sold twice",
        )
        assert first["product"]["id"] == "D0001"
        assert admin.get("/api/v1/status").json()["conflicts"] == 5

    def test_without_conflicts_there_is_nothing_to_list(self, admin: TestClient) -> None:
        assert admin.get("/api/v1/ledger/conflicts").json() == {"items": [], "next": None}
        assert admin.get("/api/v1/status").json()["conflicts"] == 0

    @pytest.mark.parametrize("before", ["x", "1.", ".1", f"{'9' * 19}.1"])
    def test_a_cursor_that_is_none_is_refused(self, admin: TestClient, before: str) -> None:
        assert admin.get("/api/v1/ledger/conflicts", params={"before": before}).status_code == 422


class TestAlarms:
    """What a person should look at."""

    def ring(self, centre: Centre, subject: int, at_us: int) -> None:
        with centre.store.writing() as connection:
            one = Alarm(AlarmKey(f"T-{subject % 2}", "test.alarm", str(subject)), Words("告警", "alarm"))
            raise_alarms(connection, [one], at_us)

    def test_the_newest_come_first_page_by_page(self, admin: TestClient, centre: Centre) -> None:
        for number in range(9):
            self.ring(centre, number, number)
        self.ring(centre, 2, 100)
        found, before = [], None
        while True:
            query = {"limit": 4} | ({"before": before} if before else {})
            page = admin.get("/api/v1/alarms/newest", params=query).json()
            found += [int(one["subject"]) for one in page["items"]]
            before = page["next"]
            if before is None:
                break

        assert found == [2, 8, 7, 6, 5, 4, 3, 1, 0]
        assert page["total"] == 9
        only = admin.get("/api/v1/alarms/newest", params={"terminal": "T-1"}).json()
        assert ([one["subject"] for one in only["items"]], only["total"]) == (["7", "5", "3", "1"], 4)
        assert admin.get("/api/v1/alarms/newest", params={"before": "x"}).status_code == 422


class TestEvents:
    """The events as stored."""

    def read(self, admin: TestClient, **query: str | int) -> list[dict[str, object]]:
        items: list[dict[str, object]] = []
        while True:
            page = admin.get("/api/v1/events", params=query).json()
            items += page["items"]
            if page["next"] is None:
                return items
            query["after"] = page["next"]

    def test_each_is_met_once_in_the_order_of_numbers(
        self, admin: TestClient, centre: Centre, terminal: FakeTerminal, take: Take
    ) -> None:
        other = FakeTerminal(name="T-002").registered(centre.store)
        mine = [terminal.say(scanned(code_of(number))) for number in range(7)]
        take(terminal.frame(*mine[4:]), terminal.frame(*mine[:4]), other.frame(other.say(scanned(None))))

        every = self.read(admin, limit=3)
        only = self.read(admin, limit=3, terminal="T-001")

        assert [(one["terminal"], one["seq"]) for one in every] == [*(("T-001", n) for n in range(1, 8)), ("T-002", 1)]
        assert [one["seq"] for one in only] == list(range(1, 8))
        assert all(one["epoch"] == "e1" and one["kind"] == "scanned" for one in every)
        assert {one["hash"] for one in only} == {hashlib.new("sm3", frozen).hexdigest() for frozen in mine}
        event = only[0]["event"]
        assert isinstance(event, dict)
        assert event["id"] == only[0]["id"]
        assert self.read(admin, terminal="T-404") == []

    @pytest.mark.parametrize("after", ["x", "1.2", "1.2.zz", f"{'9' * 19}.1.{'0' * 64}"])
    def test_a_cursor_that_is_none_is_refused(self, admin: TestClient, after: str) -> None:
        assert admin.get("/api/v1/events", params={"after": after}).status_code == 422

    def test_rejected_events_and_alarms_are_shown(self, admin: TestClient, terminal: FakeTerminal, take: Take) -> None:
        bad = terminal.skip(terminal.say(scanned(CODE)).replace(b'"seq":1', b'"seq":2').replace(b'"v":1', b'"v":0'))
        terminal.seq = 2
        take(terminal.frame(bad))

        (shown,) = admin.get("/api/v1/terminals/T-001/rejected").json()

        assert (shown["seq"], shown["code"], shown["text"]) == (2, "event.version_unsupported", bad.decode())
        (alarm,) = admin.get("/api/v1/alarms", params={"terminal": "T-001"}).json()
        assert (alarm["code"], alarm["times"]) == ("event.version_unsupported", 1)
        assert admin.get("/api/v1/alarms", params={"terminal": "T-002"}).json() == []
        assert admin.get("/api/v1/alarms", params={"after": alarm["n"]}).json() == []
        assert admin.get("/api/v1/terminals/T-404/rejected").status_code == 404


class TestTerminals:
    """The fleet over HTTP."""

    def test_approve_look_revoke(self, admin: TestClient, centre: Centre) -> None:
        terminal = FakeTerminal()
        centre.fleet.note_presence(*terminal.presence(), NOW)
        (listed,) = admin.get("/api/v1/terminals").json()
        assert (listed["id"], listed["trust"], listed["standing"]) == ("T-001", "pending", "online")
        assert listed["fingerprint"] == terminal.key.public.fingerprint

        approved = admin.post("/api/v1/terminals/T-001/approve", json={"institution": "P7"}).json()
        assert (approved["trust"], approved["institution"], approved["decided_by"]) == ("approved", "P7", "admin/t")
        centre.ingest.take_many([terminal.frame(terminal.say(scanned(None)), terminal.say(scanned(None)))], NOW)
        assert admin.get("/api/v1/terminals/T-001").json()["lives"] == [
            {"epoch": "e1", "newest": 2, "complete_to": 2, "missing": []}
        ]
        assert admin.post("/api/v1/terminals/T-001/approve").json()["institution"] == "P7"
        assert admin.post("/api/v1/terminals/T-001/revoke").json()["trust"] == "revoked"
        assert admin.get("/api/v1/status").json()["terminals"] == {"pending": 0, "approved": 0, "revoked": 1}

    def test_approval_that_names_another_fingerprint_is_refused(self, admin: TestClient, centre: Centre) -> None:
        terminal = FakeTerminal()
        centre.fleet.note_presence(*terminal.presence(), NOW)

        wrong = admin.post("/api/v1/terminals/T-001/approve", json={"fingerprint": "0000-0000-0000-0000"})
        assert (wrong.status_code, wrong.json()["code"]) == (409, "terminal.other_key")
        assert admin.get("/api/v1/terminals/T-001").json()["trust"] == "pending"

        right = admin.post("/api/v1/terminals/T-001/approve", json={"fingerprint": terminal.key.public.fingerprint})
        assert right.json()["trust"] == "approved"

    def test_the_list_is_filtered_by_state_institution_and_words(self, admin: TestClient, centre: Centre) -> None:
        for number in range(4):
            FakeTerminal(name=f"T-{number}", institution=f"P{number % 2}").registered(centre.store)
        centre.fleet.revoke("T-3", by=COMMAND_LINE, now=NOW)

        def asked(**query: str) -> list[str]:
            return [one["id"] for one in admin.get("/api/v1/terminals", params=query).json()]

        assert asked() == ["T-0", "T-1", "T-2", "T-3"]
        assert asked(institution="P1") == ["T-1", "T-3"]
        assert asked(show="revoked") == ["T-3"]
        assert asked(show="online", institution="P1", after="T-1") == ["T-3"]
        assert asked(q="p0 t-2") == ["T-2"]
        assert admin.get("/api/v1/terminals", params={"show": "wrong"}).status_code == 422


class TestCatalogue:
    """The matching library over HTTP."""

    def test_preview_import_look_up(self, admin: TestClient) -> None:
        preview = admin.post("/api/v1/catalogue", content=SEED.read_bytes()).json()
        assert (len(preview["added"]), preview["is_committed"]) == (74, False)
        query = {"system": "trace_prefix", "key": "8600013"}
        assert admin.get("/api/v1/catalogue/match", params=query).status_code == 404

        done = admin.post("/api/v1/catalogue", content=SEED.read_bytes(), params={"dry_run": False}).json()

        assert (len(done["added"]), done["is_committed"], done["revision"]) == (74, True, 1)
        match = admin.get("/api/v1/catalogue/match", params=query).json()
        assert (match["level"], match["quantity"], match["product"]["price"]) == ("carton", 200, "9.80")
        first = admin.get("/api/v1/catalogue/products", params={"limit": 2}).json()
        assert [one["id"] for one in first] == ["D0001", "D0002"]
        assert admin.get("/api/v1/status").json()["products"] == 74

    def test_a_gb18030_file_with_wrong_columns_is_refused_by_name(self, admin: TestClient) -> None:
        file = "药品编号,通用名,零售价\n1,阿莫西林,9.8\n".encode("gb18030")

        answer = admin.post("/api/v1/catalogue", content=file, params={"dry_run": False})

        assert (answer.status_code, answer.json()["code"]) == (422, "catalogue.columns")
        for name in ("药品编号", "零售价", "生产企业"):
            assert name in answer.json()["zh"]
        assert "docs/centre.md" in answer.json()["next"]["zh"]

    def test_wrong_lines_are_left_out_and_counted_unless_all_or_nothing_is_asked_for(self, admin: TestClient) -> None:
        file = (
            "产品编号,通用名,规格,生产企业,医保类别,单价,单位,拆零数\nD1,a,b,c,甲,1,盒,1\nD2,a,b,c,丁,1,盒,1\n".encode()
        )
        refused = admin.post("/api/v1/catalogue", content=file, params={"dry_run": False, "strict": True})
        assert (refused.status_code, refused.json()["code"]) == (422, "catalogue.problems")

        done = admin.post("/api/v1/catalogue", content=file, params={"dry_run": False}).json()

        assert (done["added"], done["taken"], done["left_out"]) == (["D1"], 1, 1)
        assert {"line": 3, "column": "医保类别", "code": "catalogue.class"}.items() <= done["problems"][0].items()

    @pytest.mark.parametrize("content", [b"", b"\xff\xff", b"PK\x03\x04 an excel file"])
    def test_what_is_no_csv_is_refused(self, admin: TestClient, content: bytes) -> None:
        answer = admin.post("/api/v1/catalogue", content=content)

        assert answer.status_code == 422
        assert answer.json()["code"].startswith("catalogue.")


def test_status_says_who_the_centre_is(admin: TestClient, centre: Centre) -> None:
    said = admin.get("/api/v1/status").json()

    assert said["public_key"] == centre.key.public.raw.hex()
    assert said["fingerprint"] == centre.key.public.fingerprint
    assert said["epoch"] == centre.store.epoch
    assert said["is_connected"] is False
    assert said["tally"]["events"] == 0
    assert admin.get("/healthz").json() == {"is_ok": True}
