"""What is open to whom: every transaction, for institutions in good standing, suspended, and whose agreement ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from server.fsi.dispatch import HANDLERS
from server.store.database import Store
from server.store.standings import Standing
from tests.server.fsi.counter import CARD, LI, file_store, refused
from tests.server.fsi.office import HOSPITAL, NOON
from tests.server.fsi.ward import Json, Ward, open_ward

UNDOES = "2103 2202 2205 2208 2302 2305 2404 2405 2601 3504 3506 3507"
RECONCILES = "3201 3202 3508 3509 3510 3511 3512 3513 5203 9101 9102"
LETS_GO = "2402 3505 3505A 9002"
"""Nobody is kept in bed, what was sold before the end is still told, and a sign-in ends."""
REFUSES_ITSELF = "9001"
"""It tells a suspended institution that it is, and lets one whose agreement ended not in."""
ASKS = "1101 1201 1312 1316 1317 1318 1319 2001"
FILES = "1301 1302 1303 1305 1306 1307 1308 1309 1310 1311 1313 1314 1315 1320 1321"
STOCKS = "3501 3501A 3502 3503"
GOES_ON = "2301 2303 2304"
"""Open to a suspended hospital for who was admitted before."""
SETTLES = "2101 2102 2201 2203 2204 2206 2207 2401 3301 3302"


def kinds(*listed: str) -> frozenset[str]:
    return frozenset(" ".join(listed).split())


AFTER_THE_END: Final = kinds(UNDOES, RECONCILES, LETS_GO, REFUSES_ITSELF)
SUSPENDED: Final = AFTER_THE_END | kinds(ASKS, FILES, STOCKS)
ALL: Final = SUSPENDED | kinds(GOES_ON, SETTLES)


@pytest.fixture
def store(migrated_file: Path, tmp_path: Path) -> Iterator[Store]:
    with file_store(migrated_file, tmp_path) as made:
        yield made


@pytest.fixture
def ward(store: Store) -> Ward:
    return open_ward(store)


class TestTable:
    """All transactions, by where an institution stands."""

    def test_every_transaction_is_in_the_table(self) -> None:
        assert frozenset(HANDLERS) == ALL

    @pytest.mark.parametrize("infno", sorted(ALL))
    def test_it_is_open_to_those_to_whom_it_should_be(self, infno: str) -> None:
        deed = HANDLERS[infno]
        assert deed.is_always_open is (infno in AFTER_THE_END)
        assert (deed.is_always_open or deed.is_open_suspended) is (infno in SUSPENDED)
        assert (deed.began is not None) is (infno in kinds(GOES_ON))

    @pytest.mark.parametrize(
        ("infno", "business"),
        [
            ("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": CARD[LI]}}),
            ("1201", {"medinsinfo": {"fixmedins_type": "1"}}),
            ("1301", {"data": {"ver": "0"}}),
        ],
    )
    def test_nobody_is_told_of_after_the_end(self, ward: Ward, infno: str, business: Json) -> None:
        ward.office.stand(Standing.SUSPENDED, code=HOSPITAL)
        assert ward.say(infno, business)["infcode"] == 0
        ward.office.stand(Standing.ENDED, code=HOSPITAL)
        answer = ward.say(infno, business)
        assert refused(answer) == "practice.institution_ended"
        assert CARD[LI] not in str(answer)

    def test_its_own_records_are_undone_after_the_end(self, ward: Ward) -> None:
        visit = ward.visit()
        ward.charge(ward.line(visit))
        info = ward.done("2207", {"data": ward.asked(visit, "100.00")})["setlinfo"]
        ward.office.stand(Standing.ENDED, code=HOSPITAL)
        named = {"data": {name: info[name] for name in ("setl_id", "mdtrt_id", "psn_no")}}
        assert ward.done("5203", named)["setlinfo"]["setl_id"] == info["setl_id"]
        ward.done("2208", named)


class TestStays:
    """Who was in bed when the hospital was suspended."""

    def test_they_are_charged_tried_and_settled_to_the_end(self, ward: Ward) -> None:
        stay = ward.admit()
        ward.office.stand(Standing.SUSPENDED, code=HOSPITAL)
        ward.office.clock.forward(days=2)
        ward.enter(ward.bed(stay, price="2000.00"))
        ward.done("2402", ward.discharge(stay))
        ward.done("2303", ward.closing(stay, "2000.00"))
        assert ward.settle_stay(stay, "2000.00")["fund_pay_sumamt"] > 0

    def test_not_who_was_admitted_since(self, ward: Ward) -> None:
        # What was decided today may hold from an hour ago.
        stay = ward.admit(begntime=ward.at(minutes=30))
        ward.office.stand(Standing.SUSPENDED, code=HOSPITAL)
        assert refused(ward.say("2401", ward.admission())) == "practice.institution_suspended"
        assert refused(ward.say("2301", {"feedetail": [ward.bed(stay)]})) == "practice.institution_suspended"

    def test_not_after_as_many_days_as_the_rules_say(self, ward: Ward) -> None:
        stay = ward.admit()
        ward.office.stand(Standing.SUSPENDED, code=HOSPITAL)
        since = NOON - timedelta(hours=1)
        ward.office.clock.now = since + timedelta(days=180) - timedelta(seconds=1)
        ward.enter(ward.bed(stay))
        ward.office.clock.forward(seconds=1)
        assert refused(ward.say("2301", {"feedetail": [ward.bed(stay)]})) == "practice.institution_suspended"

    @pytest.mark.parametrize("infno", ["2301", "2303", "2304"])
    def test_not_after_the_end(self, ward: Ward, infno: str) -> None:
        stay = ward.admit()
        ward.office.stand(Standing.ENDED, code=HOSPITAL)
        said = {"feedetail": [ward.bed(stay)]} if infno == "2301" else ward.closing(stay, "100.00")
        assert refused(ward.say(infno, said)) == "practice.institution_ended"

    def test_no_other_charges(self, ward: Ward) -> None:
        visit = ward.visit()
        ward.office.stand(Standing.SUSPENDED, code=HOSPITAL)
        assert refused(ward.say("2204", {"feedetail": [ward.line(visit)]})) == "practice.institution_suspended"
        # An outpatient's visit is no stay, whatever the message says.
        assert refused(ward.say("2301", {"feedetail": [ward.bed(visit)]})) == "practice.institution_suspended"
