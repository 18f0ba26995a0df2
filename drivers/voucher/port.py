"""The port every voucher terminal stands behind: read a code, verify a face, show the result.

None of the three is repeated by itself. Whoever asks may be cancelled at any time: the person walked away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from drivers.holder import Holder


class Use(StrEnum):
    """What a code is used for (businessType, 用码业务类型): each step of a visit has its own."""

    REGISTRATION = "01101"
    INPATIENT_FILE = "01102"
    ADMISSION = "01103"
    DEPOSIT = "01104"
    CONSULTATION = "01201"
    EXAMINATION_BOOKING = "01202"
    EXAMINATION = "01203"
    TREATMENT = "01204"
    SETTLEMENT = "01301"
    DRUG_PICK_UP = "01302"
    REPORT_PICK_UP = "01303"
    RECEIPT_PRINTING = "01304"
    RECORD_COPY = "01305"
    PHARMACY_PURCHASE = "02121"
    EXTERNAL_PRESCRIPTION = "02122"
    ONLINE_IDENTITY_CHECK = "03131"


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks for a credential, and what for."""

    use: Use
    operator: str
    """Number of the cashier."""
    operator_name: str
    office: str
    """Number of the department; a pharmacy has one as well."""
    office_name: str
    is_self_service: bool = False


class Kind(StrEnum):
    """What was done, for the terminal's words."""

    REGISTER = "register"
    SETTLE = "settle"


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One drug or service on the terminal's screen."""

    item: str
    name: str
    is_insured: bool
    price: Decimal
    count: Decimal
    amount: Decimal
    frequency: str = ""
    dose: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the person is shown when it is done. Amounts in yuan; None is not shown."""

    is_settled: bool
    kind: Kind
    settlement: str
    """Its number; empty if it failed."""
    at: datetime
    """Local to the place: terminals show it as it is."""
    institution_name: str
    doctor_name: str
    total: Decimal
    own: Decimal
    balance: Decimal
    insured: Decimal | None = None
    """Everything the insurance pays."""
    account: Decimal | None = None
    pool: Decimal | None = None
    large_sum: Decimal | None = None
    civil_servant: Decimal | None = None
    assistance: Decimal | None = None
    lines: tuple[ShownLine, ...] = field(default=())


class VoucherTerminal(Protocol):
    """One device that people hold their 医保码 or their face to."""

    @property
    def device(self) -> str:
        """The device as the configuration names it."""
        ...

    def look(self) -> None:
        """Look whether what the device needs is there, as far as that shows without using it.

        Raises:
            DriverError: It is not, or cannot be used here.
        """
        ...

    async def read_code(self, asking: Asking) -> Holder:
        """Wait for a person to show their code, and return whose it is.

        Raises:
            DriverError: The device cannot be used, or refuses; `VoucherRefusedError` if the person or the code does.
        """
        ...

    async def verify_face(self, asking: Asking) -> Holder:
        """Wait for a person to show their face, and return who it is, with the proof.

        Raises:
            DriverError: As for `read_code`.
        """
        ...

    async def show_result(self, asking: Asking, holder: Holder, shown: Shown) -> None:
        """Show the person what was settled.

        Raises:
            DriverError: The device cannot show it; what was settled stands all the same.
        """
        ...

    async def close(self) -> None:
        """Let the device go."""
        ...
