"""What requests about what comes after a sale may say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from edge.api.forms import Form, Number, PackCode
from edge.api.ticket_forms import FactorForm, LineForm, Text, Word
from edge.credentials import Way
from edge.till.identifying import Typed
from edge.till.plans import Choice
from edge.till.selling import PURCHASE, Wishes

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_BATCH = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]
_PRODUCT = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class ShownForm(Form):
    """How somebody shows whose insurance pays, where that is asked for."""

    by: Way | None = Field(None, description="What the person shows now; absent: what was shown before is used again")
    number: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=18, pattern=r"^([0-9]{17}[0-9Xx])?$")
    ] = Field("", description="With `id`: the number, typed; empty: the card is read")
    name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=50)] = ""

    @property
    def typed(self) -> Typed:
        """What was typed."""
        return Typed(self.number, self.name)


class ReturnForm(ShownForm):
    """Packs of a closed sale that came back."""

    codes: Annotated[list[PackCode], Field(min_length=1, max_length=2_000)]
    reason: Reason


class PackForm(Form):
    """One pack."""

    code: PackCode
    sale: Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)] = Field(
        "", description="Which sale is meant, where two are out with the pack; empty: the newest"
    )


class InsureForm(ShownForm):
    """Turning a sale insured that was paid in cash."""

    by: Way = Field(description="What the person shows")
    insutype: Word = Field("", description="Insurance that pays; empty: the first that the person has")
    med_type: Word = PURCHASE
    uses_account: bool = True
    pharmacist: Word = Field("", description="Code of who reviewed the prescription")
    dise_codg: Word = ""
    dise_name: Text = ""
    lines: Annotated[tuple[LineForm, ...], Field(max_length=1_000)] = ()
    factor: FactorForm | None = Field(None, description="Where the trial says `needs_second_factor`")
    is_trial: bool = Field(False, description="Only say what it would come to; nothing is changed")

    @property
    def wishes(self) -> Wishes:
        """The same, as the till takes it."""
        orders = {one.line: one.ordered for one in self.lines}
        return Wishes(
            self.insutype, self.med_type, self.uses_account, self.pharmacist, self.dise_codg, self.dise_name, orders
        )


class GoOnForm(ShownForm):
    """Going on with an undertaking."""

    choice: Choice | None = Field(None, description="Where `choices` are listed: one of them")
    insutype: Word = Field("", description="With `again`: another insurance of the same person")


class ReasonForm(Form):
    """Why."""

    reason: Reason


class BatchListForm(Form):
    """A list of lots: CSV or tab-separated, with a line of names."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=200_000)]


class OpenBatchForm(Form):
    """From which lot a product is sold from now on."""

    product: _PRODUCT
    batch: _BATCH


class NameBatchForm(OpenBatchForm):
    """From which lot a line was taken."""

    sale: Number
    line: Annotated[int, Field(ge=1, le=1_000_000)]
