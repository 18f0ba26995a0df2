"""The steps that a pack can take, and why it cannot take the others: the tables of `rules.pack_fold`."""

from __future__ import annotations

from codes.words import Words
from rules.pack_life import SALES, Act, State

UNSOLD = frozenset(
    {State.UNSEEN, State.IN_STOCK, State.RETURNED, State.TRANSFERRED, State.QUARANTINED, State.SPLIT},
)
"""Where a pack, or the rest of it, still exists in the trade."""

MOVES: dict[tuple[State, Act], State] = {
    # Received: the first thing we hear, or after a transfer. A second receipt elsewhere is the resale we look for.
    (State.UNSEEN, Act.RECEIVED): State.IN_STOCK,
    (State.TRANSFERRED, Act.RECEIVED): State.IN_STOCK,
    (State.RETURNED, Act.RECEIVED): State.IN_STOCK,
    # Said again by whoever holds it, it confirms: see `rules.pack_fold`.
    (State.IN_STOCK, Act.RECEIVED): State.IN_STOCK,
    # Sold whole.
    (State.UNSEEN, Act.DISPENSED): State.SOLD,
    (State.IN_STOCK, Act.DISPENSED): State.SOLD,
    (State.RETURNED, Act.DISPENSED): State.SOLD,
    (State.UNSEEN, Act.IMPLANTED): State.SOLD,
    (State.IN_STOCK, Act.IMPLANTED): State.SOLD,
    # Sold in parts.
    (State.UNSEEN, Act.SPLIT_DISPENSED): State.SPLIT,
    (State.IN_STOCK, Act.SPLIT_DISPENSED): State.SPLIT,
    (State.RETURNED, Act.SPLIT_DISPENSED): State.SPLIT,
    (State.SPLIT, Act.SPLIT_DISPENSED): State.SPLIT,
    # Came back. The units of an opened pack are counted apart, in `rules.pack_fold`.
    (State.SOLD, Act.RETURNED): State.RETURNED,
    # Moved.
    (State.UNSEEN, Act.TRANSFERRED): State.TRANSFERRED,
    (State.IN_STOCK, Act.TRANSFERRED): State.TRANSFERRED,
    (State.RETURNED, Act.TRANSFERRED): State.TRANSFERRED,
    # A pack that was opened or on its way is that again.
    (State.QUARANTINED, Act.RELEASED): State.IN_STOCK,
} | {
    # Taken out of trade, from any state in which the pack still exists unsold.
    (state, act): after
    for state in UNSOLD
    for act, after in ((Act.QUARANTINED, State.QUARANTINED), (Act.DESTROYED, State.DESTROYED))
}
"""Every step that can be true, recall and expiry apart. What is not here is a conflict."""

IN_HAND = frozenset({Act.RECEIVED, Act.TRANSFERRED, Act.RETURNED, Act.DESTROYED, Act.STOCKTAKEN}) | SALES
"""The acts that show who has the pack; the others can be said from afar."""

Why = tuple[str, Words]

RETURNED_UNSOLD: Why = ("pack.returned_unsold", Words("无对应销售记录的退货", "Returned without such a sale"))
RETURNED_TWICE: Why = ("pack.returned_twice", Words("重复退货", "Returned twice"))
RETURNED_MORE: Why = ("pack.returned_more", Words("退回数量超过售出数量", "More units came back than were sold"))

_IMPOSSIBLE: dict[tuple[State, Act], Why] = {
    (State.SOLD, Act.DISPENSED): ("pack.sold_twice", Words("同一追溯码售出两次", "The same code was sold twice")),
    (State.SOLD, Act.SPLIT_DISPENSED): (
        "pack.split_after_sale",
        Words("整盒售出后又拆零", "Sold whole, then in parts"),
    ),
    (State.SPLIT, Act.DISPENSED): ("pack.whole_after_split", Words("拆零后又整盒售出", "Opened, then sold whole")),
    (State.SOLD, Act.RECEIVED): ("pack.received_after_sale", Words("售出后又入库", "Sold, then received into stock")),
    (State.UNSEEN, Act.RETURNED): RETURNED_UNSOLD,
    (State.IN_STOCK, Act.RETURNED): RETURNED_UNSOLD,
    (State.RETURNED, Act.RETURNED): RETURNED_TWICE,
} | {
    (state, act): why
    for state, why in (
        (State.QUARANTINED, ("pack.sold_quarantined", Words("隔离中售出", "Sold out of quarantine"))),
        (State.DESTROYED, ("pack.sold_destroyed", Words("销毁后售出", "Sold after it was destroyed"))),
        (
            State.TRANSFERRED,
            ("pack.sold_in_transfer", Words("调拨途中售出", "Sold while on the way to another institution")),
        ),
    )
    for act in SALES
}

SOLD_BARRED: dict[State, Why] = {
    State.RECALLED: ("pack.sold_recalled", Words("召回后仍售出", "Sold after its recall")),
    State.EXPIRED: ("pack.sold_expired", Words("过期后仍售出", "Sold after it expired")),
}

ELSEWHERE: dict[Act, Why] = {
    act: (
        "pack.sold_elsewhere",
        Words("未经调拨，在另一机构售出", "Sold by an institution that does not hold it: no transfer is known"),
    )
    for act in SALES
} | {
    Act.TRANSFERRED: (
        "pack.sent_elsewhere",
        Words("由未持有该盒的机构调出", "Sent on by an institution that does not hold it"),
    ),
    Act.RECEIVED: (
        "pack.received_elsewhere",
        Words("未经调拨，在另一机构入库", "Received by another institution: no transfer is known"),
    ),
}
"""What only the holder can do, and why another institution cannot."""

SPLIT_EXCEEDS: Why = (
    "pack.split_exceeds",
    Words("拆零数量超过余量", "More units were sold than the pack has left"),
)
SPLIT_UNCOUNTED: Why = (
    "pack.split_uncounted",
    Words("拆零数量缺失或无效", "The number of units sold or in the pack is missing or no count"),
)

_IN_CHINESE = {
    "unseen": "仅有扫码",
    "in_stock": "在库",
    "sold": "售出",
    "split": "拆零",
    "returned": "退货",
    "quarantined": "隔离",
    "transferred": "调拨",
    "destroyed": "销毁",
    "received": "入库",
    "dispensed": "整盒售出",
    "split_dispensed": "拆零售出",
    "implanted": "植入",
    "released": "解除隔离",
}
"""States and acts, in a sentence."""


def why_impossible(state: State, act: Act) -> Why:
    """Return the code and the words for a step that is not in `MOVES`."""
    named = _IMPOSSIBLE.get((state, act))
    if named:
        return named
    zh = f"“{_IN_CHINESE[state.value]}”之后不可能“{_IN_CHINESE[act.value]}”"
    return "pack.impossible", Words(zh, f"{act} cannot follow {state}")
