"""The counter of a pharmacy at an office: people who are insured, goods that are listed, and sales of them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from server.people.insured import Identity, sealed
from server.store import insurance_catalogue, insured, medical_accounts, settlements
from server.store.database import Store, open_store
from server.store.insurance_catalogue import Item, PaysFirst, PriceLimit
from server.store.insured import Binding, Credential, Fact, FactKind, Insurance
from server.store.medical_accounts import Movement, Reason
from tests.server.fsi.office import NOON, Office
from wire.fsi.values import BEIJING

LI, WANG, ZHAO = "PSN0001", "PSN0002", "PSN0003"
"""Li is employed and Wang his wife, whose account may pay for him; Zhao is a resident."""
CARD = {LI: "350203198001010011", WANG: "350203198202020022", ZHAO: "350203196003030033"}
TOKEN_OF_LI = "ec-token-of-li"
DISTRICT = "350200"
ALWAYS = date(2020, 1, 1)
PLAIN, LIMITED, SHARED, NEGOTIATED = "XA01AA0001", "XB02BB0002", "XC03CC0003", "XD04DD0004"
"""Class 01; class 02 above a limit of 10; class 02 of which a tenth is paid first; a negotiated one."""


@dataclass
class Counter:
    """Sells at one office."""

    office: Office
    serials: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def sale(self, *lines: dict[str, object], psn_no: str = LI, **said: object) -> dict[str, object]:
        """Return the input of a 2101 or 2102 about lines."""
        total = sum((Decimal(str(one["det_item_fee_sumamt"])) for one in lines), Decimal(0))
        info: dict[str, object] = {
            "psn_no": psn_no,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": CARD.get(psn_no, CARD[LI]),
            "begntime": self.now,
            "medfee_sumamt": str(total),
            "insutype": "390" if psn_no == ZHAO else "310",
            "acct_used_flag": "1",
            "med_type": "41",
        }
        info |= said
        return {"druginfo": {name: one for name, one in info.items() if one is not None}, "drugdetail": list(lines)}

    def line(self, item: str = PLAIN, count: str = "1", price: str = "100.00", **said: object) -> dict[str, object]:
        """Return a line."""
        amount = (Decimal(count) * Decimal(price)).quantize(Decimal("0.01"))
        return {
            "feedetl_sn": f"L{next(self.serials)}",
            "rx_circ_flag": "0",
            "fee_ocur_time": self.now,
            "med_list_codg": item,
            "medins_list_codg": f"own-{item}",
            "det_item_fee_sumamt": str(amount),
            "cnt": count,
            "pric": price,
            **said,
        }

    @property
    def now(self) -> str:
        """The time, as the interface writes it."""
        return self.office.clock.now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")

    def settle(self, business: dict[str, object], **envelope: object) -> dict[str, object]:
        """Settle and return `setlinfo`."""
        answer = self.office.say("2102", business, **envelope)
        assert answer["infcode"] == 0, answer["err_msg"]
        return answer["output"]["setlinfo"]  # type: ignore[index,call-overload,no-any-return]

    def cancel(self, setlinfo: dict[str, object], **envelope: object) -> dict[str, object]:
        """Cancel and return the whole answer."""
        return self.office.say("2103", {"data": named(setlinfo)}, **envelope)

    def reverse(self, omsgid: str, oinfno: str = "2102", psn_no: str = LI, **envelope: object) -> dict[str, object]:
        """Reverse and return the whole answer."""
        return self.office.say("2601", {"data": {"psn_no": psn_no, "omsgid": omsgid, "oinfno": oinfno}}, **envelope)

    def balance(self, psn_no: str = LI) -> Decimal:
        """What is in somebody's account."""
        with self.office.store.reading() as connection:
            return medical_accounts.load_balance(connection, psn_no)

    def totals(self, psn_no: str = LI, year: int = 2026) -> dict[str, Decimal]:
        """What somebody's year has come to, without what is nought."""
        with self.office.store.reading() as connection:
            found = settlements.load_year_totals(connection, psn_no, year)
        return {key: amount for key, amount in found.items() if amount}


