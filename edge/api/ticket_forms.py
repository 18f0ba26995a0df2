"""What requests about tickets may say."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from edge.api.forms import Form, Number, PackCode
from edge.credentials import Way
from edge.till.asked import Prescription
from edge.till.basket import Ordered
from edge.till.confirming import Proof
from edge.till.identifying import Typed
from edge.till.selling import PURCHASE, Wishes

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, max_length=30)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class TicketForm(Form):
    """Which sale is meant."""

    sale: Number = Field(description="Number of the sale: the open one")


class PersonForm(TicketForm):
    """How somebody shows whose insurance pays."""

    by: Way
    number: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=18, pattern=r"^([0-9]{17}[0-9Xx])?$")
    ] = Field("", description="With `id`: the number, typed; empty: the card is read")
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=50)] = ""

    @property
    def typed(self) -> Typed:
        """What was typed."""
        return Typed(self.number, self.name)


class LineForm(Form):
    """What a prescription, or who hands out, says of one line."""

    line: Annotated[int, Field(ge=1, le=1_000_000)]
    rxno: Word = ""
    doctor_code: Word = ""
    doctor: Annotated[str, StringConstraints(strip_whitespace=True, max_length=50)] = ""
    is_external: bool = Field(False, description="The prescription comes from elsewhere")
    dose: Text = ""
    frequency: Text = ""
    days: Annotated[Decimal, Field(ge=0, le=9_999, max_digits=6, decimal_places=2)] | None = None

    @property
    def ordered(self) -> Ordered:
        """The same, as the till takes it."""
        written = None
        if self.rxno or self.doctor_code or self.doctor:
            written = Prescription(self.rxno, self.doctor_code, self.doctor, self.is_external)
        return Ordered(written, self.dose, self.frequency, self.days)


class TrialForm(TicketForm):
    """Trying the open sale."""

    insutype: Word = Field("", description="Insurance that pays; empty: the first that the person has")
    med_type: Word = PURCHASE
    uses_account: bool = True
    pharmacist: Word = Field("", description="Code of who reviewed the prescription")
    dise_codg: Word = ""
    dise_name: Text = ""
    lines: Annotated[tuple[LineForm, ...], Field(max_length=1_000)] = ()

    @property
    def wishes(self) -> Wishes:
        """The same, as the till takes it."""
        orders = {one.line: one.ordered for one in self.lines}
        return Wishes(
            self.insutype, self.med_type, self.uses_account, self.pharmacist, self.dise_codg, self.dise_name, orders
        )


class FactorForm(Form):
    """A second factor (T-38)."""

    by: Literal["face", "card", "operator"]
    operator: Annotated[str, StringConstraints(max_length=64)] = ""
    password: Annotated[str, StringConstraints(max_length=200)] = Field("", repr=False)

    @property
    def proof(self) -> Proof:
        """The same, as the till takes it."""
        return Proof(None if self.by == "operator" else Way(self.by), self.operator, self.password)


class ConfirmForm(TicketForm, FactorForm):
    """The second factor of the open sale."""


class HoldForm(TicketForm):
    """Putting the open sale aside."""

    note: Note = ""


class SplitForm(Form):
    """Selling a pack on the open list in part."""

    code: PackCode
    units: Annotated[int, Field(ge=1, le=1_000_000, description="Smallest units that are sold of it")]


class TakeUpForm(Form):
    """Laying a sale that was put aside on the counter."""

    holds_open: bool = Field(False, description="Put the open sale aside, if there is one")
