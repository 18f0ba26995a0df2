"""What a purchase lacks under the rules of its day: all of it at once, line by line.

Of a quantity that is too large the line is named with which the count passes the limit. Sales before it count where the
rule looks back; sales of the same purchase always do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from codes.words import Words
from rules.entitlements.purchase import Bought, Earlier, Lack, Prescribed, Purchase, days_in_hand
from rules.entitlements.rule_set import DrugRule, Need, RuleSet, Scope

_KINDS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "01": Words("电子凭证", "electronic voucher"),
        "02": Words("居民身份证", "identity card"),
        "03": Words("社会保障卡", "social security card"),
    }
)
_ZERO: Final = Decimal(0)
_HAS: Final[Mapping[Need, Callable[[Bought], bool]]] = MappingProxyType(
    {
        Need.PRESCRIPTION: lambda line: line.prescribed is not Prescribed.NOT,
        Need.ELECTRONIC: lambda line: line.prescribed is Prescribed.ELECTRONICALLY,
        Need.DOCTOR: lambda line: line.has_doctor,
        Need.PHARMACIST: lambda line: line.is_reviewed,
        Need.DAYS: lambda line: line.days is not None,
    }
)
_LACKS: Final[Mapping[Need, tuple[str, Words, Words]]] = MappingProxyType(
    {
        Need.PRESCRIPTION: (
            "entitlement.prescription_missing",
            Words("缺处方号 rxno", "the number of the prescription (rxno) is missing"),
            Words("凭处方销售，填写 rxno（处方号）。", "Sell it on a prescription and state rxno."),
        ),
        Need.ELECTRONIC: (
            "entitlement.electronic_missing",
            Words("须用电子处方，rxno 未对应到电子处方", "needs an e-prescription, and rxno names none"),
            Words("请核对电子处方号，或请医师开具电子处方。", "Check the number, or have an e-prescription issued."),
        ),
        Need.DOCTOR: (
            "entitlement.doctor_missing",
            Words("缺开单医师 bilg_dr_codg", "the prescriber (bilg_dr_codg) is missing"),
            Words("填写处方医师编码 bilg_dr_codg。", "State the prescriber in bilg_dr_codg."),
        ),
        Need.PHARMACIST: (
            "entitlement.pharmacist_missing",
            Words("缺审方药师", "the pharmacist who reviewed is missing"),
            Words(
                "请药师审方，并在 expContent 中填写 phar_code 或 phar_prac_cert_no。",
                "Have a pharmacist review it; state phar_code or phar_prac_cert_no in expContent.",
            ),
        ),
        Need.DAYS: (
            "entitlement.days_missing",
            Words("缺用药天数 prd_days", "the days of supply (prd_days) are missing"),
            Words("填写 prd_days（周期天数）。", "State prd_days."),
        ),
    }
)
_LESS: Final = Words("请减少数量，或在限购期满后再售。", "Sell less, or after the time that the limit is for.")
_FEWER_DAYS: Final = Words("请按规定天数减少用量后再售。", "Sell for as many days as the rule allows.")


def judge(rules: RuleSet, purchase: Purchase) -> tuple[Lack, ...]:
    """Return everything that a purchase lacks, in the order of its lines; what several rules ask for is named once."""
    found: dict[tuple[str, str, str], Lack] = {}
    for rule in rules.drugs:
        lines = [line for line in purchase.lines if rule.is_for(purchase.institution_kind, line.drug)]
        for lack in _lacks(rule, lines, purchase) if lines else ():
            # Limits of two rules are two lacks, since their figures differ; a missing number is missing once.
            told = lack.words.zh if ".over_" in lack.code else ""
            found.setdefault((lack.serial, lack.code, told), lack)
    places = {line.serial: place for place, line in enumerate(purchase.lines)}
    return tuple(sorted(found.values(), key=lambda lack: places[lack.serial]))


def _lacks(rule: DrugRule, lines: Sequence[Bought], purchase: Purchase) -> Iterator[Lack]:
    for line in lines:
        for need in rule.needs:
            if need is Need.CERTIFICATE:
                yield from _certificate(rule, line, purchase.certificate)
            elif not _HAS[need](line):
                code, words, step = _LACKS[need]
                yield _lack(rule, line, code, words, step)
    earlier = [one for one in purchase.earlier if rule.which.fits(one.drug)]
    for of_scope, before in _scopes(rule, lines, earlier):
        yield from _quantities(rule, of_scope, before, purchase)
    yield from _supply(rule, lines, earlier, purchase)


def _certificate(rule: DrugRule, line: Bought, shown: str) -> Iterator[Lack]:
    if shown in rule.certificates:
        return
    kinds = [_KINDS.get(kind, Words(kind, kind)) for kind in rule.certificates]
    zh, en = "或".join(kind.zh for kind in kinds), " or ".join(kind.en for kind in kinds)
    words = Words(f"须实名登记，缺{zh}", f"is sold to who shows {en}, which is missing")
    step = Words(f"请读取{zh}后重新结算。", f"Read {en} and settle again.")
    yield _lack(rule, line, "entitlement.certificate_missing", words, step)


def _scopes(
    rule: DrugRule, lines: Sequence[Bought], earlier: Sequence[Earlier]
) -> Iterator[tuple[Sequence[Bought], Sequence[Earlier]]]:
    """Yield what is counted together."""
    if rule.per is Scope.LIST:
        yield lines, earlier
        return
    for item in dict.fromkeys(line.drug.item for line in lines):
        yield (
            [line for line in lines if line.drug.item == item],
            [one for one in earlier if one.drug.item == item],
        )


def _quantities(
    rule: DrugRule, lines: Sequence[Bought], earlier: Sequence[Earlier], purchase: Purchase
) -> Iterator[Lack]:
    if rule.at_once is not None and (line := _passing(lines, _ZERO, rule.at_once)) is not None:
        asked = _plain(_sum(lines))
        words = Words(
            f"一次限购 {_plain(rule.at_once)}，本次 {asked}",
            f"at most {_plain(rule.at_once)} at once, this sale has {asked}",
        )
        yield _lack(rule, line, "entitlement.over_purchase", words, _LESS)
    for window in rule.windows:
        since = purchase.day - timedelta(days=window.days - 1)
        had = _sum(one for one in earlier if since <= one.day <= purchase.day)
        line_over = _passing(lines, had, window.count)
        if line_over is not None:
            asked, limit = _plain(_sum(lines)), _plain(window.count)
            words = Words(
                f"{window.days} 天内限购 {limit}，已购 {_plain(had)}，本次 {asked}",
                f"at most {limit} in {window.days} days, had {_plain(had)}, this sale has {asked}",
            )
            yield _lack(rule, line_over, "entitlement.over_window", words, _LESS)


def _supply(rule: DrugRule, lines: Sequence[Bought], earlier: Sequence[Earlier], purchase: Purchase) -> Iterator[Lack]:
    since = purchase.day - timedelta(days=rule.look_back)
    known = [one for one in earlier if since <= one.day <= purchase.day]
    for item in dict.fromkeys(line.drug.item for line in lines):
        stated = [line for line in lines if line.drug.item == item and line.days is not None]
        days = sum((line.days for line in stated if line.days is not None), _ZERO)
        if not stated:
            continue
        if rule.most_days is not None and days > rule.most_days:
            words = Words(
                f"用药天数限 {_plain(rule.most_days)} 天，本次 {_plain(days)} 天",
                f"at most for {_plain(rule.most_days)} days, this sale is for {_plain(days)}",
            )
            yield _lack(rule, stated[-1], "entitlement.over_days", words, _FEWER_DAYS)
        if rule.most_days_in_hand is None:
            continue
        left = days_in_hand([one for one in known if one.drug.item == item], purchase.day)
        if left + days > rule.most_days_in_hand:
            words = Words(
                f"余药 {_plain(left)} 天加本次 {_plain(days)} 天，超过 {_plain(rule.most_days_in_hand)} 天",
                f"{_plain(left)} days in hand and {_plain(days)} more pass {_plain(rule.most_days_in_hand)}",
            )
            yield _lack(rule, stated[-1], "entitlement.over_days_in_hand", words, _FEWER_DAYS)


def _passing(lines: Sequence[Bought], had: Decimal, limit: Decimal) -> Bought | None:
    """Return the line with which the count passes a limit; None if it does not."""
    for line in lines:
        had += line.count
        if had > limit:
            return line
    return None


def _sum(bought: Iterable[Bought | Earlier]) -> Decimal:
    return sum((one.count for one in bought), _ZERO)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _lack(rule: DrugRule, line: Bought, code: str, words: Words, step: Words) -> Lack:
    drug = line.drug.name or line.drug.item
    told = Words(f"{rule.title.zh} {drug}：{words.zh}", f"{rule.title.en}, {drug}: {words.en}")
    return Lack(line.serial, code, told, step)