@contextmanager
def file_store(template: Path, folder: Path) -> Iterator[Store]:
    """Open a new store in a file: for what is the same on either database."""
    shutil.copy(template, folder / "centre.db")
    made = open_store(f"sqlite:///{folder}/centre.db", new_epoch=lambda: "epoch-1")
    yield made
    made.close()


def named(setlinfo: dict[str, object]) -> dict[str, object]:
    """Return how a settlement is called."""
    return {name: setlinfo[name] for name in ("setl_id", "mdtrt_id", "psn_no")}


def refused(answer: dict[str, object]) -> str:
    """Return the code of a refusal."""
    assert answer["infcode"] != 0, "it was not refused"
    return str(answer["err_msg"]).partition("]")[0].removeprefix("[")


def open_counter(store: Store, **office: object) -> Counter:
    """Furnish an office, insure people and list goods."""
    counter = Counter(Office(store, **office).furnish())  # type: ignore[arg-type]
    insure(counter.office)
    list_goods(store)
    return counter


def insure(office: Office) -> None:
    """Put three people on record."""
    people = [
        Identity(LI, "01", CARD[LI], "李一", "1", "01", date(1980, 1, 1)),
        Identity(WANG, "01", CARD[WANG], "王二", "2", "01", date(1982, 2, 2)),
        Identity(ZHAO, "01", CARD[ZHAO], "赵三", "2", "", date(1960, 3, 3)),
    ]
    with office.store.writing() as connection:
        insured.put_people(connection, [sealed(one, office.sealer, NOON) for one in people])
        token = office.sealer.digest("01", TOKEN_OF_LI)
        insured.put_credentials(connection, [Credential("01", token, LI, None, None, NOON - timedelta(days=9), None)])
        insured.put_insurances(
            connection,
            [
                Insurance(LI, "310", ALWAYS, None, "11", DISTRICT, False, "1", "示例公司"),
                Insurance(WANG, "310", ALWAYS, None, "11", DISTRICT, False, "1", ""),
                Insurance(ZHAO, "390", ALWAYS, None, "15", DISTRICT, False, "1", ""),
            ],
        )
        insured.put_bindings(connection, [Binding(LI, WANG, ALWAYS, None, 1, Decimal("50.00"))])
        for psn_no, held in ((LI, "60.00"), (WANG, "100.00")):
            put_in(connection, psn_no, held)


def put_in(connection: object, psn_no: str, held: str, at: datetime = NOON) -> None:
    """Put money into an account."""
    movement = Movement(psn_no, None, Decimal(held), psn_no, Reason.BALANCE, at.year, at)
    medical_accounts.move(connection, movement)  # type: ignore[arg-type]


def put_fact(office: Office, kind: FactKind, code: str, psn_no: str = LI, since: date = ALWAYS) -> None:
    """Let something hold of somebody."""
    with office.store.writing() as connection:
        insured.put_facts(connection, [Fact(psn_no, kind, code, since, None, {})])


def list_goods(store: Store) -> None:
    """Put four items into the lists."""
    with store.writing() as connection:
        insurance_catalogue.put_items(
            connection,
            [
                item(PLAIN, "01"),
                item(LIMITED, "02"),
                item(SHARED, "02"),
                item(NEGOTIATED, "02", is_negotiated=True),
            ],
        )
        insurance_catalogue.put_price_limits(connection, [limit(LIMITED, "10.000000")])
        insurance_catalogue.put_pays_first(connection, [first(SHARED, "0.1000")])


def item(code: str, charge_class: str, since: date = ALWAYS, *, is_negotiated: bool = False) -> Item:
    return Item(
        "1301", code, since, None, "101", f"药品{code}", charge_class, "09", is_negotiated, False, True, {}, 1, NOON
    )


def limit(code: str, price: str, *, level: str = "", district: str = "", since: date = ALWAYS) -> PriceLimit:
    return PriceLimit(code, level, district, since, None, Decimal(price), "101", True, NOON)


def first(code: str, share: str, *, psn_type: str = "", district: str = "", since: date = ALWAYS) -> PaysFirst:
    return PaysFirst(code, psn_type, district, since, None, Decimal(share), "101", True, NOON)


def money(setlinfo: dict[str, object], names: Sequence[str]) -> list[str]:
    """Return amounts as text."""
    return [f"{Decimal(str(setlinfo[name])):.2f}" for name in names]
