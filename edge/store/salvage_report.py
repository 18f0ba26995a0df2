"""What a salvage says to people: which parts of a store could not be read whole, and the report beside its files.

The report begins with plain lines, each after a `#`. Those behind them are for programs, one JSON object each: what was
done, rows taken by table, numbers lost by life, and the bytes of each event that could not be proved.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType

from codes.words import Words
from edge.store.salvage_events import Recovered
from edge.store.salvage_fill import Taken
from edge.store.salvage_proof import Found
from wire.events import Span

OPERATORS = Words("操作员", "operators")
_LIBRARY = Words("匹配库", "matching library")
_SALES = Words("以往的销售和入库", "sales and deliveries of before")
_MESSAGES = Words("医保接口报文", "messages to the national interface")
_POS = Words("收银软件的往来记录", "what went to and from the POS")
_SHIFTS = Words("班次", "shifts")
_TOKENS = Words("访问令牌", "API tokens")
_OTHER = Words("其他设置", "other settings")
_PARTS = MappingProxyType(
    {
        "operator": OPERATORS,
        "api_token": _TOKENS,
        "fsi_message": _MESSAGES,
        "fsi_number": _MESSAGES,
        "pos_question": _MESSAGES,
        "pos_exchange": _POS,
        "pos_heard": _POS,
        "pos_binding": _POS,
        "pos_owed": _POS,
        "sale": _SALES,
        "sale_line": _SALES,
        "sale_pack": _SALES,
        "shift": _SHIFTS,
        "session": _SHIFTS,
        "fsi_sign_in": _SHIFTS,
        "product": _LIBRARY,
        "identifier": _LIBRARY,
        "catalogue_import": _LIBRARY,
        "scan": Words("扫码历史", "scans of before"),
        "outbox": Words("待上传和已上传的记录", "records"),
    }
)


def parts_of(tables: Iterable[str]) -> list[Words]:
    """Return what a person calls these tables, each name once, what is missed first before the others."""
    found = {_PARTS.get(table, _OTHER) for table in tables}
    return [part for part in dict.fromkeys([*_PARTS.values(), _OTHER]) if part in found]


def joined(parts: Sequence[Words]) -> Words:
    """Return several names as one text."""
    return Words("、".join(part.zh for part in parts), ", ".join(part.en for part in parts))


def write_report(path: Path, summary: Mapping[str, object], taken: Taken, recovered: Recovered) -> None:
    """Write for a person what was taken, what is lost, and the bytes of what could not be proved."""
    lost = {epoch: list(spans) for epoch, spans in recovered.lost.items()}
    lines = [f"# {words.zh} / {words.en}" for words in _plain(taken, recovered)]
    lines += [json.dumps(one, ensure_ascii=False, default=str) for one in (summary, taken.rows, {"lost": lost})]
    lines += [_line(one) for one in recovered.unproved]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _plain(taken: Taken, recovered: Recovered) -> Iterator[Words]:
    yield Words("数据库损坏后的抢救报告", "What was left of a damaged store")
    delivered = sum(map(len, taken.delivered.values()))
    yield Words(
        f"移入新库的记录：{recovered.kept + delivered} 条，其中中心已收到 {delivered} 条",
        f"Records kept: {recovered.kept + delivered}, of which the centre has {delivered}",
    )
    for epoch, spans in recovered.lost.items():
        yield _lost(epoch, spans)
    if not any(recovered.lost.values()):
        yield Words("没有发现缺失的编号", "No number is known to be lost")
    if recovered.unproved:
        count = len(recovered.unproved)
        yield Words(
            f"无法证实、没有移入的记录：{count} 条，列在最后",
            f"Records that could not be proved and were left out: {count}, listed at the end",
        )
    parts = joined(parts_of(taken.stopped))
    if taken.stopped:
        tables = ", ".join(f"{table} {taken.rows.get(table, 0)}" for table in sorted(taken.stopped))
        yield Words(f"没有完整读出：{parts.zh}", f"Not read whole: {parts.en}; rows that were read: {tables}")
    else:
        yield Words("其余各表均完整读出", "All other tables were read whole")
    yield Words("以下各行供程序读取", "The lines below are for programs")


def _lost(epoch: str, spans: Sequence[Span]) -> Words:
    count = sum(last - first + 1 for first, last in spans)
    numbers = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
    return Words(
        f"缺失 {count} 条（纪元 {epoch or '不明'}）", f"Lost: {count} of life {epoch or 'unknown'}, numbers {numbers}"
    )


def _line(found: Found) -> str:
    return json.dumps({**asdict(found), "bytes": found.bytes.decode("utf-8", "backslashreplace")}, ensure_ascii=False)
