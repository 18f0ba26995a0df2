"""The lists from which insured people come: what columns they have, and what their lines say.

Seven lists, since as many offices keep them: people (whose lines may carry an insurance, a card and a balance as well),
further insurances, further credentials, facts that hold for a time, families that share accounts, balances, and what
the year had come to before this centre settled.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from codes.words import Words
from server.people import list_cells as cells
from server.people.insured import RESIDENT_CARD
from server.people.list_file import Column, Sheet
from server.store.insured import FactKind

PEOPLE: Final = "people"
INSURANCES: Final = "insurances"
CREDENTIALS: Final = "credentials"
FACTS: Final = "facts"
FAMILY: Final = "family"
BALANCES: Final = "balances"
TOTALS: Final = "totals"

_CERTIFICATES = {"居民身份证": RESIDENT_CARD, "身份证": RESIDENT_CARD} | {f"{n:02}": f"{n:02}" for n in range(1, 100)}
_SEXES = {"男": "1", "女": "2", "未说明": "9", "1": "1", "2": "2", "9": "9", "0": "9"}
_INSURANCE_KINDS = {"职工": "310", "职工基本医疗保险": "310", "居民": "390", "城乡居民基本医疗保险": "390"}
_PERSON_KINDS = {"在职": "11", "退休": "12", "离休": "13"}
_STATES = {"正常参保": "1", "正常": "1", "暂停参保": "2", "暂停": "2", "终止参保": "4", "终止": "4"}
_CREDENTIAL_KINDS = {"电子凭证": "01", "医保码": "01", "身份证": "02", "社会保障卡": "03", "社保卡": "03"} | {
    kind: kind for kind in ("01", "02", "03")
}
_FACT_KINDS = MappingProxyType(
    {
        "救助身份": FactKind.ASSISTANCE,
        "慢特病": FactKind.CHRONIC,
        "慢病": FactKind.CHRONIC,
        "两病": FactKind.TWO_DISEASE,
        "转诊": FactKind.REFERRAL,
        "异地备案": FactKind.OUT_OF_AREA,
        "企业补充": FactKind.ENTERPRISE,
    }
    | {kind.value: kind for kind in FactKind}
)
_cert_type = cells.one_of(_CERTIFICATES)
_insutype = cells.name_or_digits(_INSURANCE_KINDS, 6)
_psn_type = cells.name_or_digits(_PERSON_KINDS, 6)
_state = cells.name_or_digits(_STATES, 6)

SHEETS: Final = (
    Sheet(
        PEOPLE,
        Words("参保人员", "people"),
        (
            Column("psn_no", "人员编号", cells.number, is_required=True),
            Column("name", "姓名", cells.text, is_required=True),
            Column("cert_type", "证件类型", _cert_type),
            Column("certno", "证件号码", cells.number, is_required=True),
            Column("sex", "性别", cells.one_of(_SEXES)),
            Column("birth_day", "出生日期", cells.day),
            Column("ethnic", "民族", cells.text),
            Column("insutype", "险种", _insutype),
            Column("psn_type", "人员类别", _psn_type),
            Column("district", "参保区划", cells.district),
            Column("from", "起始日期", cells.first_day),
            Column("to", "截止日期", cells.last_day),
            Column("civil_servant", "公务员", cells.flag),
            Column("state", "参保状态", _state),
            Column("employer", "单位名称", cells.text),
            Column("card_no", "社保卡号", cells.number),
            Column("card_sn", "卡识别码", cells.number),
            Column("balance", "账户余额", cells.money),
            Column("as_of", "余额时点", cells.moment),
        ),
    ),
    Sheet(
        INSURANCES,
        Words("参保记录", "insurances"),
        (
            Column("psn_no", "人员编号", cells.number, is_required=True),
            Column("insutype", "险种", _insutype, is_required=True),
            Column("psn_type", "人员类别", _psn_type, is_required=True),
            Column("district", "参保区划", cells.district, is_required=True),
            Column("from", "起始日期", cells.first_day, is_required=True),
            Column("to", "截止日期", cells.last_day),
            Column("civil_servant", "公务员", cells.flag),
            Column("state", "参保状态", _state),
            Column("employer", "单位名称", cells.text),
        ),
    ),
    Sheet(
        CREDENTIALS,
        Words("就诊凭证", "credentials"),
        (
            Column("psn_no", "人员编号", cells.number, is_required=True),
            Column("credential", "凭证类型", cells.one_of(_CREDENTIAL_KINDS), is_required=True),
            Column("number", "凭证编号", cells.number, is_required=True),
            Column("card_sn", "卡识别码", cells.number),
            Column("from", "起始日期", cells.first_day, is_required=True),
            Column("to", "截止日期", cells.last_day),
        ),
    ),
    Sheet(
        FACTS,
        Words("待遇事实", "facts"),
        (
            Column("psn_no", "人员编号", cells.number),
            Column("cert_type", "证件类型", _cert_type),
            Column("certno", "证件号码", cells.number),
            Column("kind", "类别", cells.one_of(_FACT_KINDS), is_required=True),
            Column("code", "编码", cells.number, is_required=True),
            Column("from", "起始日期", cells.first_day, is_required=True),
            Column("to", "截止日期", cells.last_day),
            Column("level", "等级", cells.text),
            Column("memo", "备注", cells.text),
        ),
    ),
    Sheet(
        FAMILY,
        Words("家庭共济", "families"),
        (
            Column("receiver", "使用人编号", cells.number, is_required=True),
            Column("giver", "授权人编号", cells.number, is_required=True),
            Column("from", "起始日期", cells.first_day, is_required=True),
            Column("to", "截止日期", cells.last_day),
            Column("rank", "顺位", cells.rank),
            Column("limit", "年度限额", cells.money),
        ),
    ),
    Sheet(
        BALANCES,
        Words("账户余额", "balances"),
        (
            Column("psn_no", "人员编号", cells.number, is_required=True),
            Column("balance", "账户余额", cells.money, is_required=True),
            Column("as_of", "余额时点", cells.moment),
        ),
    ),
    Sheet(
        TOTALS,
        Words("年度累计", "year totals"),
        (
            Column("psn_no", "人员编号", cells.number, is_required=True),
            Column("year", "年度", cells.year, is_required=True),
            Column("key", "累计项", cells.text, is_required=True),
            Column("amount", "金额", cells.money, is_required=True),
        ),
    ),
)
