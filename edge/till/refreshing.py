"""A settled sale as it stands at the centre, before anything follows from what is known of it here.

Another terminal may have taken packs of it back, a POS may have cancelled it: then what is known here is brought up to
that first, so that nothing is paid back twice. Asked of own sales as of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from sqlalchemy import Connection

from codes.words import Words
from edge.counter.errors import PackReturnedBeforeError
from edge.counter.returning import refuse_rung_up
from edge.store import sales, settlements
from edge.store import undertakings as kept
from edge.store.settlements import SettlementRow
from edge.till.after_errors import NotSettledError, ReturnLostError, UnderWayError
from edge.till.finding import CANCELLED_THERE, Finding, GoToOriginError, NotFoundError
from edge.till.ledger import Ledger
from edge.till.steps import Parts
from edge.till.there import CancelledElsewhereError, UnknownThereError, look_there
from rules.settling import Standing


class Refreshing:
    """Brings sales up to date. Its methods belong to a thread that may wait."""

    def __init__(self, parts: Parts, ledger: Ledger, finding: Finding) -> None:
        self._parts, self._ledger, self._finding = parts, ledger, finding

    def refresh(self, sale: str, codes: Iterable[str], operator: str, shift: str | None) -> str:
        """Bring what is known of a sale up to date; return the message that made what stands (`medins_setl_id`).

        Args:
            sale: The sale.
            codes: Packs of it that are asked about first.
            operator: In whose name.
            shift: Of that person.

        Raises:
            RungUpElsewhereError: The institution's own software rang it up.
            NotSettledError: It was never settled, or all of it came back here.
            UnderWayError: Something of it is under way here.
            PackReturnedBeforeError: All of it came back elsewhere.
            ReturnLostError: Packs came back that are out by what stands: the centre has lost that.
            CancelledElsewhereError: It was cancelled elsewhere, and what stays is not known.
            UnknownThereError, NotToldError: The centre does not know it, or does not tell.
            OfflineError: The centre cannot be asked.
        """
        commits = self._parts.journal.commits
        commits(lambda tx: refuse_rung_up(tx, sale))
        row = commits(lambda tx: last_settled(tx, sale))
        if row.standing is Standing.SETTLED:
            try:
                there = look_there(self._parts, operator, sale, self._named(row))
            except UnknownThereError:
                # It went back to a backup, and another terminal may have told what stays by now.
                made_by = self._told_anew(row, codes, operator, shift)
                if made_by is None:
                    raise
                return made_by
            if there.stands:
                return row.ask_msgid or there.made_by
            told = str(CANCELLED_THERE)
            commits(lambda tx: self._overtaken(tx, row, told))
        return self._look_up(row, codes, operator, shift)

    def _named(self, row: SettlementRow) -> dict[str, str]:
        assert row.paid is not None  # noqa: S101 - what stands was settled
        person = self._ledger.asked_of(row).person.number
        return {"psn_no": person, "setl_id": row.paid.setl_id, "mdtrt_id": row.paid.mdtrt_id}

    def _overtaken(self, tx: Connection, row: SettlementRow, told: str) -> None:
        now = last_settled(tx, row.sale)
        if now.standing is Standing.SETTLED and now.nth == row.nth:
            settlements.set_overtaken(tx, row.sale, row.nth, told)

    def _look_up(self, row: SettlementRow, codes: Iterable[str], operator: str, shift: str | None) -> str:
        """Find what stands of a sale by its packs: those that came back elsewhere do not lead there."""
        old, back = self._ledger.asked_of(row), set[str]()
        named = [code for line in old.lines for code in line.codes]
        for code in _first(codes, named):
            try:
                found = self._finding.look_up(code, operator, old=old)
            except (CancelledElsewhereError, UnknownThereError):
                continue
            except NotFoundError as exc:
                back |= {code} if exc.came_back else set()
                continue
            except GoToOriginError as exc:
                back |= {code} if exc.sale != row.sale else set()
                continue
            if found.sale == row.sale:
                self._parts.journal.commits(partial(self._finding.keep, found=found, operator=operator, shift=shift))
                return found.made_by
            back.add(code)
        if named and back.issuperset(named):
            self._parts.journal.commits(lambda tx: _take_note(tx, row.sale, named))
            raise _all_back(row.sale, codes)
        if row.standing is Standing.UNDONE and not row.is_overtaken:
            # It was cancelled here, and nothing stayed.
            raise NotSettledError(row.sale)
        raise CancelledElsewhereError(row.sale)

    def _told_anew(self, row: SettlementRow, codes: Iterable[str], operator: str, shift: str | None) -> str | None:
        """Return the message that settled what stays, where another terminal has told it anew; else None.

        What is found may be an older settlement, from before packs came back: then the centre has lost that as well.
        """
        old = self._ledger.asked_of(row)
        named = [code for line in old.lines for code in line.codes]
        for code in _first(codes, named):
            try:
                found = self._finding.look_up(code, operator, old=old)
            except (NotFoundError, GoToOriginError, CancelledElsewhereError, UnknownThereError):
                continue
            if found.sale != row.sale:
                continue
            try:
                self._parts.journal.commits(partial(self._finding.keep, found=found, operator=operator, shift=shift))
            except ReturnLostError:
                return None
            return found.made_by
        return None


def _first(codes: Iterable[str], named: Sequence[str]) -> Sequence[str]:
    """Return the packs that are named, those first that are asked about."""
    return list(dict.fromkeys((*(one for one in codes if one in named), *named)))


def _take_note(tx: Connection, sale: str, codes: Iterable[str]) -> None:
    for code in codes:
        sales.return_pack(tx, sale, code)


def _all_back(sale: str, codes: Iterable[str]) -> PackReturnedBeforeError:
    zh, en = "、".join(codes), ", ".join(codes)
    return PackReturnedBeforeError(
        Words(f"{zh or '全部药品'} 已退回过（销售 {sale}）", f"{en or 'all of it'} came back before, of sale {sale}")
    )


def last_settled(tx: Connection, sale: str) -> SettlementRow:
    """Return the settlement of a sale that stands, or that stood last.

    Raises:
        UnderWayError: Something of the sale has begun and not ended.
        NotSettledError: None ever stood, or the person pays for what stays of it.
    """
    if kept.open_undertaking_of(tx, sale) is not None:
        raise UnderWayError(sale)
    row = next((one for one in reversed(settlements.settlements_of(tx, sale)) if one.paid is not None), None)
    if row is None or row.standing not in {Standing.SETTLED, Standing.UNDONE} or _is_paid_by_person(tx, row):
        raise NotSettledError(sale)
    return row


def _is_paid_by_person(tx: Connection, row: SettlementRow) -> bool:
    since = kept.self_paid_since(tx, row.sale)
    return since is not None and row.standing is Standing.UNDONE and row.begun_at < since
