"""What must be there before the insurance is asked: everything that is missing at once. Pure.

The centre asks the same and more (approvals, e-prescriptions, what was had before); what it misses is told by the
trial, with its own codes (`refused_lacks`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from codes.words import Words
from edge.till.asked import CREDENTIAL_VOUCHER, AskedLine, AskedSettlement
from edge.till.basket import Basket
from edge.till.views import Amounts, Lack
from wire.fsi.asking import Answer

_OF_A_LINE = re.compile(r"明细 (\S+?)：(.+?) \[([a-z0-9_.]+)\] (.*?)(?=；明细 |$)", re.DOTALL)
_IN_ENGLISH = " / line "
_ENGLISH_LINES = re.compile(r"; (?=line \S+: )")
_SEE_TO_IT = Words("请按提示处理，或自费结算。", "See to what it says, or close the list as self-pay.")
_FIRST = re.compile(r"明细 (\S+?)：(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Limits:
    """Above which figures more is asked for."""

    own: Decimal = Decimal(5_000)
    """Yuan from accounts: a second factor (T-38)."""
    total: Decimal = Decimal(50_000)
    """Yuan in all: a second factor (T-38)."""
    real_name_packs: int = 2
    """Packs of a drug that is sold by name, in one sale."""
    code_length: int = 100
    """Characters of a trace code that the area carries."""


def needs_second_factor(amounts: Amounts, limits: Limits) -> bool:
    """Say whether a settlement asks for a second factor: above a limit, not at it."""
    return amounts.account + amounts.mutual_aid > limits.own or amounts.fee > limits.total


def lacks_of(asked: AskedSettlement, basket: Basket, limits: Limits) -> tuple[Lack, ...]:
    """Return everything that is missing, of the list and of what was said about it."""
    return (*basket.lacks, *_lacks(asked, basket, limits))


def _lacks(asked: AskedSettlement, basket: Basket, limits: Limits) -> Iterator[Lack]:
    for line in asked.lines:
        known = basket.goods[line.line]
        yield from _codes(line, limits)
        if line.is_prescription:
            yield from _prescription(line)
        if known.is_real_name:
            yield from _real_name(line, asked.person.credential)
    yield from _over_purchase(asked, basket, limits)
    if any(line.is_prescription for line in asked.lines) and not asked.pharmacist:
        yield Lack(
            "till.pharmacist_missing",
            Words("处方药须经药师审方", "A pharmacist has to review the prescription"),
            Words("请填写审方药师编码。", "State the pharmacist's code."),
        )


def _codes(line: AskedLine, limits: Limits) -> Iterator[Lack]:
    if len(set(line.codes)) != line.count and not line.is_split:
        words = Words(
            f"追溯码 {len(set(line.codes))} 个，数量 {line.count}",
            f"{len(set(line.codes))} codes for {line.count} packs",
        )
        yield _lack("till.codes_short", line, words, Words("请逐盒扫码。", "Scan every pack."))
    if any(len(code) > limits.code_length for code in line.codes):
        words = Words("追溯码超过本地长度", "a code is longer than the area carries")
        yield _lack("till.code_too_long", line, words, Words("该行请自费结算。", "Sell this line as self-pay."))


def _prescription(line: AskedLine) -> Iterator[Lack]:
    written = line.prescription
    if written is None or not written.number:
        step = Words("请填写处方号，或移出该行。", "State the prescription's number, or take the line off.")
        yield _lack("till.prescription_missing", line, Words("处方药缺处方号", "a prescription drug without one"), step)
    if written is None or not written.doctor_code:
        step = Words("请填写开单医师编码。", "State the code of the doctor who prescribed it.")
        yield _lack("till.doctor_missing", line, Words("缺开单医师", "the prescribing doctor is not named"), step)


def _real_name(line: AskedLine, credential: str) -> Iterator[Lack]:
    if credential == CREDENTIAL_VOUCHER:
        step = Words("请读取身份证或社保卡。", "Read the ID card or the social-security card.")
        words = Words("实名药须出示身份证或社保卡", "it is sold by name, on a card")
        yield _lack("till.certificate_missing", line, words, step)


def _over_purchase(asked: AskedSettlement, basket: Basket, limits: Limits) -> Iterator[Lack]:
    """Name each drug of which the sale has too much, its lines together: units count as what they are of a pack."""
    lines = [line for line in asked.lines if basket.goods[line.line].is_real_name]
    most = limits.real_name_packs
    for product in dict.fromkeys(line.product for line in lines):
        of_it = [line for line in lines if line.product == product]
        size = Decimal(max(1, basket.goods[of_it[0].line].units_per_pack))
        units = sum((line.count if line.is_split else line.count * size for line in of_it), Decimal(0))
        if units > most * size:
            asked_for = f"{units / size:.2f}".rstrip("0").rstrip(".")
            words = Words(
                f"实名药一次至多 {most} 盒，本单合计 {asked_for} 盒",
                f"at most {most} packs are sold at once, this sale has {asked_for}",
            )
            yield _lack("till.over_purchase", of_it[0], words, Words("请减少数量。", "Take packs off."))


def refused_lacks(answer: Answer) -> tuple[Lack, ...]:
    """Return what the centre misses, from its refusal: each with its own code where it names several."""
    zh, slash, en = answer.warning.partition(_IN_ENGLISH)
    named, told = _OF_A_LINE.findall(zh), _ENGLISH_LINES.split(f"line {en}") if slash else []
    if named:
        told = told if len(told) == len(named) else ["" for _ in named]
        return tuple(_named(one, english) for one, english in zip(named, told, strict=True))
    first = _FIRST.match(answer.message)
    words = _both(answer.message if first is None else f"第 {first[1]} 行：{first[2]}")
    step = _both(answer.warning) if answer.warning else _SEE_TO_IT
    return (Lack(answer.code or "till.refused", words, step, _line_of(first[1]) if first else None),)


def _named(told: tuple[str, str, str, str], english: str) -> Lack:
    serial, words, code, step = told
    said, _, todo = english.partition(": ")[2].partition(". ")
    return Lack(
        code,
        Words(f"第 {serial} 行：{words}", f"Line {serial}: {said or words}"),
        Words(step, todo or step),
        _line_of(serial),
    )


def _both(told: str) -> Words:
    """Return what the centre said, which has both languages if it is ours; else it is passed on as it came."""
    zh, _, en = told.partition(" / ")
    return Words(zh, en or zh)


def _line_of(serial: str) -> int | None:
    return int(serial) if serial.isdecimal() else None


def _lack(code: str, line: AskedLine, words: Words, next_step: Words) -> Lack:
    return Lack(
        code,
        Words(f"第 {line.line} 行 {line.name}：{words.zh}", f"Line {line.line}, {line.name}: {words.en}"),
        next_step,
        line.line,
    )
