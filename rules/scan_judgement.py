"""What one scan means at a counter: a decision table, first row that fits.

The table is data so that it can be read, printed in the manual and tested cell by cell. It decides nothing about
money and nothing about other places: what was sold and received at this terminal is all that it knows by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from codes.reading import Flag, Kind, Reading
from codes.words import Words


class Mode(StrEnum):
    """What the counter is doing."""

    DISPENSE = "dispense"
    RECEIVE = "receive"


class PackLevel(StrEnum):
    """Pack level that the product's identifier stands for (小码, 中码, 大码)."""

    UNIT = "unit"
    """Smallest sales pack."""
    INNER = "inner"
    CARTON = "carton"


class Verdict(StrEnum):
    """What the counter does with the scan."""

    ADDED = "added"
    UNMATCHED = "unmatched"
    """On the list, without a product."""
    ALREADY_IN_SALE = "already_in_sale"
    SOLD_HERE = "sold_here"
    """Sold at this terminal and not come back."""
    RECEIVED_HERE = "received_here"
    """Scanned to be received, but received at this terminal already and still there."""
    CARTON = "carton"
    WRONG_CODE_TYPE = "wrong_code_type"
    NOT_INDIVIDUAL = "not_individual"
    PLACEHOLDER = "placeholder"
    CREDENTIAL = "credential"
    UNREADABLE = "unreadable"


class Tone(StrEnum):
    """How loudly the counter says it."""

    OK = "ok"
    NOTICE = "notice"
    """One low tone: something is missing, work goes on."""
    ALARM = "alarm"
    """Two low tones and a red row: the pack must not be handed out."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known when a scan is judged."""

    mode: Mode
    reading: Reading
    pack: str | None
    """Key of the single pack (`codes.pack.pack_key`), if the code has one."""
    level: PackLevel | None
    """From the matching library; None if the product is not known."""
    is_in_sale: bool
    """The pack is on the list already."""
    is_sold_here: bool
    """The pack was handed out at this terminal before and has not come back."""
    received_at: datetime | None
    """When this terminal received the pack (shop time); None if it did not, or if a sale of it came back since."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict and how to say it."""

    verdict: Verdict
    tone: Tone
    words: Words
    """What happened."""
    hint: Words | None = None
    """What to do, if there is something to do."""

    @property
    def is_on_list(self) -> bool:
        """The scan makes or extends a line."""
        return self.verdict in {Verdict.ADDED, Verdict.UNMATCHED}


_PACK_KINDS = frozenset({Kind.TRACE, Kind.GS1, Kind.HIBC, Kind.MA})

_HINTS: dict[Kind, Words] = {
    Kind.RETAIL: Words(
        "这是商品条码，请扫描盒上的药品追溯码（20 位，多以 8 开头）。",
        "This is the retail barcode. Scan the trace code on the box (20 digits, usually starting with 8).",
    ),
    Kind.SSCC: Words(
        "这是物流箱码，请扫描小盒上的追溯码。", "This is a shipping label. Scan the code on the small box."
    ),
    Kind.DRUG: Words("这是医保药品编码，不是追溯码。", "This is the national drug code, not a trace code."),
    Kind.CONSUMABLE: Words("这是医保耗材编码，不是 UDI。", "This is the national consumable code, not a UDI."),
    Kind.BENWEI: Words("这是药品本位码，不是追溯码。", "This is the drug standard code, not a trace code."),
    Kind.ISBT: Words("这是血液制品标识，此处不登记。", "This is a blood product label; it is not recorded here."),
}

