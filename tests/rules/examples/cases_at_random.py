"""Cases of every kind at random, with their edges: below the deductible, at a band's border, beyond a limit."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

D = Decimal
FEN = st.decimals(min_value=0, max_value=200_000, places=2)
WHOLE = st.integers(0, 200_000)
MONEY = st.one_of(FEN, WHOLE, st.sampled_from([D(0), D("0.01"), D("0.05"), D(1000), D("30000.00")]))
ABOVE_ZERO = st.decimals(min_value=D("0.01"), max_value=10**9, places=2)
RATE = st.one_of(st.decimals(min_value=0, max_value=1, places=3), st.sampled_from([D(0), D(1), D("0.5"), D("0.333")]))
AGE = st.integers(0, 110)


def some(**optional):
    return st.fixed_dictionaries({}, optional=optional)


def table(needed, **optional):
    return st.fixed_dictionaries(needed, optional=optional)


@st.composite
def bands(draw, first=None):
    edges = sorted(draw(st.sets(st.integers(1, 150_000), min_size=1, max_size=4)))
    start = D(0) if first is None else first
    edges = [D(edge) for edge in edges if edge > start] or [start + 1]
    rows = []
    for edge in edges:
        rows.append({"from": start, "to": edge, "rate": draw(RATE)})
        start = edge
    if draw(st.booleans()):
        rows.append({"from": start, "to": None, "rate": draw(RATE)})
    return rows


@st.composite
def banded(draw):
    deductible = draw(MONEY)
    rows = draw(bands(first=draw(st.sampled_from([None, D(deductible)]))))
    inputs = {"amount": draw(st.one_of(MONEY, st.sampled_from([row["from"] for row in rows]))), "bands": rows}
    inputs |= draw(some(cap=MONEY, deductible=st.just(deductible), hifob_from=MONEY))
    return {"inputs": inputs, "expected": {"hifp_pay": 1, "parts": [1]}}


@st.composite
def banded_above(draw):
    inputs = {"total": draw(MONEY), "bands": draw(bands())}
    inputs |= draw(some(basic_paid=FEN, outside_catalogue=FEN, deductible=MONEY, cap=MONEY))
    return {"inputs": inputs, "expected": {"hifmi_pay": 1}}


SUBSIDIES = st.dictionaries(st.sampled_from(["低保", "特困", "监测", "孤儿"]), MONEY, min_size=1)
FORMS = {
    "simple": table({"medfee_sumamt": MONEY, "rate": RATE}, excluded=MONEY, deductible=MONEY, cap=MONEY, acct_pay=FEN),
    "age_ratio": table(
        {"medfee_sumamt": MONEY, "base_rate": RATE, "base_wage": st.just(8084), "deductible_share": RATE},
        deductible=MONEY,
        per_year=st.sampled_from([D("0.002"), D("0.003"), D("0.01")]),
        age=AGE,
        cap=MONEY,
        excluded=FEN,
    ),
    "item_classes": table(
        {
            "coinsurance": RATE,
            "classes": st.lists(
                table({"amount": MONEY}, name=st.sampled_from("甲乙"), first_pay=RATE, coins=st.booleans()), min_size=1
            ),
        },
        deductible=MONEY,
        own_drug=FEN,
        own_other=FEN,
        medfee_sumamt=MONEY,
    ),
    "three_layers": table(
        {"inscp_scp_amt": MONEY, "basic_rate": RATE},
        basic_deductible=MONEY,
        basic_cap=MONEY,
        ci_cap=MONEY,
        ma_cap=MONEY,
    ),
    "ratio": table({"population": ABOVE_ZERO}, outpatient_visits=WHOLE, stays=WHOLE, days=FEN).filter(
        lambda one: len(one) > 1
    ),
    "split": st.fixed_dictionaries(
        {
            "surplus": st.decimals(min_value=-(10**6), max_value=10**6, places=2) | st.just(D("0.02")),
            "shares": st.lists(st.integers(0, 9) | RATE, min_size=1, max_size=6).filter(any),
        }
    ),
    "dip_deviation": st.fixed_dictionaries({"score": FEN, "mean_cost": ABOVE_ZERO, "case_cost": MONEY}),
    "dip_score": st.fixed_dictionaries(
        {
            "group_mean_by_year": st.lists(ABOVE_ZERO, min_size=3, max_size=3),
            "all_mean_by_year": st.lists(ABOVE_ZERO, min_size=3, max_size=3),
            "scale": st.just(1000),
        }
    ),
    "dip_point": table(
        {"fund": ABOVE_ZERO, "fund_share": st.sampled_from([D("0.6"), D("0.7"), 1]), "total_score": ABOVE_ZERO},
        reserve=MONEY,
    ),
    "dip_keep": st.fixed_dictionaries(
        {"budget": ABOVE_ZERO, "total_score": ABOVE_ZERO, "case_score": FEN, "case_cost": FEN}
    ),
    "rate": st.fixed_dictionaries({"paid_by_points": MONEY, "recorded_by_items": ABOVE_ZERO}),
    "drg_points": st.fixed_dictionaries(
        {
            "group_mean": ABOVE_ZERO,
            "city_mean": ABOVE_ZERO,
            "hospital_mean": ABOVE_ZERO,
            "complete": st.booleans(),
            "actual": MONEY,
        }
    ),
    "drg_readmit": st.fixed_dictionaries(
        {
            "points_first": FEN,
            "days_between": st.integers(0, 40),
            "window": st.sampled_from([10, 15, 30]),
            "same_group": st.booleans(),
            "chemo_radio": st.booleans(),
        }
    ),
}


@st.composite
def subsidies(draw):
    amounts = draw(SUBSIDIES)
    premium = draw(st.integers(200_000, 300_000))
    names = draw(st.lists(st.sampled_from(sorted(amounts)), min_size=1, max_size=3, unique=True))
    return {
        "inputs": {"premium": premium, "subsidies": amounts},
        "cases": [{"name": " and ".join(names), "expected": 1}],
    }


@st.composite
def three_layers(draw):
    inputs = draw(FORMS["three_layers"])
    for name in draw(st.sets(st.sampled_from(["ci", "ma"]))):
        inputs |= {f"{name}_rate": draw(RATE), f"{name}_deductible": draw(MONEY)}
    kept = {"basic_deductible", "basic_cap", "inscp_scp_amt", "basic_rate"}
    kept |= {key for key in inputs if f"{key[:2]}_rate" in inputs}
    return {"inputs": {key: value for key, value in inputs.items() if key in kept}, "expected": 1}


def cases(kind: str):
    """Return a strategy of what stands in an entry of this kind beside its id."""
    named = {"banded": banded(), "banded_above": banded_above(), "subsidy": subsidies(), "three_layers": three_layers()}
    if kind in named:
        return named[kind]
    return FORMS["simple" if kind == "multi" else kind].map(lambda inputs: {"inputs": inputs, "expected": 1})
