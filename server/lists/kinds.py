"""Which lists there are, and which columns their lines have.

1301 has the 97 columns that integrations count, in their order. The order of the other lists was found in no source:
they all have the columns of `config/lists/common.tsv`, and say so in docs/fsi.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from codes.words import Words

CODE: Final = "med_list_codg"
VERSION: Final = "ver"


class Holds(Enum):
    """What the lines of a list are."""

    ITEMS = "items"
    PRICE_LIMITS = "price limits"
    SHARES = "shares paid first"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list."""

    name: str
    zh: str


@dataclass(frozen=True, slots=True)
class ListKind:
    """A list, by the transaction that gives it out."""

    number: str
    title: Words
    holds: Holds = Holds.ITEMS
    list_type: str = ""
    """Of an item whose line says none; of 1301 its code says it."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of a line as it is given out; a file without header has them in this order."""
        return _LIMITS if self.holds is Holds.PRICE_LIMITS else _SHARES if self.holds is Holds.SHARES else self._shipped

    @property
    def more_columns(self) -> tuple[Column, ...]:
        """Columns that a file with a header may have besides."""
        return _MORE if self.holds is Holds.ITEMS else ()

    @property
    def name_column(self) -> str:
        """The column with an item's name."""
        return "drug_genname" if self.number == "1301" else "item_name"

    @property
    def other_names(self) -> Mapping[str, str]:
        """Other headers by which columns are known, and which these are."""
        return {"名称": self.name_column, **_OTHER_NAMES} if self.holds is Holds.ITEMS else _OTHER_NAMES_OF_AMOUNTS

    @property
    def _shipped(self) -> tuple[Column, ...]:
        return _shipped_columns("1301" if self.number == "1301" else "common")


_MORE: Final = (
    Column("list_type", "目录类别"),
    Column("chrgitm_lv", "收费项目等级"),
    Column("med_chrgitm_type", "医疗收费项目类别"),
    Column("hi_nego_drug_flag", "医保谈判药品标志"),
    Column("rx_flag", "处方药标志"),
    Column("med_use_flag", "医疗使用标志"),
    Column("matn_used_flag", "生育使用标志"),
    Column("hilist_use_type", "医保目录使用类别"),
    Column("lmt_cpnd_type", "限复方使用类型"),
)
_OTHER_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {"目录编码": CODE, "医疗目录编码": CODE, "国家医保编码": CODE, "通用名": "drug_genname", "医保类别": "chrgitm_lv"}
)
_SPAN: Final = (Column("begndate", "开始日期"), Column("enddate", "结束日期"))
_VALID: Final = Column("vali_flag", "有效标志")
_LIMITS: Final = (
    Column("hilist_code", "医保目录编码"),
    Column("hilist_lmtpric_type", "医保目录限价类型"),
    Column("level", "机构等级"),
    Column("insu_admdvs", "参保机构医保区划"),
    *_SPAN,
    Column("hilist_pric_uplmt_amt", "医保目录定价上限金额"),
    _VALID,
)
_SHARES: Final = (
    Column("hilist_code", "医保目录编码"),
    Column("selfpay_prop_psn_type", "医保目录自付比例人员类别"),
    Column("selfpay_prop_type", "目录自付比例类别"),
    Column("insu_admdvs", "参保机构医保区划"),
    *_SPAN,
    Column("selfpay_prop", "自付比例"),
    _VALID,
)
_OTHER_NAMES_OF_AMOUNTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "国家医保编码": "hilist_code",
        "限价": "hilist_pric_uplmt_amt",
        "限价类型": "hilist_lmtpric_type",
        "先自付比例": "selfpay_prop",
        "人员类别": "selfpay_prop_psn_type",
        "区划": "insu_admdvs",
    }
)

KINDS: Final[Mapping[str, ListKind]] = MappingProxyType(
    {
        kind.number: kind
        for kind in (
            ListKind("1301", Words("西药中成药", "western and patent medicines")),
            ListKind("1302", Words("中药饮片", "herbal pieces"), list_type="103"),
            ListKind("1303", Words("医疗机构制剂", "hospital preparations"), list_type="104"),
            ListKind("1305", Words("医疗服务项目", "service items"), list_type="201"),
            ListKind("1306", Words("医用耗材", "consumables"), list_type="301"),
            ListKind("1307", Words("疾病与诊断", "diseases")),
            ListKind("1308", Words("手术操作", "operations")),
            ListKind("1309", Words("门诊慢特病种", "chronic diseases")),
            ListKind("1310", Words("按病种付费病种", "disease packages")),
            ListKind("1311", Words("日间手术治疗病种", "day surgery")),
            ListKind("1313", Words("肿瘤形态学", "tumour morphology")),
            ListKind("1314", Words("中医疾病", "diseases of Chinese medicine")),
            ListKind("1315", Words("中医证候", "syndromes of Chinese medicine")),
            ListKind("1318", Words("医保目录限价", "price limits"), Holds.PRICE_LIMITS),
            ListKind("1319", Words("医保目录先自付比例", "shares paid first"), Holds.SHARES),
            ListKind("1320", Words("中药配方颗粒", "granules"), list_type="103"),
            ListKind("1321", Words("医疗服务项目（新）", "new service items"), list_type="201"),
        )
    }
)
"""By number."""


def file_kinds() -> Sequence[ListKind]:
    """Return the lists that are given out as files."""
    return [kind for kind in KINDS.values() if kind.holds is Holds.ITEMS]


@cache
def _shipped_columns(name: str) -> tuple[Column, ...]:
    text = (files("config") / "lists" / f"{name}.tsv").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in text.splitlines()[1:]]
    return tuple(Column(name, zh) for name, zh in lines)
