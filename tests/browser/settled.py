"""Some settlements and visits at a staged centre, for the pages that show them: two insurances, one cancelled."""

from __future__ import annotations

import json
from collections.abc import Mapping

from server.store import settlements
from tests.browser.centre import SOLD, ConsoleStage
from tests.browser.stepped import step_some
from tests.server.fsi.counter import LIMITED, PLAIN, SHARED, ZHAO, open_counter


def settle_some(stage: ConsoleStage) -> Mapping[str, str]:
    """Settle, and return the pages of what came of it by name."""
    counter = open_counter(stage.centre.store)
    packs = {"expContent": json.dumps({"drugtracinfo": [{"drug_trac_codg": SOLD}]})}
    lines = (
        counter.line(PLAIN, "1", "1000.00"),
        counter.line(SHARED, "2", "50.05"),
        counter.line(LIMITED, "3", "12.5"),
    )
    whole = counter.settle(counter.sale(*lines, counter.line("NOT-LISTED", "1", "9.90"), **packs))
    gone = counter.settle(counter.sale(counter.line(PLAIN, "1", "200.00"), med_type="14", dise_codg="M03900"))
    counter.settle(counter.sale(counter.line(PLAIN, "1", "50.00"), psn_no=ZHAO, acct_used_flag="0"))
    counter.office.clock.forward(days=30)
    counter.cancel(gone)
    with stage.centre.store.reading() as connection:
        negative = settlements.find_cancelling(connection, str(gone["setl_id"]))
    assert negative is not None
    named = {"settled": whole["setl_id"], "cancelled": gone["setl_id"], "cancellation": negative.setl_id}
    pages = {f"settlement {name}": f"/console/settlements/{setl_id}" for name, setl_id in named.items()}
    month = step_some(stage)
    return pages | {
        "ratios": "/console/settlements?first=2026-01&last=2026-12",
        "vouchers": f"/console/vouchers?first=2026-01&last={max(month, '2026-12')}",
    }
