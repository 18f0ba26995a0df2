"""The decision table of one scan: the first row that fits decides. Data only; `rules.scan_judgement` walks it.

Words may name what is known: `{at}`, `{sale}` and `{terminal}` of an earlier sale, `{received}` for a delivery,
`{until}` for the day of expiry, `{ticket}` for a list that was put aside, at `{holder}` if that is another terminal.
"""

from __future__ import annotations

from dataclasses import dataclass

from codes.reading import Kind
from codes.words import Words
from rules.decision import Row, when
from rules.scan_facts import Listed, Mode, Size, Tone, Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """What the counter does and says when a row fits."""

    verdict: Verdict
    tone: Tone
    words: Words
    """What happened."""
    hint: Words | None = None
    """What to do, if there is something to do."""


DISPENSE, RECEIVE = Mode.DISPENSE, Mode.RECEIVE
CREDENTIALS = frozenset({Kind.VOUCHER, Kind.ID_NUMBER})
WRONG_CODE = Words("扫错了码", "The wrong code was scanned")
SOLD_HERE = Words(
    "这一盒已于 {at} 在本机售出（单号 {sale}）", "This box was sold at this terminal on {at}, sale {sale}"
)

FIRST: tuple[Row[Answer], ...] = (
    Row(
        "a patient's credential",
        when(kind=CREDENTIALS),
        Answer(
            Verdict.CREDENTIAL,
            Tone.NOTICE,
            Words("这是患者凭证，未保存", "This is a patient's credential; it was not kept"),
            Words("请在付款时出示。", "Present it when paying."),
        ),
    ),
    Row(
        "nobody signed in",
        when(signed_in=False),
        Answer(
            Verdict.SIGN_IN_FIRST,
            Tone.NOTICE,
            Words("尚未登录，此次扫码已留存，未加入清单", "Nobody is signed in; the scan was kept but is on no list"),
            Words("请登录后重新扫描。", "Sign in, then scan it again."),
        ),
    ),
    Row(
        "a stand-in code",
        when(placeholder=True),
        Answer(
            Verdict.PLACEHOLDER,
            Tone.ALARM,
            Words("占位码，不能作为追溯码", "A stand-in code, not a trace code"),
            Words("请扫描盒上印刷的追溯码。", "Scan the code that is printed on the box."),
        ),
    ),
    Row(
        "no code we know",
        when(kind=Kind.UNKNOWN),
        Answer(
            Verdict.UNREADABLE,
            Tone.NOTICE,
            Words("无法识别的码", "Not a code we know"),
            Words(
                "请对准追溯码重扫；多次失败请运行扫码枪自检。",
                "Scan the trace code again; if it keeps failing, test the scanner.",
            ),
        ),
    ),
)


def _wrong(name: str, kind: Kind, hint: Words) -> Row[Answer]:
    return Row(name, when(kind=kind), Answer(Verdict.WRONG_CODE_TYPE, Tone.NOTICE, WRONG_CODE, hint))


WRONG_KINDS: tuple[Row[Answer], ...] = (
    _wrong(
        "a retail barcode",
        Kind.RETAIL,
        Words(
            "这是商品条码，请扫描盒上的药品追溯码（20 位，多以 8 开头）。",
            "This is the retail barcode. Scan the trace code on the box (20 digits, usually starting with 8).",
        ),
    ),
    _wrong(
        "a shipping label",
        Kind.SSCC,
        Words("这是物流箱码，请扫描小盒上的追溯码。", "This is a shipping label. Scan the code on the small box."),
    ),
    _wrong(
        "a national drug code",
        Kind.DRUG,
        Words(
            "这是医保药品编码，不是追溯码；请扫描盒上的追溯码。",
            "This is the national drug code, not a trace code. Scan the trace code on the box.",
        ),
    ),
    _wrong(
        "a national consumable code",
        Kind.CONSUMABLE,
        Words(
            "这是医保耗材编码，不是 UDI；请扫描包装上的 UDI。",
            "This is the national consumable code, not a UDI. Scan the UDI on the pack.",
        ),
    ),
    _wrong(
        "a drug standard code",
        Kind.BENWEI,
        Words(
            "这是药品本位码，不是追溯码；请扫描盒上的追溯码。",
            "This is the drug standard code, not a trace code. Scan the trace code on the box.",
        ),
    ),
    _wrong(
        "a blood product",
        Kind.ISBT,
        Words(
            "这是血液制品标识，此处不登记；请在用血系统中登记。",
            "This is a blood product label; it is not recorded here, but in the blood bank's system.",
        ),
    ),
    Row(
        "no single pack",
        when(individual=False),
        Answer(
            Verdict.NOT_INDIVIDUAL,
            Tone.NOTICE,
            Words("此码没有序列号，只能识别品种或批次", "This code has no serial number; it names a product or a lot"),
            Words("请扫描带序列号的码。", "Scan the code that carries a serial number."),
        ),
    ),
)

