"""What entitles somebody to a sale beyond being insured: a port, so that settling need not know what is behind it.

Behind it are dual-channel approvals, e-prescriptions, and the limits on prescription drugs. It looks before anything is
reckoned and refuses what may not be sold; what a settlement uses up is used in its own transaction, and given back with
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from codes.words import Words
from server.settlement.pricing import Priced
from server.settlement.sale import Sale
from server.store.database import Connection
from server.store.institutions import Institution


@dataclass(frozen=True, slots=True)
class Entitled:
    """What a sale may claim."""

    dual_channel: frozenset[str] = frozenset()
    """Serials of lines that are settled as if at the hospital (双通道)."""
    remarks: tuple[Words, ...] = ()
    """What the sender should know."""


class Entitlements(Protocol):
    """What settling asks."""

    def look(self, connection: Connection, sale: Sale, institution: Institution, priced: Sequence[Priced]) -> Entitled:
        """Return what a sale may claim.

        Raises:
            RejectedError: Something may not be sold like this; the error names what is missing.
        """
        ...

    def use(self, connection: Connection, sale: Sale, setl_id: str) -> None:
        """Use up what the sale claims.

        Raises:
            RejectedError: Somebody else has used it.
        """
        ...

    def give_back(self, connection: Connection, setl_id: str) -> None:
        """Make what a settlement used up usable again."""
        ...

    def use_again(self, connection: Connection, setl_id: str) -> None:
        """Use up again what was given back, since the settlement stands after all.

        Raises:
            RejectedError: Somebody else has used it meanwhile.
        """
        ...


class NothingClaimed:
    """Nothing is asked for and nothing is granted."""

    def look(self, connection: Connection, sale: Sale, institution: Institution, priced: Sequence[Priced]) -> Entitled:
        """Claim nothing."""
        del connection, sale, institution, priced
        return Entitled()

    def use(self, connection: Connection, sale: Sale, setl_id: str) -> None:
        """Use nothing."""

    def give_back(self, connection: Connection, setl_id: str) -> None:
        """Give nothing back."""

    def use_again(self, connection: Connection, setl_id: str) -> None:
        """Use nothing again."""
