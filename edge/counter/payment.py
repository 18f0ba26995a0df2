"""Which sale is being paid: what is scanned meanwhile belongs to the next one.

The desk or the POS declares it. It ends with the sale, when it is taken back, and by itself after two minutes, so that
a POS that died never keeps scans away from the list. It is not kept over a restart: the sale is open then, as it was,
and what was scanned for the next one waits in the store.
"""

from __future__ import annotations

from edge.clock import Clock

PAYMENT_S = 120.0
"""How long a payment may take before it has to be declared again."""


class Payment:
    """The payment at this counter, if there is one.

    Args:
        clock: Deadlines are on its monotonic side, so that a clock that is set changes nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sale: str | None = None
        self._until = 0.0

    def begin(self, sale: str) -> None:
        """Declare that a sale is being paid, or that it still is."""
        self._sale, self._until = sale, self._clock.monotonic_s() + PAYMENT_S

    def end(self, sale: str) -> None:
        """Declare that the payment of a sale is over; of another one, nothing changes."""
        if self._sale == sale:
            self._sale = None

    @property
    def sale(self) -> str | None:
        """The sale that is being paid now."""
        return self._sale if self._clock.monotonic_s() < self._until else None
