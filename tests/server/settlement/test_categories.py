"""What is said of a sale that no rule pays for, by what kind of visit it is of."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from server.settlement.categories import check_visit_category, remarks_on, wrong_there
from server.settlement.errors import NotCoveredError
from server.settlement.sale import Caller, Sale, SaleLine
from server.settlement.visit_errors import MedTypeError
from server.store.visits import VisitKind
from tests.rules.benefits.scene import BASIC, HEAD, book, pay, person, visit
from wire.fsi.values import BEIJING

AT = datetime(2026, 3, 2, 9, 30, tzinfo=BEIJING)
BY = Caller("H1", "350200", "2304", "M1", "op", "收费员", AT)
LOW = "[[layer.rate]]\nwhen = { level = ['1'] }\nrate = 0.5\n"
RULES = book(BASIC + "when = { insutype = ['310'] }\n" + LOW, HEAD + 'stays = ["21"]\n')


def sale(amount: str, *, of_visit: str = "", stay_number: int | None = None) -> Sale:
    money = Decimal(amount)
    line = SaleLine("L1", "X1", "own", money, Decimal(1), money, AT)
    return Sale(
        by=BY,
        psn_no="P1",
        credential=None,
        insutype="310",
        insured_district="350203",
        med_type="21",
        begins=AT,
        lines=(line,),
        total=money,
        uses_account=False,
        visit=of_visit,
        stay_number=stay_number,
    )


@pytest.mark.parametrize("of_visit", ["", "V1"])
def test_outside_of_a_stay_it_is_remarked(of_visit: str) -> None:
    outcome = pay(RULES, "12.50")
    (said,) = remarks_on(RULES.versions[0], person(), sale("12.50", of_visit=of_visit), outcome)
    assert "没有适用的支付规则" in said.zh
    assert "the person bears all 12.50 in scope" in said.en


def test_a_stay_is_refused_where_its_level_finds_no_rule() -> None:
    of_stay = sale("12.50", of_visit="V1", stay_number=1)
    with pytest.raises(NotCoveredError, match="普通住院（21）"):
        list(remarks_on(RULES.versions[0], person(), of_stay, pay(RULES, "12.50")))
    assert not list(remarks_on(RULES.versions[0], person(), of_stay, pay(RULES, "12.50", where=visit(level="1"))))


@pytest.mark.parametrize(
    ("kind", "insutype", "med_type", "disease", "error"),
    [
        (VisitKind.INPATIENT, "310", "21", "", None),
        (VisitKind.INPATIENT, "310", "22", "", MedTypeError),
        (VisitKind.INPATIENT, "390", "21", "", NotCoveredError),
        (VisitKind.OUTPATIENT, "390", "11", "", None),
        (VisitKind.OUTPATIENT, "310", "14", "M1", None),
        (VisitKind.OUTPATIENT, "310", "14", "", MedTypeError),
        (VisitKind.OUTPATIENT, "310", "21", "", MedTypeError),
    ],
)
def test_what_a_visit_may_be_opened_as(
    kind: VisitKind, insutype: str, med_type: str, disease: str, error: type[Exception] | None
) -> None:
    rules = RULES.versions[0]
    if error is None:
        check_visit_category(rules, kind, insutype, med_type, disease)
    else:
        with pytest.raises(error):
            check_visit_category(rules, kind, insutype, med_type, disease)


def test_a_hospital_may_state_stays_and_visits_and_a_pharmacy_neither() -> None:
    told = {
        (place, one): wrong_there(RULES.versions[0], place, one) is None
        for place in ("hospital", "pharmacy")
        for one in ("11", "21", "41", "15")
    }
    assert {key for key, may in told.items() if may} == {("hospital", "11"), ("hospital", "21"), ("pharmacy", "41")}
