"""What kinds, confidences, flags and fields are called on screens and in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from codes.reading import Confidence, Flag, Kind
from codes.words import Words

KIND_NAMES: Mapping[Kind, Words] = MappingProxyType(
    {
        Kind.TRACE: Words("药品追溯码", "drug trace code"),
        Kind.GS1: Words("GS1 编码", "GS1 code"),
        Kind.HIBC: Words("HIBC 器械唯一标识", "HIBC device identifier"),
        Kind.MA: Words("MA 器械唯一标识", "MA device identifier"),
        Kind.ISBT: Words("ISBT 128 血液组织编码", "ISBT 128 blood or tissue code"),
        Kind.RETAIL: Words("商品条码", "retail barcode"),
        Kind.SSCC: Words("物流箱码（SSCC）", "carton code (SSCC)"),
        Kind.DRUG: Words("国家医保药品代码", "national drug code"),
        Kind.CONSUMABLE: Words("医保医用耗材代码", "national consumable code"),
        Kind.BENWEI: Words("药品本位码", "drug standard code"),
        Kind.VOUCHER: Words("医保码", "insurance QR code of a patient"),
        Kind.ID_NUMBER: Words("居民身份证号", "resident identity number"),
        Kind.UNKNOWN: Words("无法识别", "unknown"),
    }
)

CONFIDENCE_NAMES: Mapping[Confidence, Words] = MappingProxyType(
    {
        Confidence.CERTAIN: Words("确定", "certain"),
        Confidence.LIKELY: Words("很可能", "likely"),
        Confidence.POSSIBLE: Words("可能", "possible"),
    }
)

FLAG_NAMES: Mapping[Flag, Words] = MappingProxyType(
    {
        Flag.NORMALISED_WIDTH: Words("全角已转半角", "full width read as ASCII"),
        Flag.ZERO_WIDTH_REMOVED: Words("已去除不可见字符", "invisible characters dropped"),
        Flag.AFFIX_STRIPPED: Words("已去除首尾控制符", "affixes dropped"),
        Flag.AIM_STRIPPED: Words("已取出码制标识", "symbology identifier taken off"),
        Flag.CASE_FOLDED: Words("字母大小写已还原", "letter case set right"),
        Flag.GS_SUBSTITUTE: Words("以可见字符代替分隔符", "a stand-in read as separator"),
        Flag.PARENTHESES: Words("带括号文本", "bracketed text"),
        Flag.GB18030: Words("GB18030 编码", "text in GB18030"),
        Flag.UNDECODABLE: Words("无法解码", "no readable text"),
        Flag.CONTROL_CHARACTERS: Words("夹有控制字符", "control characters inside"),
        Flag.NO_SEPARATOR: Words("没有分隔符", "no separator"),
        Flag.PLACEHOLDER: Words("占位码", "stand-in code"),
        Flag.CHECK_FAILED: Words("校验位错误", "wrong check character"),
        Flag.CHECK_ADVISORY: Words("校验位提示", "check digit remark"),
        Flag.GLUED: Words("两码相连", "two codes glued"),
        Flag.TYPED: Words("人工输入", "typed by hand"),
        Flag.TOO_LONG: Words("超长", "too long"),
        Flag.MASKED: Words("已脱敏", "masked"),
    }
)

FIELD_NAMES: Mapping[str, Words] = MappingProxyType(
    {
        "form": Words("形式", "form"),
        "prefix": Words("药品标识码", "product prefix"),
        "serial": Words("序列号", "serial"),
        "gtin": Words("GTIN", "GTIN"),
        "lot": Words("批号", "lot"),
        "production": Words("生产日期", "production date"),
        "expiry": Words("有效期至", "expiry"),
        "valid_until": Words("有效期", "valid until"),
        "sscc": Words("SSCC", "SSCC"),
        "ai": Words("GS1 字段", "GS1 elements"),
        "di": Words("器械标识（DI）", "device identifier (DI)"),
        "labeler": Words("企业", "labeler"),
        "product": Words("产品", "product"),
        "unit": Words("包装级别", "unit of measure"),
        "quantity": Words("数量", "quantity"),
        "link": Words("关联字符", "link character"),
        "sterilisation_lot": Words("灭菌批号", "sterilisation lot"),
        "check": Words("校验位", "check digit"),
        "structures": Words("数据结构", "data structures"),
        "class": Words("类别", "class"),
        "category": Words("分类", "category"),
        "name": Words("名称", "name"),
        "dosage_form": Words("剂型", "dosage form"),
        "pack": Words("规格包装", "strength and pack"),
        "enterprise": Words("企业", "enterprise"),
        "base": Words("20 位码", "20-character code"),
        "classification": Words("分类", "classification"),
        "generic_name": Words("通用名", "generic name"),
        "feature": Words("特征", "feature"),
        "sequence": Words("流水号", "sequence"),
        "country": Words("国家", "country"),
        "province": Words("省份代码", "province"),
    }
)