ON_A_LIST: tuple[Row[Answer], ...] = (
    Row(
        "double scan",
        when(listed=Listed.JUST_NOW),
        Answer(
            Verdict.ALREADY_IN_SALE,
            Tone.NOTICE,
            Words("这一盒刚刚扫过，已在清单中", "This box was scanned a moment ago; it is in the basket"),
            Words("只计一次，请继续扫描下一盒。", "It counts once. Go on with the next box."),
        ),
    ),
    Row(
        "on the list that is being paid",
        when(listed=Listed.BEING_PAID),
        Answer(
            Verdict.ALREADY_IN_SALE,
            Tone.ALARM,
            Words("这一盒在正在收款的清单中，只计一次", "This box is on the list that is being paid; it counts once"),
            Words("请换一盒扫描。", "Scan the next box."),
        ),
    ),
    Row(
        "on the list",
        when(listed=Listed.BEFORE),
        Answer(
            Verdict.ALREADY_IN_SALE,
            Tone.ALARM,
            Words("这一盒已在清单中，只计一次", "This box is on the list already; it counts once"),
            Words("请换一盒扫描。", "Scan the next box."),
        ),
    ),
    Row(
        "on the next list",
        when(listed=Listed.NEXT),
        Answer(
            Verdict.ALREADY_IN_SALE,
            Tone.ALARM,
            Words("这一盒在下一单中（收款时扫的），未加入当前清单", "This box is on the next list, not on this one"),
            Words(
                "若属于当前清单，请先将它从下一单移除，再重新扫描。",
                "If it belongs to this list, take it off the next one, then scan it again.",
            ),
        ),
    ),
    Row(
        "on a list that was put aside",
        when(listed=Listed.HELD),
        Answer(
            Verdict.ALREADY_IN_SALE,
            Tone.ALARM,
            Words("这一盒在挂单 {ticket} 中", "This box is on list {ticket}, which was put aside"),
            Words(
                "请换一盒；或取回该挂单，移除这一盒后再扫描。",
                "Take another box, or take that list up and take the box off it first.",
            ),
        ),
    ),
    Row(
        "on a list that was put aside at another terminal of the site",
        when(listed=Listed.HELD_AT_SITE),
        Answer(
            Verdict.ALREADY_IN_SALE,
            Tone.ALARM,
            Words(
                "这一盒在本店终端 {holder} 的挂单 {ticket} 中",
                "This box is on list {ticket}, which was put aside at terminal {holder} of this site",
            ),
            Words(
                "请换一盒；或在终端 {holder} 取回该挂单并移除这一盒，再扫描。",
                "Take another box, or take that list up at terminal {holder} and take the box off it first.",
            ),
        ),
    ),
)

TOO_LARGE: tuple[Row[Answer], ...] = (
    Row(
        "an inner pack or a carton at dispensing",
        when(mode=DISPENSE, size={Size.INNER, Size.CARTON}),
        Answer(
            Verdict.CARTON,
            Tone.ALARM,
            Words("这是大包装码", "This code belongs to a carton or an inner pack"),
            Words("请扫描小盒上的追溯码。", "Scan the small box."),
        ),
    ),
    Row(
        "a group of packs at dispensing, by its GTIN",
        when(mode=DISPENSE, size=Size.GROUPED),
        Answer(
            Verdict.CARTON,
            Tone.ALARM,
            Words("这是大包装码（按 GTIN 包装指示符）", "By its GTIN this code stands for a group of packs"),
            Words(
                "请扫描小盒上的码；若确为最小销售单元，请先在匹配库中登记。",
                "Scan the small box. If it is the smallest sales unit, register it in the matching library first.",
            ),
        ),
    ),
)

