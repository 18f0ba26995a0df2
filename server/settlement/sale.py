"""A sale that is to be settled, and the key under which it is settled once.

The key is the institution's own number of the sale where there is one (`chrg_bchno`, `stoout_no`), else the person, the
time it began, and a digest of the lines and of the scanned codes. The serials of the lines (`feedetl_sn`) are no part
of it: a till that composes a lost message anew may number them anew, and it is still the same sale.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256

from codes.words import Words
from server.settlement.labels import changed
from server.store.institutions import Institution
from wire.fsi.values import BEIJING

_LISTS = frozenset({"drugdetail", "drugtracinfo"})
"""Contents that hold several things."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What the person showed."""

    kind: str
    """`mdtrt_cert_type`: 01 token of the electronic voucher, 02 identity card, 03 social security card."""
    number: str
    chip: str = ""
    """Chip id of a card of kind 03."""


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One fee line, as the institution states it."""

    serial: str
    """`feedetl_sn`, unique within the visit."""
    item: str
    """`med_list_codg`, the national code."""
    own_code: str
    """`medins_list_codg`, the institution's own code."""
    amount: Decimal
    count: Decimal
    price: Decimal
    at: datetime
    """When the fee arose."""
    doctor: str = ""
    """`bilg_dr_codg`; a pharmacy may have none."""
    prescription: str = ""
    """`rxno`."""
    is_from_outside: bool = False
    """`rx_circ_flag`: the prescription is another institution's."""
    days: Decimal | None = None
    """Days of supply."""
    sent: Mapping[str, object] = field(default_factory=dict, compare=False)
    """All that was sent of it, by the interface's names."""

    @property
    def day(self) -> date:
        """The day, in Beijing, on which the fee arose."""
        return self.at.astimezone(BEIJING).date()

    @property
    def told(self) -> str:
        """What was sold, for whom to read; equal lines are equal text."""
        return told_of(self.item, self.own_code, self.count, self.price, self.amount)


@dataclass(frozen=True, slots=True)
class SoldCode:
    """A trace code that came with the settlement."""

    code: str
    line: str = ""
    """`feedetl_sn`; empty if the message does not say which line."""
    is_split: bool = False
    """`trdn_flag`."""
    smallest_unit: str = ""
    """`min_prcunt_type`."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a message, in whose name."""

    institution: str
    district: str
    """Where the person is treated: the institution's by the register; of a visit, as it was when the visit began."""
    infno: str
    msgid: str
    operator: str
    operator_name: str
    at: datetime
    """The centre's time of the message."""
    place: Institution | None = field(default=None, repr=False, compare=False)
    """The institution as it stands on record, if this transaction has read it."""


@dataclass(frozen=True, slots=True)
class Sale:
    """What is to be settled, once."""

    by: Caller
    psn_no: str
    credential: Credential | None
    """None where the visit was opened with one that was checked then."""
    insutype: str
    insured_district: str
    """`insuplc_admdvs`; empty if the message names none."""
    med_type: str
    begins: datetime
    lines: tuple[SaleLine, ...]
    total: Decimal
    """`medfee_sumamt`."""
    uses_account: bool
    sale_number: str = ""
    """`chrg_bchno` or `stoout_no`; empty if there is none."""
    codes: tuple[SoldCode, ...] = ()
    """Trace codes that came with it."""
    pharmacist: str = ""
    """Code or licence of who reviewed the prescription; empty if nobody is named."""
    disease: str = ""
    disease_name: str = ""
    invoice: str = ""
    visit: str = ""
    """`mdtrt_id` of a visit that was opened before; empty: one is made."""
    ends: datetime | None = None
    """Discharge of a stay, or the last fee of an outpatient; its day decides rules and year. Else the begin does."""
    admitted: date | None = None
    """The first day, in Beijing, of a stay; None: it is no stay."""
    stay_number: int | None = None
    """Which stay of the year this is, by admissions that were not cancelled; None: it is no stay."""

    @property
    def day(self) -> date:
        """The day, in Beijing, whose rules and whose year apply."""
        return (self.ends or self.begins).astimezone(BEIJING).date()


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a sale differs from the standing settlement of the same key."""

    name: str
    """Name of the field in the interface."""
    standing: tuple[str, ...]
    """None if the field was empty; several of a list."""
    now: tuple[str, ...]

    @property
    def words(self) -> Words:
        """Both values, for a person."""
        return changed(self.name, self.standing, self.now)


def key_of(sale: Sale) -> str:
    """Return the key of a sale; two messages with equal keys are about the same sale."""
    if sale.sale_number:
        return json.dumps(["number", sale.by.institution, sale.sale_number], ensure_ascii=False)
    begins = sale.begins.astimezone(UTC).isoformat(timespec="seconds")
    cart = _digest(_cart(sale.lines), _scanned(sale.codes))
    return json.dumps(["cart", sale.by.institution, sale.psn_no, begins, cart], ensure_ascii=False)


def contents_of(sale: Sale) -> Mapping[str, str]:
    """Return what a repeated message about the sale must agree in, as text by field name.

    Of the time only the day is in it: with a sale number a till may state another time, while a number that comes
    again on another day is one of a till that counts anew. The credential is not, since a voucher's token is another
    one each time it is shown. Lines are those that were sent, not what the lists make of them.
    """
    return {
        "begntime": sale.day.isoformat(),
        "psn_no": sale.psn_no,
        "insutype": sale.insutype,
        "med_type": sale.med_type,
        "medfee_sumamt": plain(sale.total),
        "acct_used_flag": "1" if sale.uses_account else "0",
        "dise_codg": sale.disease,
        "drugdetail": json.dumps(_cart(sale.lines), ensure_ascii=False),
        "drugtracinfo": json.dumps(_scanned(sale.codes), ensure_ascii=False),
    }


def differences(standing: Mapping[str, str], sale: Sale) -> tuple[Difference, ...]:
    """Return in what `sale` differs from the contents of the settlement that stands; of lines and codes only which."""
    now = contents_of(sale)
    names = [name for name in now if standing.get(name, "") != now[name]]
    return tuple(_difference(name, standing.get(name, ""), now[name]) for name in names)


def _difference(name: str, standing: str, now: str) -> Difference:
    if name not in _LISTS:
        return Difference(name, *((one,) if one else () for one in (standing, now)))
    before, after = Counter(json.loads(standing or "[]")), Counter(json.loads(now))
    return Difference(name, tuple(sorted((before - after).elements())), tuple(sorted((after - before).elements())))


def told_of(item: str, own_code: str, count: Decimal, price: Decimal, amount: Decimal) -> str:
    """Return a line as text, for whom to read; equal lines are equal text."""
    return f"{item} ({own_code}) {plain(count)}×{plain(price)}={plain(amount)}"


def plain(number: Decimal) -> str:
    """Return a number without exponent and without closing zeros, so that equal numbers are equal text.

    >>> plain(Decimal("12.50")), plain(Decimal("1E+2"))
    ('12.5', '100')
    """
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def trimmed(number: Decimal) -> Decimal:
    """Return a number without closing zeros: a quantity reads the same before and after it was kept.

    >>> trimmed(Decimal("2.0000")), trimmed(Decimal("100"))
    (Decimal('2'), Decimal('100'))
    """
    return Decimal(plain(number))


def _cart(lines: tuple[SaleLine, ...]) -> list[str]:
    """Return the lines as text, whatever their order and serials."""
    return sorted(line.told for line in lines)


def _scanned(codes: tuple[SoldCode, ...]) -> list[str]:
    return sorted(one.code for one in codes)


def _digest(*parts: object) -> str:
    return sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
