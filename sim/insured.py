"""Who is insured in the demo, what the pharmacy sells to them, and how the centre comes to know it.

The samples of the package are imported by the commands that an administrator types (docs/fsi.md).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import as_file, files
from pathlib import Path
from random import Random
from typing import Final

from sim.stage import run_yima
from sim.till import INSTITUTION, CartLine, Customer, Till

CUSTOMERS: Final = (
    Customer("9900000001", "990101198503150113"),
    Customer("9900000002", "990101198709220228"),
    Customer("9900000004", "990101199011300431"),
)
"""Of the seed's people: employed, insured where the pharmacy is."""
GOODS: Final = (
    ("XM01AEI008A001090199101", Decimal("16.80")),
    ("XN02BEJ009A001100199102", Decimal("8.90")),
    ("XA11GAN039A001400199103", Decimal("3.20")),
)
"""Of the seed's lists: sold without a prescription, one of them paid first in part."""
SALES: Final = 12
"""Of a morning."""
_CANCELLED_EACH: Final = 4
_LOOK_S: Final = 0.1
_SAMPLES: Final = (
    ("list", "import", "insurance_lists/1301.csv", "--kind", "1301", "--version", "20261101"),
    ("list", "import", "insurance_lists/1319.csv", "--kind", "1319", "--version", "20261101"),
    ("institution", "import", "institutions.csv"),
    ("insured", "import", "insured.csv"),
)


def set_up_settlement(config: Path) -> str:
    """Import the samples, make a token and let it speak for the pharmacy; return the token."""
    where = ["--config", str(config)]
    for noun, verb, sample, *more in _SAMPLES:
        with as_file(files("config").joinpath(f"seed/{sample}")) as file:
            run_yima(["server", noun, verb, str(file), *more, *where])
    made = json.loads(run_yima(["server", "token", "create", "till", "--user", "demo-admin", "--json", *where]))
    run_yima(["server", "institution", "bind", INSTITUTION, "--token", made["id"], *where])
    return str(made["token"])


@dataclass(slots=True)
class InsuredMorning:
    """A morning at the till: so many sales, some of them taken back, and the books compared."""

    till: Till
    random: Random
    name: str
    """Of the morning: sale numbers begin with it."""
    pause_s: float
    progress: Callable[[], float]
    """Of the whole morning, 0 to 1: sales are spread over it."""

    async def play(self) -> None:
        """Sell until the morning is over."""
        await self.till.sign_in()
        for position in range(SALES):
            await self._wait_until(position / SALES)
            booked = await self.till.sell(self.random.choice(CUSTOMERS), self._cart(), f"{self.name}-{position}")
            if booked is not None and position % _CANCELLED_EACH == _CANCELLED_EACH - 1:
                await self.till.cancel(booked)
            await asyncio.sleep(self.pause_s)
        await self.till.reconcile()

    async def _wait_until(self, share: float) -> None:
        while True:
            if self.progress() >= share:
                return
            await asyncio.sleep(_LOOK_S)

    def _cart(self) -> list[CartLine]:
        chosen = self.random.sample(GOODS, self.random.randint(1, len(GOODS)))
        return [CartLine(item, self.random.randint(1, 60), price) for item, price in chosen]
