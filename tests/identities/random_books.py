"""Rule sets nobody would write, in every shape that the schema allows.

One promise is kept by how they are made, because it is a promise about books and not about the engine: an assistance
identity only helps. It appears in adjustments that raise, in deductibles of nothing, and in layers of assistance.
"""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

from rules.benefits.book import Book
from rules.benefits.rule_file import rules_of

IDENTITIES = ("011", "012", "013")
DISEASES = ("M01", "M02", "M03", "M04")
INPATIENT = ("21", "52")
MED_TYPES = ("11", "14", "15", "41", "9901", *INPATIENT)
LEVELS = ("1", "2", "3", "community", "pharmacy")
SUPPLEMENTS = ("hifob_pay", "hifmi_pay", "cvlserv_pay", "hifes_pay", "oth_pay")
KINDS = ("09", "11", "14")
Content = dict[str, object]


def cents(rng: random.Random, most: int) -> Decimal:
    """Return some money; small and round amounts are as likely as large ones."""
    return Decimal(rng.randint(0, rng.choice((100, 10_000, most * 100)))).scaleb(-2)


def ratio(rng: random.Random) -> Decimal:
    return Decimal(rng.choice((0, 1_000, rng.randint(0, 1_000)))).scaleb(-3)


def title(name: str) -> dict[str, str]:
    return {"zh": f"规则{name}", "en": f"Rule {name}"}


def some(rng: random.Random, values: tuple[str, ...]) -> list[str]:
    return rng.sample(values, rng.randint(1, len(values)))


def when(rng: random.Random) -> Content:
    """Return a condition that says nothing about assistance."""
    condition: Content = {}
    if rng.random() < 0.3:
        condition["insutype"] = [rng.choice(("310", "390"))]
    if rng.random() < 0.2:
        condition["psn_type"] = some(rng, ("11", "12"))
    if rng.random() < 0.3:
        condition["level"] = some(rng, LEVELS)
    if rng.random() < 0.2:
        condition["med_type"] = some(rng, MED_TYPES)
    if rng.random() < 0.1:
        condition["place"] = some(rng, ("local", "province", "outside"))
    if rng.random() < 0.1:
        condition["referral"] = some(rng, ("none", "referral", "record"))
    if rng.random() < 0.1:
        condition["age_at_least"] = rng.randint(0, 80)
    if rng.random() < 0.1:
        condition["stay_at_least"] = rng.randint(1, 3)
    return condition


def bands(rng: random.Random) -> list[Content]:
    """Return bands that rise, with gaps now and then."""
    edges = sorted({cents(rng, 200_000) for _ in range(rng.randint(0, 3))} - {Decimal(0)})
    rows: list[Content] = [{"to": edge, "rate": ratio(rng)} for edge in edges]
    if rng.random() < 0.8 or not rows:
        rows.append({"rate": ratio(rng)})
    if edges and rng.random() < 0.3:
        rows[0]["from"] = edges[0] / 2 if edges[0] / 2 == (edges[0] / 2).quantize(Decimal("0.01")) else Decimal(0)
    return rows


def rate(rng: random.Random) -> Content:
    row: Content = {"bands": bands(rng)} if rng.random() < 0.5 else {"rate": ratio(rng)}
    if rng.random() < 0.2:
        row |= {"per_year_of_age": Decimal("0.002"), "years_from": rng.randint(0, 50), "most": Decimal("0.98")}
    return row


def deductible(rng: random.Random, slot: str) -> Content:
    row: Content = {"when": when(rng)}
    if rng.random() < 0.3:
        row |= {"share": ratio(rng), "of": "base_wage"}
    else:
        row["amount"] = cents(rng, 20_000)
    if rng.random() < 0.5:
        row["per"] = "year"
    elif rng.random() < 0.3:
        row["most_in_year"] = cents(rng, 20_000)
    if rng.random() < 0.3:
        row["stay_factors"] = [ratio(rng) for _ in range(rng.randint(1, 3))]
    elif rng.random() < 0.3:
        row |= {"less_per_stay": cents(rng, 500), "least": cents(rng, 200)}
    if rng.random() < 0.3:
        row["pool"] = f"{slot}-{rng.choice(('a', 'b'))}"
    return row


def cap(rng: random.Random, slot: str) -> Content:
    """Return a cap; those on what is paid may be shared by everybody."""
    row: Content = {
        "when": when(rng),
        "amount": cents(rng, 100_000),
        "per": rng.choice(("visit", "day", "month", "quarter", "year", "year")),
        "counts": rng.choice(("paid", "paid", "scope")),
    }
    if rng.random() < 0.3:
        row["pool"] = rng.choice(("a", "b")) if row["counts"] == "paid" else f"{slot}-{rng.choice(('a', 'b'))}"
    return row


def diseases(rng: random.Random) -> Content:
    merge = rng.choice(("separate", "highest", "sum"))
    kinds: list[Content] = []
    for code in some(rng, DISEASES):
        kind: Content = {"codes": [code], "title": title(code)}
        if rng.random() < 0.9:
            kind["limit"] = cents(rng, 5_000)
        kinds.append(kind)
    table: Content = {"merge": merge, "kind": kinds, "counts": rng.choice(("paid", "scope"))}
    if merge == "highest":
        table |= {"further_share": ratio(rng), "further_amount": cents(rng, 100)}
    if rng.random() < 0.3:
        table["most"] = cents(rng, 6_000)
    return table


