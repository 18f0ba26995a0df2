"""The `[[layer]]` tables of a rule file: deductibles, rates, bands, caps and the diseases that a layer is for."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rules.bands import Band
from rules.benefits.figures import percent
from rules.benefits.outcome import Fund
from rules.benefits.reading import Table
from rules.benefits.rule_set import (
    BASIC,
    Base,
    Cap,
    Counts,
    Deductible,
    DiseaseLimit,
    Diseases,
    Laid,
    Layer,
    Merge,
    Rate,
    Reach,
    Span,
)
from rules.benefits.when_file import Names, read_when
from rules.money import ONE, ZERO, to_cent

STEEPEST = Decimal("0.1")
"""Most by which a rate may grow for each year of age."""


def read_layers(head: Table, names: Names) -> tuple[Layer, ...]:
    """Return the layers of a file."""
    tables = head.tables("layer", are_rules=True)
    layers = tuple(_layer(table, names) for table in tables)
    _refuse_sharing_between_slots(tables, layers)
    return layers


def _refuse_sharing_between_slots(tables: Sequence[Table], layers: Sequence[Layer]) -> None:
    """Keep what one visit uses up in one slot from changing what another slot pays of it.

    Layers of a slot stand for each other, and may share. Between slots only a cap on what is paid can be shared: then
    more from one fund is never outweighed by less from another.
    """
    slot_of: dict[tuple[str, str], str] = {}
    for table, layer in zip(tables, layers, strict=True):
        caps = [("cap.pool", cap.pool) for cap in layer.caps if cap.counts is Counts.SCOPE]
        limits = [("diseases.pool", one.pool) for one in (layer.diseases,) if one and one.counts is Counts.SCOPE]
        pools = [("deductible.pool", one.pool) for one in layer.deductibles]
        for key, name in {("group", layer.group), *pools, *caps, *limits}:
            account = "used" if key in {"cap.pool", "diseases.pool"} else key
            if slot_of.setdefault((account, name), layer.slot) != layer.slot:
                table.fault(
                    key,
                    f"{name} 已用于 {slot_of[account, name]} 层，不能跨层共用",
                    f"{name} belongs to the slot {slot_of[account, name]}; slots cannot share it",
                )


def _layer(table: Table, names: Names) -> Layer:
    id_ = table.text("id")
    fund = table.choice("fund", Fund)
    slot = table.text("slot", BASIC if fund is Fund.HIFP else fund.value)
    base = table.choice("base", Base, Base.SCOPE if slot == BASIC else Base.LEFT)
    if slot == BASIC and base is not Base.SCOPE:
        table.fault("base", "basic 层的基数只能是 scope", "a layer of the basic slot looks at the scope")
    rates = tuple(_rate(rate, names) for rate in table.tables("rate"))
    if not rates:
        table.fault("rate", "至少要有一个比例", "needs at least one rate")
    return Layer(
        id=id_,
        title=table.words("title"),
        slot=slot,
        fund=fund,
        fund_type=table.text("fund_type", ""),
        when=read_when(table, names),
        base=base,
        laid=table.choice("laid", Laid, Laid.ABOVE_DEDUCTIBLE),
        over=table.choice("over", Reach, Reach.VISIT),
        group=table.text("group", id_),
        deductibles=tuple(_deductible(one, id_, names) for one in table.tables("deductible")),
        rates=rates,
        caps=tuple(_cap(one, id_, names) for one in table.tables("cap")),
        diseases=_diseases(table.table("diseases"), id_) if table.has("diseases") else None,
    )


def _rate(table: Table, names: Names) -> Rate:
    if table.has("rate") == table.has("bands"):
        table.fault("rate", "rate 与 bands 必须且只能写一个", "give either rate or bands")
    bands = (Band(ZERO, None, table.ratio("rate")),) if table.has("rate") else _bands(table)
    return Rate(
        when=read_when(table, names),
        bands=bands,
        per_year_of_age=table.number("per_year_of_age", ZERO, STEEPEST, ZERO),
        years_from=table.count("years_from", 0),
        most=table.ratio("most", ONE),
    )


def _bands(table: Table) -> tuple[Band, ...]:
    """Return bands that rise; each begins where the one before ends, unless it says from where."""
    bands: list[Band] = []
    reached: Decimal | None = ZERO
    for row in table.tables("bands"):
        if reached is None:
            row.fault("", "前一段没有上限，其后不能再有分段", "follows a band without end")
            reached = ZERO
        above = row.amount("from", reached)
        up_to = row.optional_amount("to")
        rate = row.ratio("rate")
        if above < reached:
            row.fault(
                "from", f"{above} 低于前一段的上限 {reached}", f"{above} is below the end of the band before, {reached}"
            )
        if up_to is not None and up_to <= above:
            row.fault("to", f"{up_to} 不高于下限 {above}", f"{up_to} is not above its start {above}")
        else:
            bands.append(Band(above, up_to, rate))
        reached = up_to
    return tuple(bands)


def _deductible(table: Table, layer: str, names: Names) -> Deductible:
    amount, basis = _standard(table, names)
    reach = table.choice("per", Reach, Reach.VISIT)
    if table.has("most_in_year") and reach is Reach.YEAR:
        table.fault("most_in_year", "只用于按次的起付线", "is for deductibles per visit")
    if table.has("stay_factors") and table.has("less_per_stay"):
        table.fault("less_per_stay", "与 stay_factors 只能写一个", "cannot stand beside stay_factors")
    return Deductible(
        when=read_when(table, names),
        amount=amount,
        basis=basis,
        reach=reach,
        pool=table.text("pool", layer),
        stay_factors=table.ratios("stay_factors"),
        less_per_stay=table.amount("less_per_stay", ZERO),
        least=table.amount("least", ZERO),
        most_in_year=table.optional_amount("most_in_year"),
    )


def _standard(table: Table, names: Names) -> tuple[Decimal, str]:
    """Return the amount of a deductible, and how it came about."""
    if table.has("amount") == table.has("share"):
        table.fault("amount", "amount 与 share 必须且只能写一个", "give either amount or share")
    if not table.has("share"):
        return table.amount("amount"), ""
    share, of = table.ratio("share"), table.text("of")
    if of not in names.amounts:
        table.fault("of", f"[amounts] 中没有 {of}", f"there is no {of} in [amounts]")
    whole = names.amounts.get(of, ZERO)
    return to_cent(whole * share), f"{whole}×{percent(share)}"


def _cap(table: Table, layer: str, names: Names) -> Cap:
    return Cap(
        when=read_when(table, names),
        amount=table.amount("amount"),
        span=table.choice("per", Span, Span.YEAR),
        pool=table.text("pool", layer),
        counts=table.choice("counts", Counts, Counts.PAID),
    )


def _diseases(table: Table, layer: str) -> Diseases:
    kinds = tuple(_disease(one) for one in table.tables("kind"))
    codes = [code for kind in kinds for code in sorted(kind.codes)]
    if not kinds:
        table.fault("kind", "至少要有一个病种", "needs at least one disease")
    for code in sorted({code for code in codes if codes.count(code) > 1}):
        table.fault("kind", f"病种 {code} 重复", f"disease {code} is there twice")
    merge = table.choice("merge", Merge, Merge.SEPARATE)
    for key in ("further_share", "further_amount"):
        if table.has(key) and merge is not Merge.HIGHEST:
            table.fault(key, '只用于 merge = "highest"', 'is for merge = "highest"')
    return Diseases(
        kinds=kinds,
        merge=merge,
        further_share=table.ratio("further_share", ZERO),
        further_amount=table.amount("further_amount", ZERO),
        most=table.optional_amount("most"),
        span=table.choice("per", Span, Span.YEAR),
        counts=table.choice("counts", Counts, Counts.PAID),
        pool=table.text("pool", layer),
    )


def _disease(table: Table) -> DiseaseLimit:
    codes = table.texts("codes", is_needed=True)
    return DiseaseLimit(
        codes=frozenset(codes),
        code=codes[0] if codes else "",
        title=table.words("title"),
        limit=table.optional_amount("limit"),
    )
