"""Which pack a trace code means that an institution states, or why it means none. Pure.

Software sends what its scanner gave it, or the ledger's own key of the pack. A code that names no single small pack
(a carton, a product, a stand-in, a person's credential) is refused with the reason; nothing is repaired silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from codes.classify import read_text
from codes.pack import ProductKey, pack_key, parse_pack_key, product_keys
from codes.reading import Confidence, Flag, Kind, Reading
from codes.words import Words
from rules.scan_facts import Circumstances, Mode, PackLevel, Size, facts_of

_REMEMBERED = 4096
"""Codes; each is asked about several times while one sale is tried and settled."""
_CARTON = ("code.carton", Words("这是中包装或整箱的码，请扫小盒上的码", "A code of a carton: scan the small box"))
_PLACEHOLDER = (
    "code.placeholder",
    Words("这是占位码，不是某一盒的追溯码", "A stand-in, no pack's own code"),
)
_PERSONAL = ("code.personal", Words("这是人员凭证，不是追溯码", "A person's credential, no trace code"))
_PRODUCT = (
    "code.not_individual",
    Words(
        "这是商品或产品编码，没有单盒序列号，不是追溯码", "It names a product and no single pack: it is no trace code"
    ),
)
_GLUED = ("code.glued", Words("两个码连在了一起，请分开填写", "Two codes in one: write them apart"))
_UNKNOWN = ("code.unknown", Words("不是可识别的追溯码", "No trace code that is known"))


@dataclass(frozen=True, slots=True)
class Pack:
    """One pack, as a code names it."""

    said: str
    """The code as it was stated."""
    key: str
    """Its key in the ledger."""
    products: tuple[ProductKey, ...]
    """What to look up in the matching library."""
    is_grouped: bool
    """The code itself says that it holds several packs."""


@dataclass(frozen=True, slots=True)
class NoPack:
    """Why a code means no pack."""

    said: str
    """The code as it was stated; empty if it belongs, or may belong, to a person."""
    code: str
    words: Words


@lru_cache(_REMEMBERED)
def pack_meant(said: str) -> Pack | NoPack:
    """Return the pack that a stated code means, or why it means none."""
    reading = read_text(said)
    if reading.is_masked:
        return NoPack("", *_PERSONAL)
    if Flag.PLACEHOLDER in reading.flags:
        return NoPack(said, *_PLACEHOLDER)
    key = pack_key(reading)
    if key is not None:
        seen = Circumstances(Mode.DISPENSE, reading, key, None)
        return Pack(said, key, product_keys(reading), facts_of(seen).size is Size.GROUPED)
    known = parse_pack_key(said)
    if known is not None:
        return Pack(said, known.text, known.products, is_grouped=False)
    if _may_be_other_vendors(said, reading):
        return Pack(said, said, (), is_grouped=False)
    return NoPack(said, *_why_none(reading))


def refusal_of_carton(pack: Pack, level: PackLevel | None) -> NoPack | None:
    """Return why the pack cannot be handed to a patient: it holds others, by the library or by its own code.

    Args:
        pack: The pack.
        level: What the matching library says of its product; None if it does not know it.
    """
    is_small = level is PackLevel.UNIT if level is not None else not pack.is_grouped
    return None if is_small else NoPack(pack.said, *_CARTON)


def _may_be_other_vendors(said: str, reading: Reading) -> bool:
    """Say whether it is 20 characters that the standard of trace codes allows, and nothing else that is known.

    Only their platform can tell whether such a code exists; a lawful code of another maker is not turned away.
    """
    return reading.kind is Kind.UNKNOWN and any(
        one.kind is Kind.TRACE and one.value == said and one.confidence is Confidence.POSSIBLE
        for one in reading.candidates
    )


def _why_none(reading: Reading) -> tuple[str, Words]:
    if Flag.GLUED in reading.flags:
        return _GLUED
    if reading.kind is not Kind.UNKNOWN:
        return _CARTON if reading.fields.get("sscc") else _PRODUCT
    code, words = _UNKNOWN
    reason = next((one.words for one in reading.reasons), None)
    return code, words if reason is None else Words(f"{words.zh}：{reason.zh}", f"{words.en}: {reason.en}")