def layer(rng: random.Random, name: str, fund: str, slot: str) -> Content:
    row: Content = {
        "id": name,
        "title": title(name),
        "fund": fund,
        "slot": slot,
        "when": when(rng),
        "laid": rng.choice(("from_zero", "above_deductible")),
        "over": rng.choice(("visit", "year")),
        "deductible": [deductible(rng, slot) for _ in range(rng.randint(0, 2))],
        "cap": [cap(rng, slot) for _ in range(rng.randint(0, 2))],
        "rate": [{**rate(rng), "when": when(rng)} for _ in range(rng.randint(0, 2))] + [rate(rng)],
    }
    if rng.random() < 0.2:
        row["deductible"] = [{"when": {"assistance": some(rng, IDENTITIES)}, "amount": 0}, *row["deductible"]]  # type: ignore[misc]
    if rng.random() < 0.3:
        row["group"] = f"{slot}-{rng.choice(('g', 'h'))}"
    return row


def layers(rng: random.Random) -> list[Content]:
    rows = []
    for n in range(rng.randint(1, 3)):
        row = layer(rng, f"basic-{n}", rng.choice(("hifp_pay", "hifp_pay", "hifob_pay")), "basic")
        if rng.random() < 0.3:
            row["diseases"] = diseases(rng)
        rows.append(row)
    if rng.random() < 0.9:
        rows.append(layer(rng, "basic-last", "hifp_pay", "basic") | {"when": {}})
    for fund in rng.sample(SUPPLEMENTS, rng.randint(0, 4)):
        row = layer(rng, f"more-{fund}", fund, fund)
        row["base"] = rng.choice(("scope", "left", "left_above_deductible", "over_cap"))
        rows.append(row)
    if rng.random() < 0.7:
        rows.append(layer(rng, "assistance", "maf_pay", "maf_pay") | {"when": {"assistance": some(rng, IDENTITIES)}})
    return rows


def adjustment(rng: random.Random, name: str, funds: list[str]) -> Content:
    return {
        "id": name,
        "title": title(name),
        "when": {"place": some(rng, ("province", "outside")), "referral": some(rng, ("none", "referral"))},
        "funds": funds,
        "points": ratio(rng) - Decimal("0.5"),
        "rate_factor": ratio(rng) + Decimal("0.3"),
        "deductible_factor": ratio(rng) * 3,
        "cap_factor": ratio(rng) * 2,
    }


def help_for_the_poor(rng: random.Random, name: str) -> Content:
    """Return an adjustment that helps. Of caps it lifts only those of supplements.

    Money over the basic layer's cap may go to another fund at a better rate, so a higher cap there can be no help.
    """
    return {
        "id": name,
        "title": title(name),
        "when": {"assistance": some(rng, IDENTITIES)} if rng.random() < 0.8 else {"has_assistance": True},
        "funds": ["hifmi_pay", "hifes_pay", "cvlserv_pay", "maf_pay"],
        "points": ratio(rng) / 4,
        "deductible_factor": ratio(rng),
        "cap_factor": 1 + ratio(rng),
        "lifts_caps": rng.random() < 0.3,
    }


def for_stays(rng: random.Random) -> Content:
    """Return the layer that a book has to have: no stay is without one."""
    row: Content = {"id": "stays", "title": title("住"), "fund": "hifp_pay", "when": {"med_type": list(INPATIENT)}}
    return row | {"rate": [rate(rng)]}


def content(rng: random.Random) -> Content:
    """Return a rule file as parsed."""
    rows: Content = {
        "area": "random",
        "version": f"r{rng.randint(1, 9)}",
        "title": title("书"),
        "from": date(2025, 1, 1),
        "stays": list(INPATIENT),
        "districts": ["3502"],
        "crossing": rng.choice(("end", "begin")),
        "amounts": {"base_wage": cents(rng, 9_000)},
        "identity": [{"code": code, "title": title(code)} for code in IDENTITIES],
        "layer": [*layers(rng), for_stays(rng)],
        "adjust": [adjustment(rng, "away", ["hifp_pay", "hifob_pay"])],
        "pays_first": [],
    }
    if rng.random() < 0.6:
        rows["adjust"] = [*rows["adjust"], help_for_the_poor(rng, "poor")]  # type: ignore[misc]
    if rng.random() < 0.3:
        test = {"class": ["02"]} if rng.random() < 0.5 else {"kind": some(rng, KINDS), "negotiated": True}
        way = rng.choice(("instead", "further"))
        rows["pays_first"] = [{"id": "first", "title": title("先"), "when": when(rng), "lines": test, way: ratio(rng)}]
    if rng.random() < 0.4:
        as_if = {"med_type": "15", "level": "3", "institution": "hospital"}
        test = {"dual_channel": True} if rng.random() < 0.7 else {"kind": ["14"]}
        rows["portion"] = [{"id": "apart", "title": title("分"), "lines": test, "as": as_if}]
    if rng.random() < 0.3:
        package: Content = {"id": "package", "title": title("包"), "when": {"disease": some(rng, DISEASES)}}
        rows["package"] = [package | {"price": cents(rng, 20_000), "is_for_everything": rng.random() < 0.5}]
    if rng.random() < 0.5:
        rows["stated"] = {"unregistered": {"pharmacy": "41", "outpatient": "11"}}
    if rng.random() < 0.8:
        parts = ("in_scope", "pays_first", "over_limit", "outside")
        rows["account"] = [{"id": "account", "title": title("账"), "own": some(rng, parts), "family": some(rng, parts)}]
    return rows


def random_book(rng: random.Random) -> Book:
    rules = rules_of(content(rng), "random.toml")
    return Book(rules.area, (rules,))
