"""The console over HTTP: who may see what, what the pages say, and how they fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from codes.words import Words
from edge.clock_watch import CLOCK_SET_BACK
from edge.tamper import Tamper
from server.api.application import create_app
from server.console.advice import ADVICE
from server.console.mount import mount_console
from server.errors import StoreUnavailableError
from server.fleet import Fleet
from server.ingest.opening import UNREADABLE, NotRegisteredError
from server.people.roles import COMMAND_LINE, Role
from server.store.alarms import Alarm, AlarmKey, raise_alarms
from server.store.terminals import change_terminal
from server.store.times import micros
from tests.browser.centre import IN_STOCK, PASSWORD, SOLD, SOLD_TWICE, UNKNOWN, ConsoleStage, staged_console
from tests.server.fake_terminal import FakeTerminal, new_key, received, scanned
from wire import presence
from wire.errors import KeyFileError, WireError
from wire.events import StoreRebuilt
from wire.presence import DeviceHealth, Health
from wire.receipts import Trust
from wire.topics import Channel

BASE = "http://127.0.0.1:8640"
ENGLISH = {"accept-language": "en"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleStage]:
    with staged_console(tmp_path_factory.mktemp("centre")) as made:
        yield made


@pytest.fixture
def stranger(stage: ConsoleStage) -> TestClient:
    return TestClient(stage.app, base_url=BASE, headers=ENGLISH, follow_redirects=False)


@pytest.fixture
def admin(stranger: TestClient) -> TestClient:
    return signed_in(stranger, "admin")


def signed_in(client: TestClient, name: str) -> TestClient:
    answer = client.post("/console/sign-in", data={"name": name, "password": PASSWORD}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return client


# -- the door ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/console/", "/console/scans", "/console/terminals?show=offline", "/console/codes", "/console/alarms"]
)
def test_stranger_is_led_to_the_door_and_then_where_he_wanted(stranger: TestClient, path: str) -> None:
    asked = stranger.get(path)
    assert asked.status_code == 303
    door = stranger.get(asked.headers["location"])
    assert "Sign in" in door.text
    back = stranger.post(asked.headers["location"], data={"name": "admin", "password": PASSWORD, "next": path})
    assert back.headers["location"] == path
    assert stranger.get(path).status_code == 200


@pytest.mark.parametrize("target", ["//elsewhere.example/", "https://elsewhere.example/", "/\\elsewhere.example"])
def test_door_leads_nowhere_else(stranger: TestClient, target: str) -> None:
    answer = stranger.post("/console/sign-in", data={"name": "admin", "password": PASSWORD, "next": target})
    assert answer.headers["location"] == "/console/"


def test_wrong_password_is_told_with_its_code_and_the_name_stays(stranger: TestClient) -> None:
    answer = stranger.post("/console/sign-in", data={"name": "admin", "password": "wrong"})
    assert answer.status_code == 401
    assert "auth.sign_in" in answer.text
    assert 'value="admin"' in answer.text
    assert "set-cookie" not in answer.headers


def test_sign_out_ends_the_session(admin: TestClient) -> None:
    cookie = admin.cookies["yima_centre"]
    assert admin.post("/console/sign-out").headers["location"] == "/console/sign-in"
    admin.cookies.set("yima_centre", cookie)
    assert admin.get("/console/").status_code == 303


def test_another_site_cannot_post(admin: TestClient) -> None:
    answer = admin.post("/console/terminals/T-0301/revoke", headers={"origin": "https://elsewhere.example"})
    assert answer.status_code == 403
    assert "web.cross_origin" in answer.text


def test_start_page_leads_to_the_console(stranger: TestClient) -> None:
    assert stranger.get("/").headers["location"] == "/console/"


# -- pages -------------------------------------------------------------------------------------------------------------


def test_pages_carry_the_policy_and_are_not_kept(admin: TestClient) -> None:
    headers = admin.get("/console/").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["content-type"].startswith("text/html")


def test_overview_counts_and_links_to_the_filtered_lists(admin: TestClient) -> None:
    text = admin.get("/console/").text
    for link in ("show=online", "show=pending", "show=backlog", "show=attention", "/console/alarms", "/console/scans"):
        assert link in text
    assert "明夏药店 1 号柜台" in text
    assert "came with another key" in text
    assert "74 products, revision 1" in text


@pytest.mark.parametrize(
    ("is_connected", "hears_terminals", "told"),
    [
        (True, True, None),
        (True, False, "their records do arrive"),
        (False, True, "hears how terminals are, but receives no records"),
        (False, False, "not connected to the broker and receives no records"),
    ],
)
def test_overview_says_which_connection_to_the_broker_is_missing(
    stage: ConsoleStage, is_connected: bool, hears_terminals: bool, told: str | None
) -> None:
    app = create_app(stage.centre, is_connected=lambda: is_connected, hears_terminals=lambda: hears_terminals)
    mount_console(app, stage.centre)
    page = signed_in(TestClient(app, base_url=BASE, headers=ENGLISH), "admin").get("/console/").text
    told_of = ("their records do arrive", "are, but receives no records", "broker and receives no records")
    assert [words for words in told_of if words in page] == [words for words in told_of if told and words in told]


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ("", ["T-0101", "T-0201", "T-0301", "T-0401"], []),
        ("?show=online", ["T-0101", "T-0301"], ["T-0401"]),
        ("?show=offline", ["T-0401"], ["T-0101"]),
        ("?show=backlog", ["T-0401"], ["T-0201"]),
        ("?show=pending", ["T-0301"], ["T-0101", "T-0401"]),
        ("?show=attention", ["T-0301", "T-0401"], ["T-0101"]),
        ("?q=北岭", ["T-0201"], ["T-0101"]),
        ("?q=p350203004 明夏", ["T-0401"], ["T-0101"]),
    ],
)
def test_terminals_are_filtered_by_the_address(
    admin: TestClient, query: str, shown: list[str], hidden: list[str]
) -> None:
    text = admin.get(f"/console/terminals{query}").text
    assert [name for name in shown if f"/terminals/{name}" not in text] == []
    assert [name for name in hidden if f"/terminals/{name}" in text] == []


def test_terminals_of_one_institution_with_chips_that_take_the_filter_off(admin: TestClient) -> None:
    text = admin.get("/console/terminals?institution=P350203004&q=x").text
    assert "No terminal fits" in text
    text = admin.get("/console/terminals?show=backlog&institution=P35020300401&q=明夏").text
    assert "/terminals/T-0401" in text
    assert "All <b>1</b>" in text
    assert "Institution P35020300401" in text
    assert "With “明夏”" in text


def test_codes_in_conflict_are_counted_and_listed_with_reason_and_institutions(admin: TestClient) -> None:
    overview = admin.get("/console/").text
    tile = overview.split('href="/console/conflicts"', 2)[2]
    assert "Codes in conflict" in tile[:200]
    assert 'k-tile__value">1</span>' in tile[:300]

    text = admin.get("/console/conflicts").text
    assert f"/console/codes?code={SOLD_TWICE}" in text
    assert "The same code was sold twice" in text
    for institution in ("P35020300101", "P35020300201"):
        assert f"/console/terminals?institution={institution}" in text
    assert f"code={SOLD}" not in text


def test_pages_beyond_the_end_say_so_and_lead_back(admin: TestClient) -> None:
    for path in ("conflicts?before=1.x", "alarms?before=1.1"):
        text = admin.get(f"/console/{path}").text
        assert "Back to the newest" in text
        assert "older" in text


def test_filter_that_fits_nothing_says_so_and_leads_back(admin: TestClient) -> None:
    text = admin.get("/console/terminals?show=revoked").text
    assert "No terminal fits" in text
    assert "Show all" in text


def test_one_terminal_shows_fingerprint_devices_and_completeness(stage: ConsoleStage, admin: TestClient) -> None:
    text = admin.get(f"/console/terminals/{stage.east.name}").text
    assert stage.east.key.public.fingerprint in text
    assert "serial:left" in text
    assert "Whole" in text
    assert "newest number 6, complete to 6" in text


def test_scanners_of_a_terminal_that_is_away_are_not_said_to_be_well(admin: TestClient) -> None:
    away = admin.get("/console/terminals/T-0401").text.split('id="k-devices"')[1].split("</section>")[0]
    there = admin.get("/console/terminals/T-0101").text.split('id="k-devices"')[1].split("</section>")[0]
    assert ("as last reported" in away, "y-state--ok" in away) == (True, False)
    assert ("as last reported" in there, "y-state--ok" in there) == (False, True)


def test_alarms_show_words_code_and_can_be_narrowed(admin: TestClient) -> None:
    assert "terminal.key_changed" in admin.get("/console/alarms").text
    assert "terminal.key_changed" in admin.get("/console/alarms?terminal=T-0201").text
    assert "No alarms" in admin.get("/console/alarms?terminal=T-0101").text


def test_live_page_starts_where_the_bus_can_still_replay(stage: ConsoleStage, admin: TestClient) -> None:
    text = admin.get("/console/scans").text
    start = int(text.split('data-start="')[1].split('"')[0])
    assert start <= stage.centre.bus.newest_id


def test_page_is_chinese_for_a_chinese_reader(stage: ConsoleStage) -> None:
    client = signed_in(TestClient(stage.app, base_url=BASE, follow_redirects=False), "admin")
    text = client.get("/console/terminals").text
    assert '<html lang="zh-CN"' in text
    assert "终端设备" in text


# -- one code ----------------------------------------------------------------------------------------------------------


def test_conflict_is_told_first_with_its_reason(admin: TestClient) -> None:
    text = admin.get(f"/console/codes?code={SOLD_TWICE}").text
    assert "The same code was sold twice" in text
    assert "pack.sold_twice" in text
    assert text.index("1 conflict") < text.index("What happened")
    for part in ("P35020300101", "P35020300201", "北岭药店 2 号柜台", "operator li", "document S9"):
        assert part in text


@pytest.mark.parametrize(("code", "state"), [(SOLD, "Sold"), (IN_STOCK, "In stock")])
def test_code_shows_its_state_and_holder(admin: TestClient, code: str, state: str) -> None:
    text = admin.get(f"/console/codes?code={code}").text
    assert f"{state}</span>" in text
    assert "held by P35020300101" in text
    assert "conflict" not in text.split("<main", 1)[1].lower()


def test_copied_groups_find_the_same_code(admin: TestClient) -> None:
    grouped = " ".join(SOLD[start : start + 4] for start in range(0, len(SOLD), 4))
    assert "held by P35020300101" in admin.get("/console/codes", params={"code": grouped}).text


@pytest.mark.parametrize(
    ("key", "product"),
    [
        ("hibc:A123BJC5D6E71:77DAA1", None),
        ("ma:MA.156.M0.100204.13351764:SQ17", None),
        ("(01)06900000000014(21)A(10)B", "阿莫西林胶囊"),
    ],
)
def test_key_of_the_ledger_is_found_as_it_stands(
    stage: ConsoleStage, admin: TestClient, key: str, product: str | None
) -> None:
    stage.deliver(stage.east, stage.east.say(received(key, delivery="R-keys")))
    text = admin.get("/console/codes", params={"code": key}).text
    assert "In stock</span>" in text
    assert product is None or product in text


def test_printed_code_that_looks_like_a_key_is_read_as_a_scan(stage: ConsoleStage, admin: TestClient) -> None:
    stage.deliver(stage.east, stage.east.say(received("(01)06900000000014(21)SN7", delivery="R-printed")))
    known = admin.get("/console/codes", params={"code": "(01)06900000000014(21)SN7(10)LOT1"}).text
    assert "In stock</span>" in known
    unknown = admin.get("/console/codes", params={"code": "(01)06900000000014(21)SN8(10)LOT1"}).text
    assert "The ledger has no record of this code" in unknown
    assert "(10)LOT1" not in unknown.split("The ledger has no record")[1]


def test_code_that_nobody_reported_is_explained(admin: TestClient) -> None:
    answer = admin.get(f"/console/codes?code={UNKNOWN}")
    assert answer.status_code == 200
    assert "The ledger has no record of this code" in answer.text
    assert "No connected institution has scanned this box yet" in answer.text


@pytest.mark.req("C-04")
def test_what_was_typed_becomes_an_address_only_if_it_names_a_pack(admin: TestClient) -> None:
    def typed(code: str) -> Response:
        return admin.post("/console/codes", data={"code": code}, follow_redirects=False)

    box = IN_STOCK
    assert (typed(f" {box} ").status_code, typed(box).headers["location"]) == (303, f"/console/codes?code={box}")
    assert typed("").headers["location"] == "/console/codes"
    for refused in ("11010519491231002X", "6900000000014"):
        assert typed(refused).status_code == 422
        assert "location" not in typed(refused).headers
    assert "11010519491231002X" not in typed("11010519491231002X").text


@pytest.mark.req("C-04")
def test_credential_in_the_box_is_refused_and_not_shown_again(admin: TestClient) -> None:
    id_number = "11010519491231002X"
    answer = admin.get(f"/console/codes?code={id_number}")
    assert answer.status_code == 422
    assert "code.personal" in answer.text
    body = answer.text.split("<main", 1)[1]
    assert id_number not in body


def test_retail_code_is_refused_with_the_way_on(admin: TestClient) -> None:
    answer = admin.get("/console/codes?code=6900000000014")
    assert answer.status_code == 422
    assert "code.not_a_pack" in answer.text
    assert "trace code or a UDI" in answer.text


def test_markup_in_a_code_stays_text(admin: TestClient) -> None:
    answer = admin.get("/console/codes", params={"code": "<script>alert(1)</script>"})
    assert "<script>alert" not in answer.text


# -- decisions ---------------------------------------------------------------------------------------------------------


def test_approval_needs_the_comparison_and_is_then_done(stage: ConsoleStage, admin: TestClient) -> None:
    newcomer = FakeTerminal(name="T-0501")
    stage.centre.fleet.note_presence(*newcomer.presence(at=datetime.now(UTC)), stage.centre.now())
    page = admin.get("/console/terminals/T-0501/approve").text
    assert newcomer.key.public.fingerprint in page

    compared = {"fingerprint": newcomer.key.public.fingerprint}
    refused = admin.post("/console/terminals/T-0501/approve", data=compared | {"label": "x", "institution": "y"})
    assert refused.status_code == 422
    assert "terminal.not_compared" in refused.text

    done = admin.post(
        "/console/terminals/T-0501/approve",
        data=compared | {"is_compared": "true", "label": "二号柜台", "institution": "P35020300501"},
    )
    assert (done.status_code, done.headers["location"]) == (303, "/console/terminals/T-0501")
    found, _ = stage.centre.fleet.find("T-0501", stage.centre.now())
    assert (found.trust, found.label, found.institution) == (Trust.APPROVED, "二号柜台", "P35020300501")
    assert found.decided_by == "admin"

    assert "Revoke" in admin.get("/console/terminals/T-0501/revoke").text
    assert admin.post("/console/terminals/T-0501/revoke").status_code == 303
    assert stage.centre.fleet.find("T-0501", stage.centre.now())[0].trust is Trust.REVOKED


def test_key_that_changed_while_somebody_compared_is_not_approved(stage: ConsoleStage, admin: TestClient) -> None:
    centre, now = stage.centre, stage.centre.now()
    old, new = FakeTerminal(name="T-0601"), FakeTerminal(name="T-0601")
    centre.fleet.note_presence(*old.presence(at=datetime.now(UTC)), now)
    centre.fleet.revoke("T-0601", by=COMMAND_LINE, now=now)
    assert old.key.public.fingerprint in admin.get("/console/terminals/T-0601/approve").text
    centre.fleet.note_presence(*new.presence(at=datetime.now(UTC)), now)

    sent = {"fingerprint": old.key.public.fingerprint, "is_compared": "true"}
    answer = admin.post("/console/terminals/T-0601/approve", data=sent)

    assert answer.status_code == 409
    assert "terminal.other_key" in answer.text
    assert new.key.public.fingerprint in answer.text
    assert centre.fleet.find("T-0601", now)[0].trust is Trust.PENDING


def test_terminal_page_says_what_is_refused_or_waits_and_what_to_do(stage: ConsoleStage, admin: TestClient) -> None:
    centre, now = stage.centre, stage.centre.now()
    sick = FakeTerminal(name="T-0701").registered(centre.store)
    impostor = FakeTerminal(name="T-0701", key=new_key())
    old = sick.skip(sick.say(scanned(None)).replace(b'"v":1', b'"v":0'))
    centre.ingest.take_many([sick.frame(old), impostor.frame(impostor.say(scanned(None)))], now)
    text = admin.get("/console/terminals/T-0701").text
    for code in ("event.version_unsupported", "wire.unknown_key"):
        assert code in text
        assert ADVICE[code].en in unescape(text)

    with centre.store.writing() as connection:
        change_terminal(connection, "T-0701", pending=3)
    centre.fleet.revoke("T-0701", by=COMMAND_LINE, now=now)
    assert "3 records wait at the terminal" in admin.get("/console/terminals/T-0701").text


def test_there_is_advice_for_every_alarm_that_the_centre_names() -> None:
    sources = (Path(__file__).parents[3] / "server").rglob("*.py")
    named = {code for path in sources for code in re.findall(r'AlarmKey\([^,]+, "([^"]+)"', path.read_text("utf-8"))}
    rebuilt = {f"store.{why}" for why in get_args(get_type_hints(StoreRebuilt)["why"])}
    # What is wrong with a message of the national interface is answered to its sender, who may be no terminal.
    kinds = [kind for kind in every_kind(WireError) if kind.__module__ == WireError.__module__]
    refused = {kind.code for kind in kinds} - {KeyFileError.code, NotRegisteredError.code}
    assert len(named) >= 6
    assert len(rebuilt) >= 3
    tampering = {f"terminal.{what}" for what in (CLOCK_SET_BACK, *Tamper)}
    assert named | rebuilt | refused | tampering | {UNREADABLE} <= ADVICE.keys()


def every_kind(kind: type[WireError]) -> Iterator[type[WireError]]:
    """Every error below `kind` that the centre can meet in a frame or an event, by itself."""
    for child in kind.__subclasses__():
        yield child
        yield from every_kind(child)


def test_a_silent_scanner_is_a_notice_and_no_broken_device(stage: ConsoleStage, admin: TestClient) -> None:
    devices = [
        DeviceHealth("serial:left", "ready", 5, 0),
        DeviceHealth("keyboard:old", "silent", 0, 0, "driver.silent"),
    ]
    now = stage.centre.now()
    report = Health(1, stage.east.name, "s1", now, 0, 0, None, devices)
    stage.centre.fleet.note_health(*stage.east.sealed(presence.encode(report), Channel.HEALTH), now)
    row = re.search(r"<tr[^>]*>(?:(?!</tr>).)*T-0101.*?</tr>", admin.get("/console/terminals").text, re.DOTALL)
    assert row
    assert "1 silent" in row[0]
    assert "1/2" not in row[0]
    assert "y-state--alarm" not in row[0]
    one = admin.get("/console/terminals/T-0101").text
    assert re.search(r'keyboard:old</b><span class="y-state y-state--notice">', one)


def test_missing_permission_names_the_role_and_nothing_is_offered(stage: ConsoleStage, stranger: TestClient) -> None:
    inspector = signed_in(stranger, "inspector")
    assert "/approve" not in inspector.get("/console/terminals/T-0301").text
    for answer in (
        inspector.get("/console/terminals/T-0301/approve"),
        inspector.post("/console/terminals/T-0301/approve", data={"is_compared": "true", "fingerprint": "x"}),
        inspector.post("/console/terminals/T-0301/revoke"),
    ):
        assert answer.status_code == 403
        assert "auth.forbidden" in answer.text
        assert "The role Inspector may not approve or revoke terminals" in answer.text
        assert "Try again" not in answer.text.split("<main", 1)[1]
    assert stage.centre.fleet.find("T-0301", stage.centre.now())[0].trust is Trust.PENDING


# -- failing -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/console/terminals/NOBODY", 404, "request.not_found"),
        ("/console/nothing", 404, "web.http"),
        ("/console/terminals?show=wrong", 422, "request.invalid"),
        ("/console/alarms?before=0", 422, "request.invalid"),
        ("/console/conflicts?before=x", 422, "request.invalid"),
        ("/console/terminals?page=0", 422, "request.invalid"),
    ],
)
def test_error_is_a_page_with_its_code_and_ways_on(admin: TestClient, path: str, status: int, code: str) -> None:
    answer = admin.get(path)
    assert answer.status_code == status
    assert code in answer.text
    assert "To the overview" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


def test_database_that_does_not_answer_is_told(admin: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailableError(Words("数据库没有响应", "The database does not answer"))

    monkeypatch.setattr(Fleet, "page", fail)
    answer = admin.get("/console/terminals")
    assert answer.status_code == 503
    assert "store.unavailable" in answer.text
    assert "Check that the database runs" in answer.text


def test_long_lists_have_pages_of_fifty(tmp_path: Path) -> None:
    with staged_console(tmp_path, is_empty=True) as stage:
        now = stage.centre.now()
        for number in range(120):
            FakeTerminal(name=f"T-{number:04d}", key=stage.east.key).registered(stage.centre.store)
        with stage.centre.store.writing() as connection:
            for number in range(60):
                words = Words(f"告警 {number}", f"alarm number {number}")
                raise_alarms(connection, [Alarm(AlarmKey("", "test.alarm", str(number)), words)], micros(now) + number)
        client = signed_in(TestClient(stage.app, base_url=BASE, headers=ENGLISH, follow_redirects=False), "admin")
        first, last = client.get("/console/terminals").text, client.get("/console/terminals?page=3").text
        assert first.count("/console/terminals/T-") == 50
        assert last.count("/console/terminals/T-") == 20
        assert "Page 3 of 3" in last
        assert "Page 3 of 3" in client.get("/console/terminals?page=99").text
        alarms = client.get("/console/alarms").text
        assert alarms.index("alarm number 59") < alarms.index("alarm number 58")
        assert alarms.count("test.alarm") == 50
        older = re.search(r'href="(/console/alarms\?before=[^"]+)"', alarms)
        assert older is not None
        assert client.get(older.group(1)).text.count("test.alarm") == 10


def test_empty_centre_says_what_will_come(tmp_path: Path) -> None:
    with staged_console(tmp_path, is_empty=True) as stage:
        client = signed_in(TestClient(stage.app, base_url=BASE, headers=ENGLISH, follow_redirects=False), "admin")
        assert "No terminal has announced itself yet" in client.get("/console/").text
        assert "compare its fingerprint" in client.get("/console/terminals").text
        assert "No alarms" in client.get("/console/alarms").text
        assert "No conflicts" in client.get("/console/conflicts").text


def test_disabled_account_is_out_at_once(stage: ConsoleStage, stranger: TestClient) -> None:
    stage.centre.accounts.add("leaver", Role.OPERATOR, by=COMMAND_LINE, now=stage.centre.now(), password=PASSWORD)
    leaver = signed_in(stranger, "leaver")
    assert leaver.get("/console/").status_code == 200
    stage.centre.accounts.set_active("leaver", by=COMMAND_LINE, now=stage.centre.now(), is_active=False)
    assert leaver.get("/console/").status_code == 303


def test_health_of_a_terminal_is_shown_with_its_next_step(admin: TestClient, stage: ConsoleStage) -> None:
    trouble = presence.TroubleReport("disk.low", "数据磁盘只剩 150 MB", "150 MB are left", "请清理磁盘", "Make room")
    name, now = stage.east.name, stage.centre.now()
    report = presence.Health(
        1,
        name,
        "s1",
        now,
        0,
        0,
        None,
        [],
        sync=presence.LampReport("ok", "sync.up", "与中心同步正常", "Records reach the centre"),
        settlement=presence.LampReport("off", "settlement.not_configured", "医保结算未接入", "Not connected"),
        troubles=[trouble],
        clock_offset_ms=-7_300,
        machine=presence.MachineReport(150_000_000, 8_000_000_000, 99_000_000, 10**9, 51.0, 0.5, 2),
        certificates=[presence.CertificateReport("link.certificate_file", now)],
        config_applied="aa11",
        config_wanted="bb22",
    )
    stage.centre.fleet.note_health(*stage.east.sealed(presence.encode(report), Channel.HEALTH), now)
    panel = admin.get(f"/console/terminals/{name}").text.split('id="k-health"')[1].split("</section>")[0]
    told = (
        "Records reach the centre",
        "off",
        "150 MB are left",
        "Make room",
        "-7.3 s",
        "0.1 / 8.0 GB",
        "51 °C",
        "aa11 → bb22",
    )
    assert [one for one in told if one not in panel] == []
    assert name in admin.get("/console/terminals?show=attention").text
