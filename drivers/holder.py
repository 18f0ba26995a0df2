"""Who a credential belongs to, as a voucher terminal or a card reader tells it, and masked wherever it is printed.

The fields are those of the national interface: `cert_type` and `cert_number` go into `mdtrt_cert_type` and
`mdtrt_cert_no` as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType


class CertType(StrEnum):
    """`mdtrt_cert_type`: what a person showed."""

    VOUCHER = "01"
    """电子凭证: the token that stands for a 医保码 which was decoded."""
    ID_CARD = "02"
    """身份证."""
    INSURANCE_CARD = "03"
    """社会保障卡."""


class Sex(StrEnum):
    """`gend` of the interface (GB/T 2261.1)."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSTATED = "9"


_SEXES: Mapping[str, Sex] = MappingProxyType(
    {"男": Sex.MALE, "女": Sex.FEMALE, **{sex.value: sex for sex in Sex}},
)


_SHOWN, _LONG = 4, 12
_DATE = re.compile(r"([0-9]{4})[-./年]?([0-9]{2})[-./月]?([0-9]{2})日?")


@dataclass(frozen=True, slots=True, repr=False)
class Holder:
    """A person, by one credential of theirs. Lives in memory for one visit, and is never printed."""

    cert_type: CertType
    cert_number: str
    """The voucher's token, the identity number, or the number on the card."""
    id_number: str
    id_kind: str
    """`psn_cert_type`: 01 is the resident identity card."""
    name: str
    district: str = ""
    """Where the person is insured, six digits; empty where the credential does not tell."""
    sex: Sex = Sex.UNKNOWN
    born: date | None = None
    card_serial: str = ""
    """`card_sn`: what identifies the chip of an insurance card."""
    proof: str = ""
    """The serial of the face authentication (`authNo`), where that is how the person was verified."""
    request: str = ""
    """The serial under which the terminal was asked (`outBizNo`), needed to show it the result."""

    def __repr__(self) -> str:
        return f"Holder({self.cert_type.name}, {self.shown_name})"

    @property
    def shown_name(self) -> str:
        """The name as a screen may show it: the first character, and a star for each other."""
        return self.name[:1] + "*" * (len(self.name) - 1)


def masked_number(number: str) -> str:
    """Return a number as a screen may show it: its end, so that two cards can be told apart, and only if it is long.

    >>> masked_number("350203197001011236"), masked_number("X0019")
    ('**************1236', '*****')
    """
    shown = _SHOWN if len(number) >= _LONG else 0
    return "*" * (len(number) - shown) + number[len(number) - shown :]


def sex_of(text: str) -> Sex:
    """Read 男 and 女, or the code."""
    return _SEXES.get(text.strip(), Sex.UNKNOWN)


def birth_date_of(text: str) -> date | None:
    """Read a date written with or without separators; None if it is none."""
    found = _DATE.fullmatch(text.strip())
    if found is None:
        return None
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        return None
