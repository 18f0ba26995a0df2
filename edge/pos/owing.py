"""Tells by a 3505 of our own what the POS has not told: codes of settlements that stand, line by line.

The POS comes first: only what it has left untold for a while is told here. What nobody here knows (the lot, the
pharmacist) is named with the code, which waits for it and is listed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import Protocol

import structlog
from sqlalchemy import Connection

from codes.errors import YimaError
from edge.clock import Clock
from edge.fsi.journal import Also, Purpose, Then, Told
from edge.fsi.outcome import Agreed, NotSent, Refused, Reversed
from edge.pos.stored import Commits, line_of
from edge.store.batches import batch_in_use
from edge.store.pos_codes import OwedRow, owed_codes, set_owed
from edge.store.pos_goods import find_drug
from edge.store.rung_up import units_out
from wire.fsi.areas import Area
from wire.fsi.asking import Nodes
from wire.fsi.tables import transaction
from wire.fsi.trace_codes import write_codes
from wire.fsi.values import BEIJING

KIND, INFNO = "pos_owed", "3505"
GRACE = timedelta(minutes=10)
"""How long the POS may take for its own."""
LOOK_S = 60.0
_INSURED, _OTHER_PAPER, _LOCAL, _NO_DOCTOR = "1", "99", "1", "无"
_REFUSED_ROW = "0"
_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Uploads(Protocol):
    """The interface, as far as it is needed (`edge.fsi.interface.Interface`)."""

    @property
    def area(self) -> Area:
        """How this place speaks."""
        ...

    def register(self, kind: str, then: Then) -> None:
        """Name who is told of outcomes."""
        ...

    async def ask(self, login: str, name: str, infno: str, nodes: Nodes, purpose: Purpose, *, also: Also) -> Told:
        """Send a message that changes something."""
        ...


@dataclass(frozen=True, slots=True)
class Signs:
    """Who stands for what is told."""

    login: str
    name: str
    pharmacist: str
    licence: str


class Owing:
    """Takes up what is owed."""

    def __init__(self, uploads: Uploads, commits: Commits, signs: Signs, clock: Clock) -> None:
        self._uploads = uploads
        self._commits = commits
        self._signs = signs
        self._clock = clock
        self._required = tuple(
            one.name for node in transaction(INFNO, uploads.area).input for one in node.fields if one.is_required
        )
        uploads.register(KIND, _note)

    async def run(self) -> None:
        """Take up what is owed, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> int:
        """Tell what is due and whole; return how many lines were sent."""
        due = self._clock.now() - GRACE
        rows = [one for one in await self._commits(owed_codes) if one.state == "waiting" and one.at <= due]
        sent = 0
        for _, group in groupby(rows, key=_message_of):
            sent += await self._told(list(group))
        return sent

    async def _told(self, rows: Sequence[OwedRow]) -> bool:
        first, codes = rows[0], [one.code for one in rows]
        setl_id = first.setl_id
        said = await self._commits(lambda tx: self._said(tx, first))
        lacks = " ".join(name for name in self._required if not said.get(name))
        if lacks:
            await self._commits(lambda tx: set_owed(tx, codes, "waiting", lacks, of=setl_id))
            return False
        nodes = {"selinfo": {**said, **write_codes(codes, self._uploads.area)}}
        purpose = Purpose(KIND, " ".join([setl_id, *codes]))
        try:
            await self._uploads.ask(
                self._signs.login, self._signs.name, INFNO, nodes, purpose,
                also=lambda tx, _: set_owed(tx, codes, "sent", of=setl_id),
            )  # fmt: skip
        except YimaError as exc:
            _logger.warning("pos.not_told", setl_id=setl_id, code=exc.code)
            why = exc.code
            await self._commits(lambda tx: set_owed(tx, codes, "waiting", why, of=setl_id))
            return False
        return True

    def _said(self, tx: Connection, row: OwedRow) -> Mapping[str, str]:
        line, drug, now = line_of(row), find_drug(tx, row.item), self._clock.now()
        units = units_out(tx, row.setl_id, row.code) or line.units
        batch = None if drug is None else batch_in_use(tx, drug.product, row.at)
        said = {
            "med_list_codg": row.item,
            "fixmedins_hilist_id": "" if drug is None else drug.product,
            "fixmedins_hilist_name": "" if drug is None else drug.name,
            "fixmedins_bchno": "" if batch is None else batch.batch,
            "manu_lotnum": "" if batch is None else batch.lot,
            "manu_date": "" if batch is None else batch.made_on.isoformat(),
            "expy_end": "" if batch is None or batch.expires_on is None else batch.expires_on.isoformat(),
            "prsc_dr_name": _NO_DOCTOR,
            "phar_name": self._signs.pharmacist,
            "phar_prac_cert_no": self._signs.licence,
            "setl_id": row.setl_id,
            "mdtrt_setl_type": _INSURED,
            "hi_feesetl_type": _LOCAL,
            "psn_cert_type": _OTHER_PAPER,
            "mdtrt_sn": row.setl_id[-30:],
            "rtal_docno": row.setl_id,
            "rx_flag": "0",
            "rx_circ_flag": "0",
            "trdn_flag": "1" if line.is_split or units is not None else "0",
            "sel_retn_cnt": str(line.count if units is None else units),
            "sel_retn_time": now.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S"),
            "sel_retn_opter_name": self._signs.name,
        }
        return {name: value for name, value in said.items() if value}


def _note(tx: Connection, told: Told) -> None:
    """Write down what became of a telling."""
    setl_id, *codes = told.purpose.key.split()
    match told.outcome:
        case Agreed(answer):
            result = None if answer.output is None else answer.output.one_or_none("result")
            is_taken = result is None or result.text_or("retRslt", "") != _REFUSED_ROW
            set_owed(tx, codes, "done" if is_taken else "refused", of=setl_id)
        case Refused(answer):
            set_owed(tx, codes, "refused", answer.code, of=setl_id)
        case NotSent() | Reversed():
            set_owed(tx, codes, "waiting", of=setl_id)
        case _:
            set_owed(tx, codes, "sent", of=setl_id)


def _message_of(row: OwedRow) -> tuple[str, ...]:
    """Return what rows of one message have in common; of packs that are sold in part each has its own count."""
    is_in_part = line_of(row).units is not None
    return (row.setl_id, row.serial, row.code) if is_in_part else (row.setl_id, row.serial)
