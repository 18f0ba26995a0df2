"""A real day of a pharmacy, as one script with real processes: everything that a day brings has a way through."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blackbox.pos_at_counter import sell_beside_the_till
from tests.blackbox.shop import BY_ID, BY_VOUCHER, Counter, RefusedError, Shop, opened_shop
from tests.blackbox.stand import Seeded

VOUCHER_CODE = "4241234567890123456712350000"
"""A 医保码 that somebody holds before a scanner."""


def ibuprofen(number: int) -> str:
    return f"8600081{number:013}"


@pytest.fixture(scope="module")
def shop(seeded: Seeded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("realday")
    with opened_shop(seeded.copy(folder / "centre"), folder) as shop:
        yield shop


@pytest.mark.req("T-05")
def test_a_real_day(shop: Shop) -> None:
    first, second = shop.counters
    first.sign_in("li")
    _stock(first)
    by_voucher = first.insured("voucher", *(ibuprofen(number) for number in (1, 2, 3)))
    first.insured("card", ibuprofen(4))
    first.insured("id", ibuprofen(5), number=BY_ID.id_number, name=BY_ID.name)
    _scan_twice(first)
    _sell_in_part(first)
    _sell_by_name(first)
    _sell_on_prescription(first)
    _line_down_and_back(shop, first)
    _outcome_unknown(shop, first)
    _hand_over(first)
    _end_day(shop, first)
    shop.next_day()
    second.sign_in("zhao")
    _stock(second)
    sell_beside_the_till(shop, second)
    _return_one_of_three_elsewhere(second, by_voucher["sale"])
    _end_day(shop, second)
    _nothing_personal_is_left_lying(shop)


def _stock(counter: Counter) -> None:
    lots = "".join(f"{product},B-1,L2601,2026-01-05,2028-12-31\n" for product in ("D0001", "D0008", "D0064"))
    counter.ask("POST", "/batches", {"text": f"product,batch,lot,made_on,expires_on\n{lots}"})


def _sell_in_part(first: Counter) -> None:
    """Ten capsules of an opened pack, and five of what is left to the next customer; the rest is shown."""
    for units, left in ((10, 10), (5, 5)):
        first.scan(ibuprofen(20))
        first.ask("PUT", "/sale/units", {"code": ibuprofen(20), "units": units})
        first.identify("voucher")
        assert first.trial()["lacks"] == []
        assert first.settle()["standing"] == "settled"
        (opened,) = first.ask("GET", "/opened-packs")
        assert (opened["code"], opened["rest"]) == (ibuprofen(20), left)


def _sell_by_name(first: Counter) -> None:
    """A drug sold by name: on a card, and two packs at once, opened ones counted with the whole ones."""
    packs = [f"8600641{number:013}" for number in (1, 2, 3)]
    first.scan(*packs)
    first.ask("PUT", "/sale/units", {"code": packs[2], "units": 9})
    first.identify("voucher")
    lacks = [one["code"] for one in first.trial()["lacks"]]
    assert lacks == ["till.certificate_missing", "till.certificate_missing", "till.over_purchase"]
    first.ask("DELETE", f"/sale/packs/{packs[2]}")
    first.identify("card")
    assert first.trial()["lacks"] == []
    assert first.settle()["standing"] == "settled"


def _sell_on_prescription(first: Counter) -> None:
    """A prescription drug wants its prescription, who wrote it, and the pharmacist who reviewed it."""
    first.scan(f"8600011{1:013}")
    first.identify("card")
    lacks = [one["code"] for one in first.trial()["lacks"]]
    assert lacks == ["till.prescription_missing", "till.doctor_missing", "till.pharmacist_missing"]
    ordered = {"line": 1, "rxno": "RX20261123-1", "doctor_code": "D350203000001", "doctor": "虚构医一"}
    assert first.trial(pharmacist="Y350203000001", lines=[ordered])["lacks"] == []
    assert first.settle()["standing"] == "settled"


def _scan_twice(first: Counter) -> None:
    first.scan(VOUCHER_CODE)
    once, again = first.scan(ibuprofen(6), ibuprofen(6))
    assert (once["verdict"], again["line"]) == ("added", once["line"])
    assert first.ask("GET", "/sale")["totals"]["boxes"] == 1
    sold_before = first.scan(ibuprofen(1))[0]
    assert sold_before["tone"] != "good"
    first.ask("POST", "/sale/cancel", {})


def _line_down_and_back(shop: Shop, first: Counter) -> None:
    """A ticket is put aside and a self-pay sale goes on; both are insured when the line is back."""
    shop.stage.actors["broker"].kill()
    first.until(lambda: not first.ask("GET", "/status")["interface"]["is_up"])
    first.scan(ibuprofen(7))
    held = first.sale
    with pytest.raises(RefusedError, match=r"till\.offline"):
        first.identify("voucher")
    slip = first.ask("POST", "/ticket/hold", {"sale": held, "note": "等网络恢复"})
    assert (slip["place"], slip["standing"]) == ("held", "none")
    first.scan(ibuprofen(8))
    in_cash = first.ask("POST", "/sale/close", {"paid_by": "self_pay"})["sale"]
    shop.stage.actors["broker"].start()
    first.until(lambda: first.ask("GET", "/status")["interface"]["is_up"])
    first.ask("POST", f"/tickets/{held}/take-up", {})
    assert first.sale == held
    first.identify("voucher")
    assert first.trial()["lacks"] == []
    assert first.settle()["standing"] == "settled"
    first.voucher.hold_code(BY_VOUCHER)
    first.ask("POST", f"/sales/{in_cash}/turn-insured", {"by": "voucher"})
    first.until(lambda: first.ticket(in_cash)["standing"] == "settled")


def _outcome_unknown(shop: Shop, first: Counter) -> None:
    """The centre stands still in the moment of settling: the next customer is served, and the outcome is found out."""
    first.scan(ibuprofen(9))
    first.identify("card")
    assert first.trial()["lacks"] == []
    sale = first.sale
    os.kill(shop.stage.actors["centre"].pid, signal.SIGSTOP)
    try:
        assert first.settle()["standing"] in {"asked", "unknown"}
        first.until(lambda: first.ticket(sale)["place"] == "held")
        first.scan(ibuprofen(10))
        first.ask("POST", "/sale/close", {"paid_by": "self_pay"})
    finally:
        os.kill(shop.stage.actors["centre"].pid, signal.SIGCONT)
    assert first.until(lambda: first.ticket(sale)["standing"] == "settled") < 60
    assert first.ticket(sale)["place"] == "closed"


def _hand_over(first: Counter) -> None:
    expected = first.ask("GET", "/drawer")["expected"]
    said = {"operator": "zhao", "password": first.passwords["zhao"], "cash_counted": expected, "note": ""}
    assert first.ask("POST", "/hand-overs", said)["operator"] == "zhao"


def _end_day(shop: Shop, counter: Counter) -> None:
    """The institution's books are the centre's, to the fen."""
    counter.until(lambda: counter.ask("GET", f"/days/{shop.today}")["unfinished"]["ledger_due"] == 0)
    open_rows = counter.ask("GET", "/ledger-rows")["rows"]
    assert [(one["infno"], one["sale"], one["state"], one["told"], one["lacks"]) for one in open_rows] == []
    sheet = counter.ask("POST", f"/days/{shop.today}/end", {})
    assert (sheet["state"], sheet["differences"], sheet["missing"]) == ("closed", [], []), sheet
    assert sheet["compared"], "books without a record show nothing"


def _return_one_of_three_elsewhere(second: Counter, sale: str) -> None:
    """The other counter asks the centre whose pack it is; the rest is settled anew, and the pack lies apart."""
    found = second.ask("POST", "/sales/find", {"code": ibuprofen(2)})
    assert (found["sale"], found["is_elsewhere"]) == (sale, True)
    begun = second.ask("POST", f"/sales/{sale}/return", {"codes": [ibuprofen(2)], "reason": "不需要"})
    second.until(lambda: second.ask("GET", "/undertakings")["undertakings"] == [])
    done = second.ask("GET", f"/undertakings/{begun['id']}")
    assert (done["outcome"], done["before"]["fee"], done["after"]["fee"]) == ("done", "50.40", "33.60")
    assert [one["code"] for one in second.ask("GET", "/quarantine")["packs"]] == [ibuprofen(2)]


def _nothing_personal_is_left_lying(shop: Shop) -> None:
    """医保码 is nowhere on the disk, and no person's number in clear in a terminal's files or in any log."""
    numbers = (BY_ID.id_number, "990101198503150113", "990101198709220228")
    for path in sorted(Path(shop.folder).rglob("*")):
        if not path.is_file() or "voucher" in path.parts or "card" in path.parts:
            continue
        content = path.read_bytes()
        assert VOUCHER_CODE.encode() not in content, path
        if "centre" not in path.parts or path.suffix == ".log":
            assert not [one for one in numbers if one.encode() in content], path
