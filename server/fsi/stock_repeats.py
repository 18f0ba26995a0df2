"""A record that comes once more under another `msgid`: the same, kept once; or other contents, which are refused.

What tells records apart is their identity (`stock_rows`); everything else that a row says is its contents. Nothing is
corrected in passing: whoever sends other contents would believe that they are kept. Only the hour may be another one
on the same day, since a till that had no answer may state the time of its second try; then the first one stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from codes.words import Words
from server.fsi.desk import Desk
from server.fsi.stock_refusals import RecordDiffersError
from server.fsi.stock_rows import OWN, PERSONAL, Row, personal_place
from server.people.masking import masked_name, masked_number
from server.store import stock
from server.store.stock import StockRecord
from wire.fsi.tables import transaction
from wire.fsi.trace_codes import LIST, SETTLEMENT_NODE

_CODES: Final = frozenset({LIST, SETTLEMENT_NODE, "drug_trac_codg"})
"""Packs are compared by what the codes mean, not by how they are spelt."""
_DAY: Final = len("2026-01-31")


@dataclass(frozen=True, slots=True)
class _Difference:
    """A field that says something else."""

    name: str
    label: Words
    was: str
    now: str

    @property
    def words(self) -> Words:
        """Tell the field with both values; of what is personal no more than tells the sender which it is."""
        was, now = self._shown(self.was), self._shown(self.now)
        return Words(
            f"{self.name}（{self.label.zh}）原为 {was or '无'}，现为 {now or '无'}",
            f"{self.name} was {was or 'none'}, is {now or 'none'}",
        )

    def _shown(self, value: str) -> str:
        if self.name not in PERSONAL or not value:
            return value
        return masked_name(value) if self.name.endswith("_name") else masked_number(value)


def refuse_other_contents(desk: Desk, row: Row, standing: StockRecord, *, moment: str = "") -> tuple[Words, ...]:
    """Let a repetition pass only if it says the same; return what should be known of it.

    Args:
        desk: Where labels and sealed fields are read.
        row: What comes now.
        standing: The record that is there.
        moment: The field whose hour may differ.

    Raises:
        RecordDiffersError: It says something else; every field is named, with both values.
    """
    found = _differences(desk, row, standing)
    others = [one.words for one in found if not _is_hour(one, moment)]
    if others:
        raise _differs(standing, others)
    path = row.said.path
    return tuple(
        Words(f"{path}.{one.words.zh}，仍按原记录", f"{path}.{one.words.en}; the first one stays") for one in found
    )


def says_the_same(desk: Desk, row: Row, standing: StockRecord) -> bool:
    """Tell whether a row says what a record says, of the same packs."""
    listed = stock.load_stock_codes(desk.connection, [standing.id])[standing.id]
    return set(listed) == set(row.keys) and not _differences(desk, row, standing)


def refuse_other_packs(desk: Desk, row: Row, others: Sequence[StockRecord]) -> None:
    """Let a row of other packs pass beside these, which are known by the same number and moment.

    Raises:
        RecordDiffersError: They share a pack, or one of them names none: it is the same thing told in another way.
    """
    listed = stock.load_stock_codes(desk.connection, [one.id for one in others])
    for one in others:
        was = listed[one.id]
        if not was or not row.keys or set(was) & set(row.keys):
            number = Words(f"{len(was)} 个", f"{len(was)}")
            raise _differs(
                one,
                [
                    Words(
                        f"{LIST}（药品追溯码信息）原有 {number.zh}，现有 {len(row.keys)} 个，不是同样的码",
                        f"{LIST} had {number.en} codes and has {len(row.keys)}, not the same ones",
                    )
                ],
            )


def _differs(standing: StockRecord, found: Sequence[Words]) -> RecordDiffersError:
    named = standing.document or standing.batch
    zh, en = "；".join(one.zh for one in found), "; ".join(one.en for one in found)
    return RecordDiffersError(
        Words(f"{named} 的这条记录已上传：{zh}", f"This record of {named} was uploaded before: {en}")
    )


def _differences(desk: Desk, row: Row, standing: StockRecord) -> list[_Difference]:
    was, now = _contents(standing.fields), _contents(row.said.as_json())
    if standing.personal_sealed is not None:
        was |= desk.parts.sealer.open_fields(standing.personal_sealed, personal_place(standing.id))
    labels = {one.name: one.label for node in transaction(row.infno, desk.area).input for one in node.fields}
    return [
        _Difference(name, labels.get(name, Words(name, name)), was.get(name, ""), now.get(name, ""))
        for name in dict.fromkeys((*now, *was))
        if was.get(name, "") != now.get(name, "")
    ]


def _contents(fields: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in fields.items() if name not in _CODES | OWN}


def _is_hour(one: _Difference, moment: str) -> bool:
    return one.name == moment and one.was[:_DAY] == one.now[:_DAY]
