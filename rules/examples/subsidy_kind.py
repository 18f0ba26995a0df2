"""The kind of example about subsidised premiums: who gets how much, and what is left to pay.

Cases are named after kinds of person, and the amounts have to come from somewhere. In this order:

1. the inputs: a table of amounts by kind (`full` and percentages of the premium are amounts, too), or a list of the
   amounts that the person could have;
2. the dated table of the place, if we have one for this premium and year (`config/subsidies/`);
3. the example's own cases of a single kind: what such a case expects is taken as that kind's amount, which is said,
   and checked against the premium; cases of several kinds are worked out from them.

In 3 a single kind's own amount is therefore given, not proved; what is proved is what is left to pay, the highest of
several kinds, and a case named full.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal

from codes.errors import YimaError
from codes.words import Words
from rules.examples.errors import MissingError, OutOfRangeError
from rules.examples.formula import least, left_of, most, number
from rules.examples.given import Given
from rules.examples.identities import Naming, is_combined, is_full, is_without, kinds_listed, naming_of, years_in
from rules.examples.numbers import number_of
from rules.examples.task import Case, Task
from rules.examples.worked import Result, Step, Worked, money, step
from rules.money import ONE, ZERO, at_least_zero, to_cent
from rules.payment.subsidy import Subsidies, UnknownIdentityError

_LISTS = ("subsidies", "subsidy", "candidates")
_KINDS = ("kinds", "identities")
_TABLES = ("subsidies", "subsidy", "table", "amounts", "standards", "by_kind", "kinds", "identities")
_NAME_OF_ROW, _AMOUNT_OF_ROW = ("name", "kind", "identity"), ("subsidy", "amount")
_SUBSIDY, _PAYS, _PREMIUM = "subsidy", "pays", "premium"
_MOST = Words("不得超过参保费", "at most the premium")


def subsidy(task: Task) -> Worked:
    """The highest amount of the person's kinds; the rest of the premium is the person's."""
    premium = task.given.amount(_PREMIUM)
    listed = _listed(task.given)
    remarks: tuple[Words, ...] = ()
    who = ""
    if listed:
        amounts = listed
    else:
        naming = _naming(task.case)
        if naming is None:
            raise MissingError(_KINDS[0])
        table, source = _table(task, premium)
        table = _with_plain_words(table, naming, premium)
        kinds = _kinds_of(naming, table)
        amounts, remarks, who = tuple(map(table.of, kinds)), (source,), "、".join(kinds)
    highest = most(*map(number, amounts))
    exact = max(amounts)
    if exact > premium:
        highest, exact = least(highest, number(premium)), premium
    gets = to_cent(exact)
    pays = to_cent(at_least_zero(premium - gets))
    about = Words(f"（{who}）", f" ({who})") if who else Words("", "")
    steps: tuple[Step, ...] = (
        step(f"多种身份就高{about.zh}", f"the highest of the kinds{about.en}", highest, gets),
        step("个人缴费", "the person pays", left_of(premium, gets), pays),
    )
    figures: dict[str, Result] = {_SUBSIDY: money(gets), _PAYS: money(pays), _PREMIUM: money(premium)}
    return Worked(figures, steps, _SUBSIDY, remarks=remarks)


def _listed(given: Given) -> tuple[Decimal, ...]:
    """Return the amounts that the inputs list for this person, if they do."""
    if given.has(_SUBSIDY) and not isinstance(given.raw(_SUBSIDY), (list, dict)):
        return (given.amount(_SUBSIDY),)
    name = next((name for name in _LISTS if _is_plain_list(given, name)), None)
    return () if name is None else given.amounts(name)


def _is_plain_list(given: Given, name: str) -> bool:
    raw = given.raw(name) if given.has(name) else None
    return isinstance(raw, list) and not any(isinstance(one, dict) for one in raw)


def _table(task: Task, premium: Decimal) -> tuple[Subsidies, Words]:
    """Return the amounts by kind, and where they come from."""
    amounts = {kind: _amount(kind, raw, premium) for kind, raw in _tabled(task.given)}
    if amounts:
        return Subsidies(amounts), Words("资助标准取自输入。", "The amounts are the example's inputs.")
    own = _own_amounts(task, premium)
    years = years_in(f"{task.given.raw('year') if task.given.has('year') else ''} {task.prose}")
    ours = next((one for one in task.subsidy_years if one.covers(task.example.place, premium, years)), None)
    if ours is not None:
        added = {kind: amount for kind, amount in own.items() if not ours.subsidies.knows(kind)}
        table = Subsidies({**ours.subsidies.amounts, **added})
        return table, Words(f"资助标准取自：{ours.title.zh}。", f"The amounts are those of: {ours.title.en}.")
    return Subsidies(own), Words(
        "资助标准取自本例单一身份的各条；这些条只核对个人缴费。",
        "The amounts are those of this example's cases of one kind; of these only what is left to pay is checked.",
    )


def _with_plain_words(table: Subsidies, naming: Naming, premium: Decimal) -> Subsidies:
    """Return the table with the kinds that are named after what they get: all of the premium, or nothing."""
    said = {kind: premium for kind in naming.together if is_full(kind)}
    said |= {kind: ZERO for kind in naming.together if is_without(kind)}
    return Subsidies({**said, **table.amounts})


def _tabled(given: Given) -> Iterator[tuple[str, object]]:
    """Yield kinds and amounts that the inputs list, as one table or as a list of tables."""
    for name in _TABLES:
        yield from (given.table_or_none(name) or {}).items()
        if given.has(name) and isinstance(given.raw(name), list) and not _is_plain_list(given, name):
            for row in given.tables(name):
                yield str(row.raw(*_NAME_OF_ROW)), row.raw(*_AMOUNT_OF_ROW)


def _amount(kind: str, raw: object, premium: Decimal) -> Decimal:
    """Return an amount in yuan; `full` and percentages are of the premium.

    Raises:
        OutOfRangeError: It is more than the premium, or below zero.
    """
    if isinstance(raw, str) and is_full(raw):
        return premium
    amount = number_of(kind, raw)
    if isinstance(raw, str) and raw.rstrip().endswith(("%", "％")):
        amount *= premium
    if not 0 <= amount <= premium:
        raise OutOfRangeError(kind, amount, _MOST)
    return amount


def _own_amounts(task: Task, premium: Decimal) -> Mapping[str, Decimal]:
    """Return what the example's cases of one kind say of that kind, for this premium."""
    amounts: dict[str, Decimal] = {}
    cases = [(case, naming) for case in task.example.cases if (naming := _naming(case)) is not None]
    singles = Subsidies({kind: ONE for _, naming in cases if len(naming.together) <= 1 for kind in naming.all})
    for case, naming in cases:
        if is_combined(naming, singles.knows):
            continue
        # A case that cannot be read fails by itself; it must not take the others along.
        with suppress(YimaError):
            if Given(case.inputs).amount(_PREMIUM) == premium:
                amount = _said(case, naming, premium)
                amounts |= {kind: amount for kind in naming.all if kind not in amounts}
    return amounts