_CREDENTIAL = Judgement(
    Verdict.CREDENTIAL,
    Tone.NOTICE,
    Words("这是患者凭证，未保存", "This is a patient's credential; it was not kept"),
    Words("请在付款时出示。", "Present it when paying."),
)
_UNREADABLE = Judgement(
    Verdict.UNREADABLE,
    Tone.NOTICE,
    Words("无法识别的码", "Not a code we know"),
    Words(
        "请对准追溯码重扫；多次失败请运行扫码枪自检。",
        "Scan the trace code again; if it keeps failing, test the scanner.",
    ),
)
_PLACEHOLDER = Judgement(
    Verdict.PLACEHOLDER,
    Tone.ALARM,
    Words("占位码，不能作为追溯码", "A stand-in code, not a trace code"),
    Words("请扫描盒上印刷的追溯码。", "Scan the code that is printed on the box."),
)
_NOT_INDIVIDUAL = Judgement(
    Verdict.NOT_INDIVIDUAL,
    Tone.NOTICE,
    Words("此码没有序列号，只能识别品种或批次", "This code has no serial number; it names a product or a lot"),
    Words("请扫描带序列号的码。", "Scan the code that carries a serial number."),
)
_ALREADY = Judgement(
    Verdict.ALREADY_IN_SALE,
    Tone.ALARM,
    Words("这一盒已在清单中，只计一次", "This box is on the list already; it counts once"),
    Words("请换一盒扫描。", "Scan the next box."),
)
_CARTON = Judgement(
    Verdict.CARTON,
    Tone.ALARM,
    Words("这是大包装码", "This code belongs to a carton or an inner pack"),
    Words("请扫描小盒上的追溯码。", "Scan the small box."),
)
_SOLD_HERE = Judgement(
    Verdict.SOLD_HERE,
    Tone.ALARM,
    Words("这一盒在本机已售出", "This box was sold at this terminal before"),
    Words("请核对实物；若为退货，请先办理退货。", "Check the box; if it came back, record the return first."),
)
_SOLD_NOT_RECEIVED = replace(
    _SOLD_HERE,
    hint=Words(
        "请核对实物；若是顾客退回，请办理退货，不要入库。",
        "Check the box; if it comes back, use Return instead of receiving it.",
    ),
)
_ADDED = Judgement(Verdict.ADDED, Tone.OK, Words("已匹配", "Matched"))
_UNMATCHED = Judgement(
    Verdict.UNMATCHED,
    Tone.NOTICE,
    Words("未匹配到药品，已登记", "No product matched; recorded"),
    Words("请核对药品，稍后在匹配库中补录。", "Check the box; it can be matched later."),
)


def judge(seen: Circumstances) -> Judgement:
    """Return what the scan means. The order of the rows is the rule."""
    kind = seen.reading.kind
    rows: tuple[tuple[bool, Judgement], ...] = (
        (kind.is_personal, _CREDENTIAL),
        (Flag.PLACEHOLDER in seen.reading.flags, _PLACEHOLDER),
        (kind is Kind.UNKNOWN, _UNREADABLE),
        (kind not in _PACK_KINDS, _wrong_type(kind)),
        (seen.pack is None, _NOT_INDIVIDUAL),
        (seen.is_in_sale, _ALREADY),
        (seen.mode is Mode.DISPENSE and seen.level in {PackLevel.INNER, PackLevel.CARTON}, _CARTON),
        (seen.is_sold_here, _SOLD_HERE if seen.mode is Mode.DISPENSE else _SOLD_NOT_RECEIVED),
        (seen.mode is Mode.RECEIVE and seen.received_at is not None, _received_here(seen.received_at)),
        (seen.level is not None, _ADDED),
    )
    return next((judgement for fits, judgement in rows if fits), _UNMATCHED)


def _received_here(at: datetime | None) -> Judgement:
    since = "" if at is None else f"{at:%Y-%m-%d %H:%M}"
    return Judgement(
        Verdict.RECEIVED_HERE,
        Tone.NOTICE,
        Words("这一盒已入库，未重复登记", "This box is in stock already; it was not recorded again"),
        Words(
            f"{since} 已在本机入库。是否重复扫描？请核对实物。",
            f"Received at this terminal on {since}. Was this a repeat? Check the box.",
        ),
    )


def _wrong_type(kind: Kind) -> Judgement:
    return Judgement(
        Verdict.WRONG_CODE_TYPE, Tone.NOTICE, Words("扫错了码", "The wrong code was scanned"), _HINTS.get(kind)
    )
