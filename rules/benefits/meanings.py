"""What the codes of a case mean, for the sentence that tells it. A code that is not known here stands for itself.

The words are those of the interface's dictionaries where it has any; a longer local code of a kind of people means what
it begins with.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from codes.words import Words

INSUTYPES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "310": Words("职工基本医疗保险", "employee basic"),
        "390": Words("城乡居民基本医疗保险", "resident basic"),
    }
)
PSN_TYPES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "11": Words("在职", "employed"),
        "12": Words("退休", "retired"),
        "13": Words("离休", "retired cadre"),
        "14": Words("未成年居民", "resident, minor"),
        "15": Words("成年居民", "resident, adult"),
        "16": Words("老年居民", "resident, old"),
    }
)
"""By the two digits with which the code begins."""
MED_TYPES: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "11": Words("普通门诊", "outpatient"),
        "12": Words("门诊挂号", "registration"),
        "13": Words("急诊", "emergency"),
        "14": Words("门诊慢特病", "chronic or special outpatient"),
        "15": Words("特药（地方）", "special drugs (local)"),
        "21": Words("普通住院", "inpatient"),
        "22": Words("外伤住院", "injury inpatient"),
        "23": Words("转外诊治住院", "referral"),
        "24": Words("急诊转住院", "emergency then admitted"),
        "41": Words("定点药店购药", "pharmacy purchase"),
        "51": Words("生育门诊", "maternity outpatient"),
        "52": Words("生育住院", "maternity inpatient"),
        "9901": Words("两病门诊（湖南）", "two-disease outpatient (Hunan)"),
    }
)
LEVELS: Final[Mapping[str, Words]] = MappingProxyType(
    {
        "1": Words("一级", "1"),
        "2": Words("二级", "2"),
        "3": Words("三级", "3"),
        "community": Words("社区", "community clinic"),
        "pharmacy": Words("药店", "pharmacy"),
    }
)
_KIND_DIGITS: Final = 2


def insutype_words(code: str) -> Words:
    """Return what a kind of insurance is, with its code.

    >>> str(insutype_words("310")), insutype_words("340").zh
    ('职工基本医疗保险（310） / employee basic (310)', '340')
    """
    return _with_code(INSUTYPES.get(code), code)


def psn_type_words(code: str) -> Words:
    """Return what kind of people somebody belongs to, with its code.

    >>> psn_type_words("1101").zh, psn_type_words("99").en
    ('在职（1101）', '99')
    """
    return _with_code(PSN_TYPES.get(code[:_KIND_DIGITS]), code)


def med_type_words(code: str) -> Words:
    """Return what kind of treatment it is, with its code."""
    return _with_code(MED_TYPES.get(code), code)


def level_words(code: str) -> Words:
    """Return the level of an institution.

    >>> str(level_words("pharmacy")), level_words("3").zh
    ('药店 / pharmacy', '三级')
    """
    return LEVELS.get(code, Words(code, code))


def _with_code(meant: Words | None, code: str) -> Words:
    return Words(code, code) if meant is None else Words(f"{meant.zh}（{code}）", f"{meant.en} ({code})")
