"""Messages at which a centre may die: what comes before each, and what the books say before and after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from tests.deaths.ground import PACKS, PRESCRIPTION, Books, Ground
from tests.server.fsi.counter import LI, PLAIN, named
from tests.server.fsi.entitled import PHARMACIST, RX
from tests.server.fsi.office import HOSPITAL, PHARMACY
from tests.server.fsi.ward import Json
from wire.fsi.message_ids import msgid_of


@dataclass(frozen=True, slots=True)
class Scene:
    """One message."""

    name: str
    what: str
    lay: Callable[[Ground], bytes]
    """Does what comes before, and returns the message."""
    before: Books
    after: Books


def _bytes_of(ground: Ground, infno: str, business: object, msgid: str | None = None, code: str = PHARMACY) -> bytes:
    return ground.office.body(infno, business, fixmedins_code=code, **({"msgid": msgid} if msgid else {}))


def _number(ground: Ground, n: int, code: str = PHARMACY) -> str:
    return msgid_of(code, ground.office.clock.now, 9000 + n)


# -- the pharmacy ------------------------------------------------------------------------------------------------------


def _sale(ground: Ground) -> Json:
    """Two packs whose codes travel with them, and a drug on an e-prescription: account, family, fund and cash pay."""
    counter = ground.counter
    lines = counter.line(PLAIN, "2", "250.00"), counter.line(RX, "2", "50.00", rxno=PRESCRIPTION)
    traced = [{"drug_trac_codg": code} for code in PACKS]
    extension = {"phar_code": PHARMACIST, "stoout_no": "OUT-1", "drugtracinfo": traced}
    return counter.sale(*lines, expContent=json.dumps(extension))


def _settled(ground: Ground, n: int = 1) -> Json:
    output: Json = ground.counter.settle(_sale(ground), msgid=_number(ground, n))
    return output


def _cancelled(ground: Ground) -> None:
    answer = ground.counter.cancel(_settled(ground), msgid=_number(ground, 2))
    assert answer["infcode"] == 0


def _reversal(ground: Ground, n: int, oinfno: str, code: str = PHARMACY) -> bytes:
    said = {"psn_no": LI, "omsgid": _number(ground, n, code), "oinfno": oinfno}
    return _bytes_of(ground, "2601", {"data": said}, code=code)


def _settle(ground: Ground) -> bytes:
    return _bytes_of(ground, "2102", _sale(ground), _number(ground, 1))


def _cancel(ground: Ground) -> bytes:
    return _bytes_of(ground, "2103", {"data": named(_settled(ground))})


def _reverse(ground: Ground) -> bytes:
    _settled(ground)
    return _reversal(ground, 1, "2102")


def _reverse_what_never_came(ground: Ground) -> bytes:
    return _reversal(ground, 1, "2102")


def _take_cancelling_back(ground: Ground) -> bytes:
    _cancelled(ground)
    return _reversal(ground, 2, "2103")


# -- the hospital ------------------------------------------------------------------------------------------------------


def _charged(ground: Ground) -> tuple[Json, Json]:
    ward = ground.ward
    visit = ward.visit()
    line = ward.line(visit, PLAIN, "2", "250.00")
    ward.charge(line)
    codes = [{"feedetl_sn": line["feedetl_sn"], "drug_trac_codg": code, "trdn_flag": "0"} for code in PACKS]
    asked = ward.asked(visit, "500.00", acct_used_flag="1")
    return visit, {"data": asked, "drug_trac_info": [one | {"min_prcunt_type": "1"} for one in codes]}


def _treated(ground: Ground) -> Json:
    output: Json = ground.ward.done("2207", _charged(ground)[1], msgid=_number(ground, 1, HOSPITAL))
    return output["setlinfo"]  # type: ignore[no-any-return]


def _discharged(ground: Ground) -> Json:
    ward = ground.ward
    stay = ward.admit()
    ward.enter(ward.bed(stay, "50"))
    ward.done("2402", ward.discharge(stay))
    return ward.closing(stay, "5000.00", acct_used_flag="1")


def _stayed(ground: Ground) -> Json:
    output: Json = ground.ward.done("2304", _discharged(ground), msgid=_number(ground, 1, HOSPITAL))
    return output["setlinfo"]  # type: ignore[no-any-return]


def _settle_visit(ground: Ground) -> bytes:
    return _bytes_of(ground, "2207", _charged(ground)[1], code=HOSPITAL)


def _cancel_visit(ground: Ground) -> bytes:
    return _bytes_of(ground, "2208", {"data": named(_treated(ground))}, code=HOSPITAL)


def _reverse_visit(ground: Ground) -> bytes:
    _treated(ground)
    return _reversal(ground, 1, "2207", HOSPITAL)


def _settle_stay(ground: Ground) -> bytes:
    return _bytes_of(ground, "2304", _discharged(ground), code=HOSPITAL)


def _cancel_stay(ground: Ground) -> bytes:
    return _bytes_of(ground, "2305", {"data": named(_stayed(ground))}, code=HOSPITAL)


def _reverse_stay(ground: Ground) -> bytes:
    _stayed(ground)
    return _reversal(ground, 1, "2304", HOSPITAL)


_NOTHING: Final = Books()
_SOLD: Final = Books(
    # 600 in scope, 300 below the deductible; 65 % of the rest are the fund's, 60 and 50 the accounts'.
    settlements=("active",),
    own=Decimal(0),
    family=Decimal(50),
    year={"dedc:310-outpatient": Decimal(300), "paid:310-outpatient": Decimal(195)},
    packs=("sold", "sold"),
    prescribed=Decimal(3),
)
_TREATED: Final = replace(
    _SOLD, year={"dedc:310-outpatient": Decimal(300), "paid:310-outpatient": Decimal(110)}, prescribed=Decimal(5)
)
_STAYED: Final = replace(
    # 84 % of what 5,000 are above 800; no code travels with a stay.
    _TREATED,
    year={"dedc:310-inpatient": Decimal(800), "paid:310-pool": Decimal(3528), "stays": Decimal(1)},
    packs=_NOTHING.packs,
)
_CANCELLED: Final = Books(settlements=("cancelled", "cancelling"), packs=("returned", "returned"))
_STAY_CANCELLED: Final = replace(_CANCELLED, packs=_NOTHING.packs)
_REVERSED: Final = Books(settlements=("reversed",))

SETTLE: Final = Scene("2102", "a sale is settled", _settle, _NOTHING, _SOLD)
CANCEL: Final = Scene("2103", "a sale is cancelled", _cancel, _SOLD, _CANCELLED)
REVERSE: Final = Scene("2601 of 2102", "a settlement whose answer was lost is undone", _reverse, _SOLD, _REVERSED)
SCENES: Final = (
    SETTLE,
    CANCEL,
    REVERSE,
    Scene("2601 of nothing", "a settlement that never came is closed", _reverse_what_never_came, _NOTHING, _NOTHING),
    Scene(
        "2601 of 2103",
        "a cancellation whose answer was lost is taken back",
        _take_cancelling_back,
        _CANCELLED,
        replace(_SOLD, settlements=("active", "reversed")),
    ),
    Scene("2207", "an outpatient's batch is settled", _settle_visit, _NOTHING, _TREATED),
    Scene("2208", "an outpatient's settlement is cancelled", _cancel_visit, _TREATED, _CANCELLED),
    Scene("2601 of 2207", "an outpatient's settlement is undone", _reverse_visit, _TREATED, _REVERSED),
    Scene("2304", "a stay is settled", _settle_stay, _NOTHING, _STAYED),
    Scene("2305", "a stay's settlement is cancelled", _cancel_stay, _STAYED, _STAY_CANCELLED),
    Scene("2601 of 2304", "a stay's settlement is undone", _reverse_stay, _STAYED, _REVERSED),
)
