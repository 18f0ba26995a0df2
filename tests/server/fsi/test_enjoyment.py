"""2001: which funds would pay, by the same rules that settle."""

from __future__ import annotations

from datetime import date

import pytest

from server.fsi.dispatch import HANDLERS
from server.fsi.transactions import entitlement
from server.store import insured
from server.store.database import Store
from server.store.insured import FactKind, Insurance
from server.store.standings import Standing
from tests.server.fsi.counter import ALWAYS, DISTRICT, LI, ZHAO, Counter, open_counter, put_fact, refused
from tests.server.fsi.office import HOSPITAL, PHARMACY
from wire.fsi.areas import shipped_area
from wire.fsi.checking import check_output
from wire.fsi.tables import transaction


@pytest.fixture
def counter(store: Store) -> Counter:
    return open_counter(store, deeds={**HANDLERS, **entitlement.TRANSACTIONS})


def asked(counter: Counter, psn_no: str = LI, **said: object) -> dict[str, tuple[str, str]]:
    """Return flag and reason by kind of fund."""
    whole = {"psn_no": psn_no, "insutype": "390" if psn_no == ZHAO else "310", "fixmedins_code": HOSPITAL}
    whole |= {"med_type": "11", "begntime": counter.now, **said}
    answer = counter.office.say("2001", {"data": whole})
    assert answer["infcode"] == 0, answer["err_msg"]
    output = answer["output"]
    assert check_output(output, transaction("2001", shipped_area("base"))) == ()
    rows = output["trtinfo"]  # type: ignore[index,call-overload]
    return {one["fund_pay_type"]: (one["trt_enjymnt_flag"], one.get("trt_chk_rslt") or "") for one in rows}


def test_an_employee_has_the_pool_and_his_account_but_no_civil_servants_fund(counter: Counter) -> None:
    found = asked(counter)
    assert (found["310100"], found["310200"]) == (("1", ""), ("1", ""))
    assert found["320100"][0] == "0"
    assert "390100" not in found


def test_a_resident_has_no_pool_at_a_hospital_of_the_third_level(counter: Counter) -> None:
    flag, reason = asked(counter, ZHAO)["390100"]
    assert (flag, "机构等级 三级" in reason) == ("0", True)
    assert asked(counter, ZHAO, med_type="21")["390100"] == ("1", "")


def test_a_disease_has_to_be_registered(counter: Counter) -> None:
    before = asked(counter, ZHAO, med_type="14", dise_codg="M03900")["390100"]
    assert before == ("0", "未登记病种 M03900")
    put_fact(counter.office, FactKind.CHRONIC, "M03900", ZHAO)
    assert asked(counter, ZHAO, med_type="14", dise_codg="M03900")["390100"] == ("1", "")


def test_who_is_not_insured_or_where_nobody_may_settle_has_nothing_and_hears_why(counter: Counter) -> None:
    reason = f"人员 {LI} 在 2026-03-10 没有险种 城乡居民基本医疗保险（390）：当日参保险种为 职工基本医疗保险（310）"
    assert asked(counter, insutype="390") == {"390100": ("0", reason)}
    with counter.office.store.writing() as connection:
        ended = Insurance(LI, "310", ALWAYS, date(2026, 3, 9), "11", DISTRICT, False, "1", "")
        insured.put_insurances(connection, [ended])
    assert "当日未参保" in asked(counter)["310100"][1]
    counter.office.stand(Standing.SUSPENDED, code=HOSPITAL)
    assert "暂停" in asked(counter, ZHAO)["390100"][1]


@pytest.mark.parametrize(
    ("said", "code"),
    [({"psn_no": "nobody"}, "settlement.person"), ({"fixmedins_code": "P0"}, "practice.institution_unknown")],
)
def test_what_is_unknown_is_refused(counter: Counter, said: dict[str, str], code: str) -> None:
    whole = {"psn_no": LI, "insutype": "310", "fixmedins_code": PHARMACY, "med_type": "41", "begntime": counter.now}
    assert refused(counter.office.say("2001", {"data": whole | said})) == code
