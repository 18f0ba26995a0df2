"""Each scan is recorded once, said aloud rightly, and never before it is on the disk."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from drivers.scanner import parse_spec
from drivers.scanner.profile import make_profile
from drivers.scanner.selftest import CALIBRATION_CODE, CALIBRATION_SYMBOL
from drivers.scanner.sighting import sightings
from edge.counter.scanning import MAX_RAW_BYTES, SIGN_IN_FIRST
from edge.counter.views import ScanShown, Totals, from_json
from edge.store import sql
from edge.store.batches import Batch, put_batch
from edge.store.chain import check_chain
from edge.store.scanner_profiles import save_profile
from edge.store.terminal import read_state
from rules.scan_judgement import Mode, Tone, Verdict
from tests.edge.scene import (
    CARTON_TRACE,
    EAN,
    EPOCH,
    ID_NUMBER,
    NOON,
    OTHER_TRACE,
    TRACE_1,
    TRACE_2,
    UDI_PACK,
    UDI_RAW,
    UNKNOWN_TRACE,
    VOUCHER,
    FakeClock,
    Shop,
)
from wire.events import CodeUnmatched, Scanned, freeze

SALE = "counter-1-20261121-1"
NO_SALE = "counter-1-20261121-0"


def scanned(shop: Shop) -> list[Scanned]:
    return [fact for fact in shop.facts() if isinstance(fact, Scanned)]


def test_matched_pack_is_on_the_list_with_product_and_price(shop: Shop) -> None:
    shown = shop.scan(TRACE_1)
    assert shown == ScanShown(
        id=1,
        at=NOON,
        code=TRACE_1,
        kind="trace",
        verdict=Verdict.ADDED,
        tone=Tone.OK,
        words=shown.words,
        hint=None,
        product="D0001",
        name="阿莫西林胶囊",
        spec="0.25g×24粒",
        insurance_class="甲",
        price=Decimal("9.805"),
        line=1,
        quantity=1,
        device="serial:left",
        sale=SALE,
        seq=2,
    )
    (fact,) = scanned(shop)
    assert fact == Scanned(
        sale=SALE,
        reading="trace",
        device="serial:left",
        verdict="added",
        code=TRACE_1,
        product="D0001",
        reserved_until=NOON + timedelta(minutes=30),
    )
    assert shop.events()[-1].operator == "wang"


@pytest.mark.req("T-01")
def test_nothing_is_shown_before_commit_returns(shop: Shop) -> None:
    order: list[str] = []
    event.listen(shop.connection.engine, "commit", lambda _: order.append("commit begins"))
    commit = shop.connection.engine.dialect.do_commit
    shop.connection.engine.dialect.do_commit = lambda driver: (commit(driver), order.append("committed"))[0]
    publish = shop.bus.publish
    shop.bus.publish = lambda name, data: (order.append(name), publish(name, data))[1]  # type: ignore[method-assign]
    shop.scan(TRACE_1)
    assert order == ["commit begins", "committed", "scan", "totals"]


def test_failed_commit_shows_nothing_and_keeps_nothing(shop: Shop) -> None:
    before = shop.count("outbox")

    def fail(_: Connection) -> None:
        raise RuntimeError("the disk is gone")

    event.listen(shop.connection.engine, "commit", fail)
    with pytest.raises(RuntimeError):
        shop.scan(TRACE_1)
    event.remove(shop.connection.engine, "commit", fail)
    assert shop.heard("scan") == []
    assert shop.count("outbox") == before
    assert shop.counter.show().lines == ()
    assert shop.scan(TRACE_1).verdict == Verdict.ADDED


def test_screen_hears_the_scan_with_its_commit_time_then_the_totals(shop: Shop) -> None:
    shop.scan(TRACE_1)
    (scan_name, scan), (totals_name, totals) = shop.heard()
    assert (scan_name, totals_name) == ("scan", "totals")
    assert scan["class"] == "甲"
    assert scan["price"] == "9.805"
    assert scan["committed_at"] == NOON.timestamp()
    assert scan["words"] == {"zh": "已匹配", "en": "Matched"}
    assert totals == {"boxes": 1, "matched": 1, "unmatched": 0, "alarms": 0, "amount": "9.81", "unpriced": 0}


def test_two_packs_of_one_product_share_a_line(shop: Shop) -> None:
    shop.scan(TRACE_1)
    second = shop.scan(TRACE_2)
    assert (second.line, second.quantity) == (1, 2)
    (line,) = shop.counter.show().lines
    assert (line.quantity, line.codes, line.amount) == (2, (TRACE_1, TRACE_2), Decimal("19.61"))


def test_packs_of_different_products_have_lines_of_their_own(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.scan(OTHER_TRACE)
    lines = shop.counter.show().lines
    assert [(line.line, line.product) for line in lines] == [(1, "D0001"), (2, "D0002")]
    assert shop.counter.show().totals.amount == Decimal("31.31")


@pytest.mark.req("T-23")
def test_pack_scanned_twice_counts_once_and_says_so(shop: Shop) -> None:
    shop.scan(TRACE_1)
    shop.clock.advance(4)
    again = shop.scan(TRACE_1)
    assert again.verdict == Verdict.ALREADY_IN_SALE
    assert again.tone is Tone.ALARM
    assert (again.line, again.quantity, again.sale) == (1, 1, SALE)
    assert len(scanned(shop)) == 1
    assert shop.count("scan") == 2
    assert shop.counter.show().totals == Totals(1, 1, 0, 0, Decimal("9.81"), 0)


@pytest.mark.req("T-23")
def test_same_pack_by_another_scanner_is_the_same_pack(shop: Shop) -> None:
    shop.scan(TRACE_1, "]C0", "serial:left")
    assert shop.scan(TRACE_1, None, "keyboard:right").verdict == Verdict.ALREADY_IN_SALE


GTIN = "06900000000014"


def udi(expiry: str, serial: str = "SN9", *, lot: str = "LOT1") -> bytes:
    """A box of D0001 with its date, written as YYMMDD."""
    return f"01{GTIN}17{expiry}10{lot}\x1d21{serial}".encode()


@pytest.mark.parametrize(
    ("expiry", "day", "is_over"),
    [("261121", 0, False), ("261120", 0, True), ("261121", 1, True), ("261100", 9, False), ("261100", 10, True)],
)
def test_expired_box_is_an_alarm_and_on_no_list(
    shop: Shop, clock: FakeClock, expiry: str, day: int, is_over: bool
) -> None:
    clock.advance(day * 86_400)
    shown = shop.scan(udi(expiry), "]d2")
    assert (shown.verdict, shown.tone) == ((Verdict.EXPIRED, Tone.ALARM) if is_over else (Verdict.ADDED, Tone.OK))
    assert shown.line is None if is_over else shown.line == 1
    if is_over:
        assert shop.counter.show().totals.alarms == 1
        assert scanned(shop)[-1].reserved_until is None


def test_the_last_good_day_ends_at_midnight_in_the_shop(shop: Shop, clock: FakeClock) -> None:
    clock.advance(11 * 3_600 + 59 * 60)
    assert shop.scan(udi("261121", "SN1"), "]d2").verdict is Verdict.ADDED
    clock.advance(60)
    assert shop.scan(udi("261121", "SN2"), "]d2").verdict is Verdict.EXPIRED


def test_an_expired_box_may_be_received_to_be_sent_back(shop: Shop) -> None:
    shop.counter.set_mode(Mode.RECEIVE)
    assert shop.scan(udi("250101"), "]d2").verdict is Verdict.ADDED


@pytest.mark.parametrize(
    ("code", "opened", "is_over"),
    [(TRACE_1, "OLD", True), (TRACE_1, "NEW", False), (OTHER_TRACE, "OLD", False), ("lot OLD", "NEW", True),
     ("lot NEW", "OLD", False), ("lot ELSE", "OLD", False)],
)  # fmt: skip
def test_a_lot_that_the_shop_registered_tells_when_a_box_expires(
    shop: Shop, code: str, opened: str, is_over: bool
) -> None:
    with shop.connection.begin():
        for lot, until in (("OLD", date(2026, 11, 20)), ("NEW", date(2027, 11, 20))):
            at = NOON - timedelta(days=1 if lot == opened else 2)
            put_batch(shop.connection, Batch("D0001", f"B-{lot}", lot, date(2024, 1, 1), until, at))
    raw = f"01{GTIN}10{code[4:]}\x1d21SN1" if code.startswith("lot ") else code
    shown = shop.scan(raw, "]d2" if code.startswith("lot ") else None)
    assert shown.verdict is (Verdict.EXPIRED if is_over else Verdict.ADDED)
    if is_over:
        assert shown.hint is not None
        assert "OLD" in shown.hint.zh
        assert "OLD" in shown.hint.en


def test_the_date_on_the_box_is_believed_before_the_register(shop: Shop) -> None:
    with shop.connection.begin():
        put_batch(shop.connection, Batch("D0001", "B", "LOT1", date(2024, 1, 1), date(2026, 1, 1), NOON))
    assert shop.scan(udi("270101"), "]d2").verdict is Verdict.ADDED


def test_udi_is_matched_by_its_gtin_and_named_by_its_pack_key(shop: Shop) -> None:
    shown = shop.scan(UDI_RAW, "]d2")
    assert (shown.kind, shown.code, shown.product, shown.verdict) == ("gs1", UDI_PACK, "D0001", Verdict.ADDED)
    assert scanned(shop)[0].code == UDI_PACK


def test_unknown_product_is_recorded_and_asked_about(shop: Shop) -> None:
    shown = shop.scan(UNKNOWN_TRACE)
    assert (shown.verdict, shown.product, shown.price, shown.line) == (Verdict.UNMATCHED, None, None, 1)
    assert shop.facts()[-1] == CodeUnmatched(SALE, UNKNOWN_TRACE, [("trace_prefix", "8177322")])
    assert shop.facts()[-2] == scanned(shop)[0]
    totals = shop.counter.show().totals
    assert (totals.boxes, totals.unmatched, totals.unpriced, totals.amount) == (1, 1, 1, Decimal("0.00"))


def test_unknown_packs_of_one_prefix_share_a_line(shop: Shop) -> None:
    shop.scan(UNKNOWN_TRACE)
    assert shop.scan("81773220288616423836").quantity == 2


@pytest.mark.req("T-25")
@pytest.mark.parametrize(
    ("code", "symbology", "verdict"),
    [
        (EAN, "]E0", Verdict.WRONG_CODE_TYPE),
        ("86900483000019", None, Verdict.WRONG_CODE_TYPE),
        ("hello", None, Verdict.UNREADABLE),
        (b"\xff\xfe\x00", None, Verdict.UNREADABLE),
        (b"\x1d01069000000000141728013110LOT1", "]d2", Verdict.NOT_INDIVIDUAL),
    ],
)
def test_wrong_code_is_refused_with_a_hint_and_kept(
    shop: Shop, code: str | bytes, symbology: str | None, verdict: Verdict
) -> None:
    shown = shop.scan(code, symbology)
    assert (shown.verdict, shown.line, shown.price, shown.sale) == (verdict, None, None, None)
    assert shown.hint is not None
    (fact,) = scanned(shop)
    assert (fact.sale, fact.code, fact.verdict, fact.reserved_until) == (NO_SALE, None, verdict, None)
    assert shop.counter.show().id is None
    assert shop.count("scan") == 1


@pytest.mark.req("T-25")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("01,10,044031900111,12345678,100.00,20261101,12345678901234567890,1A2B", "发票"),
        ("https://u.example.cn/r/8QmZ", "网"),
        ("https://trace.example.cn/8600011000000000001", "网"),
        ("挂号凭条 2026-11-21", "重扫"),
    ],
)
def test_ticket_invoice_or_address_says_what_it_is(shop: Shop, text: str, said: str) -> None:
    shown = shop.scan(text)
    assert (shown.verdict, shown.tone, shown.line) == (Verdict.UNREADABLE, Tone.NOTICE, None)
    assert shown.hint is not None
    assert said in shown.hint.zh


@pytest.mark.req("C-01")
def test_text_that_is_no_code_says_why(shop: Shop) -> None:
    shown = shop.scan("8600011000000000001")
    assert shown.hint is not None
    assert shown.hint.zh.startswith("首位为 8 但不是 20 位")
    assert shown.hint.en.startswith("It starts with 8 but has not 20 digits")


@pytest.mark.req("C-03")
def test_lost_separator_is_seen_at_the_counter_and_travels(shop: Shop) -> None:
    shown = shop.scan(b"010690000000001417280131" + b"21SN1", "]d2")
    assert (shown.verdict, shown.tone, shown.flags) == (Verdict.ADDED, Tone.NOTICE, ("no_separator",))
    assert shown.hint is not None
    assert "GS 分隔符" in shown.hint.zh
    assert scanned(shop)[0].flags == ("no_separator",)
    assert b'"flags":["no_separator"]' in freeze(shop.events()[-1])
    assert shop.heard("scan")[0][1]["flags"] == ["no_separator"]
    assert from_json(ScanShown, kept_text(shop)).flags == ("no_separator",)


def test_scanner_that_has_once_sent_a_separator_is_not_doubted_again(shop: Shop) -> None:
    shop.scan(b"010690000000001410LOT1\x1d21SN0", "]d2")
    shown = shop.scan(b"010690000000001417280131" + b"21SN1", "]d2")
    assert (shown.tone, shown.hint, shown.flags) == (Tone.OK, None, ("no_separator",))


@pytest.mark.req("T-22")
@pytest.mark.parametrize(("gs", "is_doubted"), [(b"\x1d", False), (b"", True)])
def test_what_the_set_up_has_shown_of_a_scanner_decides_about_its_separators(
    shop: Shop, gs: bytes, is_doubted: bool
) -> None:
    burst = (CALIBRATION_CODE.replace(b"\x1d", gs) + b"\r",)
    name, line = CALIBRATION_SYMBOL.name, "serial:/dev/left;name=left"
    profile = make_profile(line, {name: burst}, {name: sightings(burst, parse_spec(line))})
    with shop.connection.begin():
        save_profile(shop.connection, profile, NOON)
    # What came by chance before the profile, or after it, changes nothing.
    shop.scan(b"010690000000001410LOT1\x1d21SN0", "]d2")
    shown = shop.scan(b"010690000000001417280131" + b"21SN1", "]d2")
    assert (shown.tone is Tone.NOTICE, shown.hint is not None) == (is_doubted, is_doubted)


def test_scan_that_was_kept_before_there_were_flags_can_still_be_shown(shop: Shop) -> None:
    shown = shop.scan(TRACE_1)
    older = json.loads(kept_text(shop))
    del older["flags"]
    assert replace(from_json(ScanShown, json.dumps(older).encode()), id=shown.id) == shown


def kept_text(shop: Shop) -> bytes:
    with shop.connection.begin():
        return bytes(sql.one(shop.connection, "SELECT shown FROM scan")[0])


def test_wrong_code_during_a_sale_belongs_to_it(shop: Shop) -> None:
    shop.scan(TRACE_1)
    assert shop.scan(EAN, "]E0").sale == SALE
    assert scanned(shop)[-1].sale == SALE


@pytest.mark.req("C-05")
def test_carton_is_refused_at_dispensing_and_taken_at_receiving(shop: Shop) -> None:
    refused = shop.scan(CARTON_TRACE)
    assert (refused.verdict, refused.tone, refused.line) == (Verdict.CARTON, Tone.ALARM, None)
    assert shop.counter.show().totals.alarms == 1
    shop.counter.set_mode(Mode.RECEIVE)
    taken = shop.scan(CARTON_TRACE)
    assert (taken.verdict, taken.tone, taken.price) == (Verdict.ADDED, Tone.NOTICE, None)
    assert taken.hint is not None
    assert "箱内小盒没有入库" in taken.hint.zh
    assert shop.counter.show().lines[0].spec == "0.25g×24粒 ×200"
    unit = shop.scan(TRACE_1)
    assert (taken.line, unit.line) == (1, 2)
    assert scanned(shop)[-1].reserved_until is None


def test_placeholder_is_an_alarm_and_names_no_pack(shop: Shop) -> None:
    shown = shop.scan("22000000000000000000")
    assert (shown.verdict, shown.tone) == (Verdict.PLACEHOLDER, Tone.ALARM)
    assert scanned(shop)[0].code is None


@pytest.mark.req("C-04")
@pytest.mark.parametrize("credential", [VOUCHER, ID_NUMBER])
def test_nothing_of_a_credential_is_stored_sent_or_shown(shop: Shop, folder: Path, credential: str) -> None:
    shop.scan(TRACE_1)
    events = shop.count("outbox")
    shown = shop.scan(credential)
    assert (shown.id, shown.verdict, shown.line) == (None, Verdict.CREDENTIAL, None)
    assert (shop.count("outbox"), shop.count("scan")) == (events, 1)
    with shop.connection.begin():
        assert read_state(shop.connection).credentials_seen == 1
    told = str(shop.heard()) + str(shown)
    assert credential not in told
    assert credential[6:14] not in told
    for file in folder.iterdir():
        assert credential.encode() not in file.read_bytes(), file.name
        assert credential[6:14].encode() not in file.read_bytes(), file.name


def test_credential_needs_nobody_signed_in(connection: Connection, clock: FakeClock) -> None:
    assert Shop(connection, clock).scan(VOUCHER).verdict == Verdict.CREDENTIAL


def test_credential_glued_to_a_code_is_not_kept_either(shop: Shop, folder: Path) -> None:
    shop.scan(TRACE_1 + ID_NUMBER)
    for file in folder.iterdir():
        assert ID_NUMBER.encode() not in file.read_bytes(), file.name


def test_scan_before_sign_in_is_kept_but_opens_no_list(connection: Connection, clock: FakeClock) -> None:
    shop = Shop(connection, clock)
    shop.stock()
    shown = shop.scan(TRACE_1)
    assert (shown.verdict, shown.tone, shown.sale, shown.line) == (SIGN_IN_FIRST, Tone.NOTICE, None, None)
    assert shown.hint is not None
    (fact,) = scanned(shop)
    assert (fact.sale, fact.code, fact.reserved_until) == (NO_SALE, TRACE_1, None)
    assert shop.events()[0].operator is None
    assert shop.counter.show().id is None
    shop.sign_in()
    assert shop.counter.show().lines == ()
    assert shop.scan(TRACE_1).verdict == Verdict.ADDED


def test_raw_bytes_are_kept_as_they_came(shop: Shop) -> None:
    shop.scan(UDI_RAW, "]d2")
    with shop.connection.begin():
        row = sql.one(shop.connection, "SELECT raw, symbology, device, kind, verdict, sale FROM scan")
    assert row == (UDI_RAW, "]d2", "serial:left", "gs1", "added", SALE)


def test_line_that_never_ends_is_kept_by_its_beginning_only(shop: Shop) -> None:
    shown = shop.scan(b"8" * 1_000_000)
    assert shown.verdict == Verdict.UNREADABLE
    with shop.connection.begin():
        assert sql.one(shop.connection, "SELECT length(raw), length(shown) < 2000 FROM scan") == (MAX_RAW_BYTES, 1)


def test_device_with_an_endless_name_still_makes_a_valid_event(shop: Shop) -> None:
    shop.scan(TRACE_1, device="serial:" + "x" * 400)
    assert len(scanned(shop)[0].device) == 200


@pytest.mark.req("T-12")
def test_day_of_the_sale_number_is_the_day_in_the_shop(shop: Shop, clock: FakeClock) -> None:
    clock.wall = NOON + timedelta(hours=13)
    assert shop.scan(TRACE_1).sale == "counter-1-20261122-1"


def test_every_event_stands_in_one_chain(shop: Shop) -> None:
    for code in (TRACE_1, TRACE_1, UNKNOWN_TRACE, EAN, VOUCHER, "junk"):
        shop.scan(code)
    check = check_chain(shop.connection, EPOCH)
    assert (check.broken_at, check.events) == (None, shop.count("outbox"))
    assert shop.recorded == 1 + 6
