"""What a settlement says about packs whose codes travel with it, told to the ledger and taken back with the settlement.

It stands in front of whatever else entitles to a sale, because it is asked at the same moments: before anything is
reckoned, when the settlement is made, when it is undone, when it stands again. A pack that another settlement came with
first is not paid twice: that is refused before any money moves. A pack that was sold elsewhere to somebody who paid
himself is settled; the sender is told, and the ledger names the contradiction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from typing import ClassVar

from codes.words import Words
from rules.pack_life import SIZE_UNKNOWN, Act
from rules.pack_meant import NoPack, Pack, pack_meant, refusal_of_carton
from server.settlement.entitlement import Entitled, Entitlements
from server.settlement.errors import SettlementError
from server.settlement.pricing import Priced
from server.settlement.sale import Sale, SoldCode, key_of
from server.store import settlements
from server.store.database import Connection
from server.store.institutions import Institution
from server.store.settlements import SettledCode, Settlement, SettlementState
from server.store.settlements_of_sale import find_settlements_of_sale
from server.trace import claims, telling
from server.trace.foreseeing import Meant, foresee
from server.trace.known_packs import UNKNOWN, known_packs
from server.trace.records import record_of_cancelling, record_of_settlement
from server.trace.telling import Told

_Code = SettledCode | SoldCode


class PackRefusedError(SettlementError):
    """A trace code that came with the sale names no pack, or one that is paid already."""

    code: ClassVar[str] = "settlement.trace_code"
    next_step: ClassVar[Words] = Words(
        "请核对实物，重新扫描小盒上的追溯码后再结算。",
        "Check the pack, scan the code on the small box again and settle.",
    )


@dataclass(frozen=True, slots=True)
class PackLedger:
    """Entitlements that also see to the packs of a sale."""

    others: Entitlements
    """What else is asked."""

    def look(self, connection: Connection, sale: Sale, institution: Institution, priced: Sequence[Priced]) -> Entitled:
        """Let packs pass that nobody was paid for.

        Raises:
            PackRefusedError: A code names no single small pack, or one that another settlement came with, or the codes
                do not fit the lines.
        """
        meant = _small_packs(connection, sale.codes)
        _refuse_miscounted(sale, meant)
        split = frozenset(found.key for one, found in zip(sale.codes, meant, strict=True) if one.is_split)
        foreseen = foresee(connection, {found.key for found in meant}, Meant(institution.code, sale.sale_number, split))
        paid = claims.claims_before(connection, foreseen, "", split=split) if foreseen else {}
        remarks: list[Words] = []
        for one, found in zip(sale.codes, meant, strict=True):
            if found.key in paid:
                raise PackRefusedError(_words(one.code, _paid(paid[found.key], institution.code)))
            why = foreseen.get(found.key)
            remarks += [] if why is None else [_words(one.code, _contradicted(why))]
        entitled = self.others.look(connection, sale, institution, priced)
        return replace(entitled, remarks=(*entitled.remarks, *remarks)) if remarks else entitled

    def use(self, connection: Connection, sale: Sale, setl_id: str) -> None:
        """Tell what was sold.

        Raises:
            PackRefusedError: Another settlement came with one of the packs in between.
        """
        self.others.use(connection, sale, setl_id)
        if not sale.codes:
            return
        known = _tell(connection, sale, setl_id)
        # The packs are locked now: whoever was paid for one in between is seen.
        _refuse_paid(connection, setl_id, sale.by.institution, sale.codes, known)
        for cancelled in _cancelled_before(connection, sale.psn_no, sale.sale_number, key_of(sale)) if known else ():
            # Its number was settled before and cancelled, and these packs are sold still: they did not come back.
            telling.take_back(connection, record_of_cancelling(cancelled.setl_id), sorted(known), sale.by.at)

    def give_back(self, connection: Connection, setl_id: str) -> None:
        """Tell that what a cancelled settlement sold came back; what a reversed one said was never said."""
        self.others.give_back(connection, setl_id)
        packs = _packs(settlements.load_codes(connection, setl_id))
        if not packs:
            return
        record = _settlement(connection, setl_id)
        if record.state is SettlementState.REVERSED:
            telling.take_back(connection, record_of_settlement(setl_id), packs, record.settled_at)
            for before in _cancelled_before(connection, record.psn_no, record.sale_number, record.sale_key):
                _tell_return(connection, before, set(packs))
            return
        _tell_return(connection, record, set(packs))

    def use_again(self, connection: Connection, setl_id: str) -> None:
        """Tell that nothing came back after all.

        Raises:
            PackRefusedError: Another settlement came with one of the packs meanwhile.
        """
        self.others.use_again(connection, setl_id)
        codes = settlements.load_codes(connection, setl_id)
        if not codes:
            return
        record = _settlement(connection, setl_id)
        telling.take_back(connection, record_of_cancelling(setl_id), _packs(codes), record.settled_at)
        _refuse_paid(connection, record.setl_id, record.institution, codes, _packs(codes))


def _cancelled_before(connection: Connection, psn_no: str, number: str, key: str) -> Sequence[Settlement]:
    """Return the settlements of a sale that were cancelled; one without a number is known by its packs alone."""
    made = find_settlements_of_sale(connection, psn_no, key) if number else ()
    return [one for one in made if one.state is SettlementState.CANCELLED]


def _tell_return(connection: Connection, record: Settlement, packs: Collection[str]) -> None:
    """Tell that packs of a cancelled settlement came back."""
    negative = settlements.find_cancelling(connection, record.setl_id)
    at = record.settled_at if negative is None else negative.settled_at
    came = tuple(key for key in _packs(settlements.load_codes(connection, record.setl_id)) if key in packs)
    numbers = _numbers(record.sale_number, record.setl_id)
    told = Told(Act.RETURNED, record.institution, numbers, came, record_of_cancelling(record.setl_id), at)
    telling.tell(connection, [told], at)


def _small_packs(connection: Connection, codes: Sequence[SoldCode]) -> list[Pack]:
    """Return the pack that each code means."""
    meant = [_pack(one.code) for one in codes]
    library = known_packs(connection, meant)
    for found in meant:
        refused = refusal_of_carton(found, library.get(found.key, UNKNOWN).level)
        if refused is not None:
            raise PackRefusedError(_words(refused.said, refused.words))
    return meant


def _pack(code: str) -> Pack:
    found = pack_meant(code)
    if isinstance(found, NoPack):
        raise PackRefusedError(_words(found.said, found.words))
    return found


def _refuse_miscounted(sale: Sale, meant: Sequence[Pack]) -> None:
    """Let each whole pack be there once, on a line of the sale, and no more packs than were sold."""
    # Part of a pack is one pack, if nobody says that it was opened.
    sold = {line.serial: line.count.to_integral_value(ROUND_CEILING) for line in sale.lines}
    sold[""] = sum((count for count in sold.values() if count > 0), Decimal(0))
    whole: Counter[str] = Counter()
    is_split: dict[str, bool] = {}
    for one, found in zip(sale.codes, meant, strict=True):
        if one.line not in sold:
            why = Words(f"本次结算没有明细 {one.line}", f"there is no line {one.line}")
            raise PackRefusedError(_words(one.code, why))
        if not (one.is_split and is_split.get(found.key, True)) and found.key in is_split:
            raise PackRefusedError(_words(one.code, Words("重复填写", "it is named twice")))
        is_split[found.key] = one.is_split
        whole[one.line] += not one.is_split
        if whole[one.line] > sold[one.line] or whole.total() > sold[""]:
            raise PackRefusedError(_words(one.code, Words("整盒的码多于数量", "more whole packs than were sold")))


def _refuse_paid(
    connection: Connection, setl_id: str, institution: str, codes: Sequence[_Code], asked: Collection[str]
) -> None:
    """Let a settlement pass whose packs nobody else was paid for; only the packs in `asked` can have been paid."""
    standing = claims.claims(connection, asked, besides=setl_id) if asked else {}
    for one in codes if standing else ():
        found = pack_meant(one.code)
        others = standing.get(found.key, ()) if isinstance(found, Pack) else ()
        claim = next((claim for claim in others if not (claim.is_split and one.is_split)), None)
        if claim is not None:
            raise PackRefusedError(_words(one.code, _paid(claim, institution)))


def _tell(connection: Connection, sale: Sale, setl_id: str) -> Collection[str]:
    """Tell the ledger what was sold; return the packs that it had heard of before, or hears of by the 3505 only."""
    whole = Told(
        act=Act.DISPENSED,
        institution=sale.by.institution,
        documents=_numbers(sale.sale_number, setl_id),
        codes=_packs([one for one in sale.codes if not one.is_split]),
        record=record_of_settlement(setl_id),
        at=sale.by.at,
    )
    units = _units(sale)
    parts = [
        replace(whole, act=Act.SPLIT_DISPENSED, codes=(key,), units=count, units_per_pack=SIZE_UNKNOWN)
        for key, count in units.items()
    ]
    untold = set(_packs([one for one in sale.codes if one.is_split])) - units.keys()
    return untold.union(telling.tell(connection, [whole, *parts], sale.by.at))


def _units(sale: Sale) -> dict[str, int]:
    """Return, by opened pack, how many units were settled; without those of which only the 3505 will tell."""
    counts = {line.serial: line.count for line in sale.lines}
    split = [one for one in sale.codes if one.is_split]
    packs_of_line = Counter(one.line for one in split)
    units: dict[str, Decimal] = {}
    untold: set[str] = set()
    for one in split:
        count = counts.get(one.line)
        for key in _packs([one]):
            # Of several packs on one line it is not told how many units each gave.
            if count is None or packs_of_line[one.line] > 1 or count != count.to_integral_value():
                untold.add(key)
            else:
                units[key] = units.get(key, Decimal(0)) + count
    return {key: int(count) for key, count in units.items() if key not in untold}


def _numbers(sale_number: str, setl_id: str) -> tuple[str, ...]:
    """Return every number by which the sale is known: the institution's own, and the settlement's."""
    return tuple(name for name in (sale_number, setl_id) if name)


def _packs(codes: Sequence[_Code]) -> tuple[str, ...]:
    meant = (pack_meant(one.code) for one in codes)
    return tuple(dict.fromkeys(found.key for found in meant if isinstance(found, Pack)))


def _settlement(connection: Connection, setl_id: str) -> Settlement:
    found = settlements.load_settlement(connection, setl_id)
    assert found is not None  # noqa: S101 - asked for by whoever has just made or changed it
    return found


def _paid(claim: claims.Claim, institution: str) -> Words:
    # Whose settlement it was is told to nobody but itself.
    if claim.institution == institution:
        return Words(f"已随本机构结算 {claim.setl_id} 支付", f"it was paid with {claim.setl_id}")
    return Words("已随另一机构的结算支付", "it was paid with a settlement of another institution")


def _contradicted(why: Words) -> Words:
    return Words(
        f"{why.zh}；结算后台账将标为冲突，请核对实物", f"{why.en}; it will stand as a conflict: check the pack"
    )


def _words(code: str, why: Words) -> Words:
    shown = f" {code}" if code else ""
    return Words(f"drug_trac_codg（药品追溯码）{shown}：{why.zh}", f"drug_trac_codg{shown}: {why.en}")