def _said(case: Case, naming: Naming, premium: Decimal) -> Decimal:
    """Return the amount that a case of one kind states."""
    if any(map(is_full, naming.together)):
        return premium
    if any(map(is_without, naming.together)):
        return ZERO
    for name in (_SUBSIDY, ""):
        if name in case.expected:
            return _amount(case.name, case.expected[name], premium)
    return premium - _amount(case.name, case.expected.get(_PAYS), premium)


def _kinds_of(naming: Naming, table: Subsidies) -> tuple[str, ...]:
    """Return the kinds that the person has, as far as the amount depends on them.

    Raises:
        UnknownIdentityError: There is no amount for some of them; all of those are named.
    """
    alike = tuple(kind for kind in naming.alike if table.knows(kind))
    if len(naming.together) <= 1 and alike:
        # They are said to be treated alike: the one that gets least decides whether that is true.
        return (min(alike, key=table.of),)
    together = naming.together or naming.alike
    kinds = tuple(known for kind in together for known in _known_in(kind, table))
    unknown = [kind for kind in kinds if not table.knows(kind)]
    if unknown or not kinds:
        raise UnknownIdentityError("、".join(unknown), table.amounts)
    return kinds


def _known_in(kind: str, table: Subsidies) -> tuple[str, ...]:
    """Return the kind, or where nobody knows it as a whole, the words in it that are kinds."""
    words = tuple(word for word in kind.split() if table.knows(word))
    return (kind,) if table.knows(kind) or not words else words


def _naming(case: Case) -> Naming | None:
    """Return the kinds of a case, as its inputs list them or else by its name; none if neither tells."""
    for name in _KINDS:
        listed = case.inputs.get(name)
        if isinstance(listed, str) or (isinstance(listed, list) and all(isinstance(one, str) for one in listed)):
            return Naming(kinds_listed(listed), ())
    return naming_of(case.name) if case.name.strip() else None
