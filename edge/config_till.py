"""The table of the till: above which amounts more is asked for, and what this shop does not have insured."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import StringConstraints

from codes.words import Words
from rules.catalogue_cells import InsuranceClass
from web.config_sections import Section
from web.option import option


class TillSection(Section):
    """Settling with the insurance at the counter."""

    second_factor_own_yuan: Annotated[
        Decimal,
        option(
            Words("个人账户限额", "Limit of accounts"),
            Words(
                "单笔由个人账户（含家庭共济）支付超过此数时须再次确认身份",
                "A second factor is asked for where accounts (the family's too) pay more than this in one sale",
            ),
            unit="yuan",
            ge=0,
        ),
    ] = Decimal(5_000)
    second_factor_total_yuan: Annotated[
        Decimal,
        option(
            Words("总额限额", "Limit of a sale"),
            Words(
                "单笔总额超过此数时须再次确认身份", "A second factor is asked for where a sale comes to more than this"
            ),
            unit="yuan",
            ge=0,
        ),
    ] = Decimal(50_000)
    checks_card_pin: Annotated[
        bool,
        option(
            Words("社保卡输密", "PIN of the card"),
            Words(
                "读社保卡时由持卡人在读卡器上输入密码", "Its holder types the PIN at the reader when the card is read"
            ),
        ),
    ] = True
    real_name_packs: Annotated[
        int,
        option(
            Words("实名药限量", "Packs sold by name"),
            Words(
                "含麻黄碱等实名药一次至多几盒（最小包装）",
                "Most packs of a drug that is sold by name, such as ephedrine compounds, in one sale",
            ),
            unit="packs",
            ge=1,
            le=1_000,
        ),
    ] = 2
    settles_devices: Annotated[
        bool,
        option(
            Words("器械可医保结算", "Devices are insured"),
            Words(
                "目录中标为器械的品种也作医保结算（须有国家医保编码）",
                "What the catalogue calls a device is settled with the insurance too (needs a national code)",
            ),
        ),
    ] = False
    not_settled_classes: Annotated[
        tuple[InsuranceClass, ...],
        option(
            Words("不作医保结算的类别", "Classes kept out"),
            Words(
                '这些医保类别不随医保结算，如 ["自费"]；不填则由医保判定（参保人自付）',
                'Insurance classes that are kept out, such as ["自费"]; without it the insurance decides',
            ),
        ),
    ] = ()
    turn_insured_days: Annotated[
        int,
        option(
            Words("补刷期限", "Insured later"),
            Words(
                "自费售出后多少天内可改为医保结算（补刷）；0 为不办理",
                "Days after a self-pay sale within which it may be turned insured; 0: never",
            ),
            unit="d",
            ge=0,
            le=365,
        ),
    ] = 7
    pharmacists: Annotated[
        tuple[
            Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\S+ +\S+ +\S+$", max_length=160)], ...
        ],
        option(
            Words("药师", "Pharmacists"),
            Words(
                "台账上传（3505）所用，每项为“编码 姓名 执业证号”，第一位为当班药师",
                "For the ledger (3505), each “code name licence”; the first one is on duty",
            ),
        ),
    ] = ()
