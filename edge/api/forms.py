"""What requests may say. Unknown fields are refused, so that a typing error is not a silent default."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from codes.reading import Flag, Scan
from edge.credentials import Way
from rules.scan_judgement import Mode
from rules.visit_flow import VisitStep
from wire.events import MAX_CODE_LENGTH

Number = Annotated[str, StringConstraints(min_length=1, max_length=64)]
PackCode = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CODE_LENGTH)]
MAX_SCAN_BYTES = 4096
POS = "api"
"""The device of scans that another program sent."""
POS_PREFIX = "pos:"
"""Before the name of a program that showed a token: the device of its scans."""


class Form(BaseModel):
    """A request body."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SignInForm(Form):
    """Who signs in."""

    operator: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=200)]


class SetAsideForm(Form):
    """Setting a refused record aside."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class CloseSaleForm(Form):
    """Closing the open sale."""

    sale: Number | None = Field(None, description="The sale that is meant; repeating it gives the same answer")
    paid_by: Literal["self_pay"] = "self_pay"


class CloseDeliveryForm(Form):
    """Closing the open delivery."""

    sale: Number | None = Field(None, description="The delivery that is meant; repeating it gives the same answer")


class CancelForm(Form):
    """Giving up the open list."""

    sale: Number | None = Field(None, description="The list that is meant; repeating it gives the same answer")


class PayingForm(Form):
    """A payment that begins, goes on, or is given up."""

    sale: Number = Field(description="The sale that is being paid: the open one")
    is_paying: bool


class DayEndForm(Form):
    """The end of a business day."""

    confirmed: bool = Field(False, description="End it although the outcome of some settlements is unknown")


class ReopenForm(Form):
    """A day that is opened again."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


Cash = Annotated[
    Decimal,
    Field(ge=0, max_digits=12, decimal_places=2, description="Yuan"),
    # Minus nothing is nothing: it must not be shown with a sign.
    AfterValidator(abs),
]


class CountForm(Form):
    """What was counted in the drawer."""

    cash_counted: Cash
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class HandOverForm(SignInForm):
    """Who takes the counter over, and what was counted."""

    cash_counted: Cash
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""


class StepForm(Form):
    """A step of a visit."""

    step: VisitStep = Field(description="businessType (用码业务类型)")
    by: Way = Field(description="What the person shows")
    item: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = Field(
        "", description="What for, where a step is done several times: number of the examination, the bill"
    )


class ModeForm(Form):
    """What the counter does."""

    mode: Mode


class ScanForm(Form):
    """A code that came by hand, by a keyboard scanner in the window, or from a POS. Either `raw` or `raw_hex`."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in ("raw", "raw_hex")]
        }
    )

    raw: Annotated[str, StringConstraints(min_length=1, max_length=MAX_SCAN_BYTES)] | None = None
    raw_hex: (
        Annotated[str, StringConstraints(min_length=2, max_length=2 * MAX_SCAN_BYTES, pattern=r"^([0-9a-fA-F]{2})+$")]
        | None
    ) = None
    symbology: Annotated[str, StringConstraints(pattern=r"^\][A-Za-z][0-9A-Za-z]$")] | None = Field(
        None, description="AIM symbology identifier, such as ]d2"
    )

    entry: Literal["typed", "wedge", "picked"] | None = Field(
        None,
        description="How a person entered it: typed by hand, by a keyboard scanner, or picked among the opened packs; "
        "leave out for a POS",
    )

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.raw is None) == (self.raw_hex is None):
            raise PydanticCustomError("exactly_one", "give exactly one", {"one": "raw", "other": "raw_hex"})
        return self

    @property
    def scan(self) -> Scan:
        """The code as a driver would hand it over."""
        raw = bytes.fromhex(self.raw_hex) if self.raw_hex is not None else (self.raw or "").encode()
        flags = (Flag.TYPED,) if self.entry == "typed" else ()
        return Scan(raw, self.symbology, self.entry or POS, flags)