SEEN_BEFORE: tuple[Row[Answer], ...] = (
    Row(
        "sold here, scanned to sell",
        when(mode=DISPENSE, sold_here=True),
        Answer(
            Verdict.SOLD_HERE,
            Tone.ALARM,
            SOLD_HERE,
            Words("请核对实物；若为退货，请先办理退货。", "Check the box; if it came back, record the return first."),
        ),
    ),
    Row(
        "sold here, scanned to receive",
        when(sold_here=True),
        Answer(
            Verdict.SOLD_HERE,
            Tone.ALARM,
            SOLD_HERE,
            Words(
                "请核对实物；若是顾客退回，请办理退货，不要入库。",
                "Check the box; if it comes back, use Return instead of receiving it.",
            ),
        ),
    ),
    Row(
        "sold at another terminal of the site",
        when(sold_at_site=True),
        Answer(
            Verdict.SOLD_AT_SITE,
            Tone.ALARM,
            Words(
                "这一盒已于 {at} 在本店终端 {terminal} 售出（单号 {sale}）",
                "This box was sold at terminal {terminal} of this site on {at}, sale {sale}",
            ),
            Words(
                "请核对实物；若为退货：医保结算的可在本机“售后”页扫这一盒查找办理，自费的请到终端 {terminal} 办理。",
                "Check the box. If it came back: an insured sale is looked up by the box and taken back here too, a "
                "sale for cash at terminal {terminal}.",
            ),
        ),
    ),
    Row(
        "sold at another institution",
        when(sold_elsewhere=True),
        Answer(
            Verdict.SOLD_ELSEWHERE,
            Tone.ALARM,
            Words("中心记录：这一盒已在其他机构售出", "The centre says: this box was sold by another institution"),
            Words(
                "请勿售出或入库；将实物单独存放，并联系供货方与医保部门核实。",
                "Do not sell or receive it. Put it aside and ask the supplier and the insurance bureau.",
            ),
        ),
    ),
    Row(
        "came back and lies apart",
        when(apart=True),
        Answer(
            Verdict.QUARANTINED,
            Tone.ALARM,
            Words("这一盒于 {back} 退回，隔离中", "This box came back on {back} and lies apart"),
            Words(
                "请放回隔离区；经检查可以再售的，由负责人解除隔离后再扫。",
                "Put it back. If it was examined and may be sold, release it by name first, then scan it again.",
            ),
        ),
    ),
    Row(
        "expired, scanned to sell",
        when(mode=DISPENSE, expired=True),
        Answer(
            Verdict.EXPIRED,
            Tone.ALARM,
            Words("这一盒已过有效期（有效期至 {until}）", "This box has expired; its last good day was {until}"),
            Words(
                "请勿售出；移至不合格品区登记处理，换一盒扫描。",
                "Do not sell it. Put it with what is not for sale, record that, and take another box.",
            ),
        ),
    ),
    Row(
        "received here, scanned to receive",
        when(mode=RECEIVE, received_here=True),
        Answer(
            Verdict.RECEIVED_HERE,
            Tone.NOTICE,
            Words("这一盒已入库，未重复登记", "This box is in stock already; it was not recorded again"),
            Words(
                "{received} 已在本机入库。是否重复扫描？请核对实物。",
                "Received at this terminal on {received}. Was this a repeat? Check the box.",
            ),
        ),
    ),
)

NEVER_SEEN: tuple[Row[Answer], ...] = (
    Row(
        "matched, during a payment",
        when(paying=True, size={Size.UNIT, Size.INNER, Size.CARTON}),
        Answer(
            Verdict.ADDED,
            Tone.NOTICE,
            Words("正在收款，已计入下一单", "A sale is being paid; this box is on the next one"),
            Words("收款结束后自动显示下一单。", "The next list is shown when the payment is over."),
        ),
    ),
    Row(
        "without a product, during a payment",
        when(paying=True),
        Answer(
            Verdict.UNMATCHED,
            Tone.NOTICE,
            Words(
                "正在收款，已计入下一单；未匹配到药品",
                "A sale is being paid; this box is on the next one. No product matched",
            ),
            Words(
                "收款结束后自动显示下一单；请核对药品。",
                "The next list is shown when the payment is over. Check the box.",
            ),
        ),
    ),
    Row(
        "matched",
        when(size={Size.UNIT, Size.INNER, Size.CARTON}),
        Answer(Verdict.ADDED, Tone.OK, Words("已匹配", "Matched")),
    ),
    Row(
        "without a product",
        when(),
        Answer(
            Verdict.UNMATCHED,
            Tone.NOTICE,
            Words("未匹配到药品，已登记", "No product matched; recorded"),
            Words("请核对药品，稍后在匹配库中补录。", "Check the box; it can be matched later."),
        ),
    ),
)

TABLE: tuple[Row[Answer], ...] = (*FIRST, *WRONG_KINDS, *ON_A_LIST, *TOO_LARGE, *SEEN_BEFORE, *NEVER_SEEN)
"""All rows, in the order in which they are asked."""
