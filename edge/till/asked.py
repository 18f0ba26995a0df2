"""What was asked of a settlement, as it is kept: sealed, because it names a person."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

CREDENTIAL_VOUCHER, CREDENTIAL_ID_CARD, CREDENTIAL_SOCIAL_CARD = "01", "02", "03"
"""`mdtrt_cert_type`. Of a voucher the token is kept, never the code that was shown."""


class Insurance(msgspec.Struct, frozen=True):
    """One insurance of a person, as 1101 tells it."""

    kind: str
    """`insutype`: 310 employees, 390 residents, …"""
    district: str
    """`insuplc_admdvs`."""
    balance: Decimal
    """Personal account, yuan."""


class Person(msgspec.Struct, frozen=True):
    """Whose insurance pays."""

    number: str
    """`psn_no`."""
    name: str
    credential: str
    """`mdtrt_cert_type`."""
    credential_no: str
    """`mdtrt_cert_no`; of a voucher its token."""
    insurances: tuple[Insurance, ...]
    card_serial: str = ""
    """`card_sn`, of a social-security card."""
    certificate_kind: str = ""
    """`psn_cert_type`."""
    certificate_no: str = ""
    """`certno`."""

    def __repr__(self) -> str:
        return "Person(…)"


class Prescription(msgspec.Struct, frozen=True):
    """By what a prescription drug may be handed out."""

    number: str
    """`rxno`."""
    doctor_code: str = ""
    """`bilg_dr_codg`."""
    doctor: str = ""
    is_external: bool = False
    """`rx_circ_flag`: it comes from elsewhere."""


class AskedLine(msgspec.Struct, frozen=True):
    """One line of the settlement: a line of the list, or part of it."""

    serial: str
    """`feedetl_sn`: unique within the sale, and the same in each of its settlements."""
    line: int
    """Line of the list."""
    product: str
    """Of the catalogue."""
    national: str
    """`med_list_codg`."""
    name: str
    price: Decimal
    """Yuan: per pack; of a split pack per smallest unit."""
    count: Decimal
    """Packs; of a split pack smallest units."""
    amount: Decimal
    codes: tuple[str, ...]
    """Trace codes, one a pack."""
    is_split: bool = False
    is_prescription: bool = False
    prescription: Prescription | None = None
    dose: str = ""
    """`sin_dos_dscr`."""
    frequency: str = ""
    days: Decimal | None = None


class AskedSettlement(msgspec.Struct, frozen=True):
    """A settlement, whole: from it the message is made, and made again for the packs that stay."""

    person: Person
    insurance: Insurance
    """Which of them pays."""
    begun: datetime
    """`begntime`."""
    category: str
    """`med_type`."""
    uses_account: bool
    lines: tuple[AskedLine, ...]
    pharmacist: str = ""
    """`phar_code`, who reviewed the prescription."""
    disease: str = ""
    disease_name: str = ""
    vouched: str = ""
    """What confirmed a large amount (T-38): `face`, `card`, `operator …`."""

    @property
    def fee(self) -> Decimal:
        """The sum of the lines, yuan."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))
