"""What is planned where something takes several messages: sealed, because it names a person."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from edge.store.settlements import Paid
from edge.till.asked import AskedSettlement


class Step(StrEnum):
    """Where an undertaking is."""

    CANCEL = "cancel"
    """2103 of the settlement that stands."""
    SETTLE = "settle"
    """2102 of what stays, or of what was paid in cash."""
    CHOICE = "choice"
    """What should be settled was refused: a person says how to go on."""
    RESTORE = "restore"
    """2601 of the 2103: the settlement stands again."""
    ENDED = "ended"


class Choice(StrEnum):
    """How to go on where a settlement was refused."""

    AGAIN = "again"
    """Settle it once more, with the credential that was presented now, or with the one of before."""
    SELF_PAY = "self_pay"
    """What stays is paid by the person; only where the sale was made."""
    ALL_BACK = "all_back"
    """What stays comes back as well: of a sale of another terminal it is released, scanned and sold here anew."""
    RESTORE = "restore"
    """Nothing comes back: the cancellation is taken back."""
    ELSEWHERE = "elsewhere"
    """Somebody else has settled what stays: the packs come back, and all that was paid here is given back."""


class Ending(StrEnum):
    """How an undertaking ended."""

    DONE = "done"
    SELF_PAID = "self_paid"
    """Packs came back, and what stays is paid by the person."""
    RESTORED = "restored"
    """Nothing came back; the settlement stands as it stood."""
    REFUSED = "refused"
    """The centre refused the first message: nothing was done."""
    NOT_SENT = "not_sent"
    """The first message never left: nothing was done."""
    OVERTAKEN = "overtaken"
    """Another terminal, or the POS, was there before: nothing was done here, and nothing is paid here."""
    ELSEWHERE = "elsewhere"
    """Packs came back, and what stays was settled by somebody else."""


class Money(msgspec.Struct, frozen=True):
    """What a settlement comes to, in yuan."""

    fee: Decimal = Decimal("0.00")
    funds: Decimal = Decimal("0.00")
    account: Decimal = Decimal("0.00")
    mutual_aid: Decimal = Decimal("0.00")
    cash: Decimal = Decimal("0.00")


class Plan(msgspec.Struct, frozen=True):
    """What an undertaking does, and what it has come to."""

    codes: tuple[str, ...] = ()
    """Packs that come back."""
    reason: str = ""
    nth: int | None = None
    """Which settlement of the sale is cancelled; None: none."""
    setl_id: str = ""
    mdtrt_id: str = ""
    person: str = ""
    """`psn_no`."""
    district: str = ""
    """`insuplc_admdvs`."""
    rest: AskedSettlement | None = None
    """What is settled; None if nothing stays."""
    before: Money = Money()
    after: Money | None = None
    """None until it is known."""
    cancelled_by: str = ""
    """The 2103 that was agreed to: a 2601 names it."""
    made_by: str = ""
    """The message that settled what is cancelled, as the centre tells it."""
    undone_nth: int | None = None
    """Which settlement of the sale was cancelled here before, and is cancelled again."""
    stranger: str = ""
    """`setl_id` of a settlement of the sale that another terminal or the POS has made meanwhile."""
    is_of_another: bool = False
    """Another terminal made the sale: what the person paid here for what stays would be in no book of that sale."""
    has_left: bool = True
    """The patient had taken the packs along, so they lie apart now."""

    def __repr__(self) -> str:
        return "Plan(…)"


def choices_of(plan: Plan) -> tuple[Choice, ...]:
    """Return how one may go on where a settlement was refused, or was found to be somebody else's."""
    if plan.stranger:
        return Choice.ELSEWHERE, Choice.AGAIN, Choice.RESTORE
    if not plan.is_of_another:
        return Choice.AGAIN, Choice.SELF_PAY, Choice.RESTORE
    # Units of opened packs do not come back.
    is_whole = plan.rest is not None and not any(line.is_split for line in plan.rest.lines)
    return (Choice.AGAIN, Choice.ALL_BACK, Choice.RESTORE) if is_whole else (Choice.AGAIN, Choice.RESTORE)


def with_all_back(plan: Plan) -> Plan:
    """Return a plan by which what should stay comes back as well."""
    stays = () if plan.rest is None else (code for line in plan.rest.lines for code in line.codes)
    return msgspec.structs.replace(plan, codes=tuple(dict.fromkeys((*plan.codes, *stays))), rest=None)


def money_of(paid: Paid, fee: Decimal) -> Money:
    """Return what a settlement came to."""
    return Money(fee, paid.funds, paid.account, paid.mutual_aid, paid.cash)
