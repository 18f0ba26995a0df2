"""3505 without a settlement: kept whatever it lacks, and what it lacks is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from server.ingest import Ingest
from server.store import practitioners
from server.store.practitioners import Practitioner, PractitionerKind
from tests.server.fake_terminal import FakeTerminal, new_key
from tests.server.fsi.counter import CARD, LI, PLAIN, WANG, file_store
from tests.server.fsi.entitled import COLD, PHARMACIST, RX, open_entitled
from tests.server.fsi.office import NOON
from tests.server.fsi.shop import Shop
from wire.fsi.values import BEIJING

LICENCE = "210350200000001"
BY_LI = {"psn_no": LI, "psn_cert_type": "01", "certno": CARD[LI]}


@pytest.fixture
def shop(migrated_file: Path, tmp_path: Path) -> Iterator[Shop]:
    with file_store(migrated_file, tmp_path) as store:
        counter = open_entitled(store)
        with store.writing() as connection:
            licensed = Practitioner(PHARMACIST, "陈", PractitionerKind.PHARMACIST, LICENCE, NOON)
            practitioners.put_practitioners(connection, [licensed])
        yield Shop(counter, FakeTerminal().registered(store), Ingest(store, new_key()))


def sell(shop: Shop, item: str, count: str = "1", number: str = "S1", **said: object) -> str:
    """Upload a sale without codes, which is accepted; return what is told."""
    shop.wait(minutes=1)
    more = {"med_list_codg": item, "fixmedins_hilist_id": f"own-{item}", "sel_retn_cnt": count, "drugtracinfo": None}
    accepted, told = shop.sell(**{"mdtrt_setl_type": "2", "rtal_docno": number, **more, **said})
    assert accepted == "1", told
    return told


def test_an_ordinary_drug_is_nothing_to_speak_of(shop: Shop) -> None:
    assert sell(shop, PLAIN, phar_prac_cert_no="999") == ""


def test_a_prescription_drug_without_its_flag_its_prescription_and_its_pharmacist(shop: Shop) -> None:
    told = sell(shop, RX, rx_flag="0", phar_prac_cert_no="999")
    for code in ("stock.prescription_drug", "stock.pharmacist", "entitlement.prescription_missing"):
        assert f"[{code}]" in told
    assert "selinfo.rx_flag（处方药标志）" in told
    assert "没有备案的药师执业证号 999" in told
    assert sell(shop, RX, number="S2", rx_flag="1", rxno="P-1", phar_prac_cert_no=LICENCE) == ""


def test_a_drug_that_is_sold_by_name_to_nobody(shop: Shop) -> None:
    assert "[entitlement.certificate_missing]" in sell(shop, COLD)
    assert sell(shop, COLD, number="S2", psn_cert_type="01", certno=CARD[WANG]) == ""


def test_too_much_at_once_is_seen_over_the_rows_of_a_sale(shop: Shop) -> None:
    assert sell(shop, COLD, "2", **BY_LI) == ""
    assert "[entitlement.over_purchase]" in sell(shop, COLD, "1", fixmedins_bchno="B-2", **BY_LI)


def test_what_a_proved_person_had_counts_and_what_came_back_does_not(shop: Shop) -> None:
    assert sell(shop, COLD, "2", **BY_LI) == ""
    assert "[entitlement.over_window]" in sell(shop, COLD, "2", number="S2", **BY_LI)
    more = {"med_list_codg": COLD, "fixmedins_hilist_id": f"own-{COLD}", "sel_retn_cnt": "2", "drugtracinfo": None}
    for number in ("S1", "S2"):
        assert shop.give_back(rtal_docno=number, medins_prod_sel_no=number, **more)[0] == "1"
    assert sell(shop, COLD, "2", number="S3", **BY_LI) == ""
    shop.wait(days=8)
    assert sell(shop, COLD, "2", number="S4", **BY_LI) == ""


@pytest.mark.parametrize("named", [{"psn_no": LI}, {"psn_no": LI, "psn_cert_type": "01", "certno": CARD[WANG]}])
def test_who_is_named_without_proof_uses_nothing_up(shop: Shop, named: dict[str, str]) -> None:
    for number in ("S1", "S2"):
        sell(shop, COLD, "2", number=number, **named)
    assert sell(shop, COLD, "2", number="S3", **BY_LI) == ""


def test_what_was_settled_counts_as_well(shop: Shop) -> None:
    counter = shop.counter
    counter.settle(counter.sale(counter.line(COLD, "2"), mdtrt_cert_type="02", mdtrt_cert_no=CARD[LI]))
    assert "[entitlement.over_window]" in sell(shop, COLD, "2", **BY_LI)


@pytest.mark.parametrize(
    ("minutes", "is_remarked"), [(30, False), (65, True), (-60 * 24 * 80, False), (-60 * 24 * 91, True)]
)
@pytest.mark.parametrize("item", [PLAIN, COLD])
def test_a_clock_that_is_wrong_is_remarked(shop: Shop, item: str, minutes: int, *, is_remarked: bool) -> None:
    shop.wait(minutes=1)
    at = (shop.counter.office.clock.now + timedelta(minutes=minutes)).astimezone(BEIJING)
    told = sell(shop, item, sel_retn_time=f"{at:%Y-%m-%d %H:%M:%S}")
    assert ("[stock.time]" in told) is is_remarked, told
    assert not is_remarked or "selinfo.sel_retn_time" in told
