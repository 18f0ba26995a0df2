"""Adds to a judgement what the reading itself knows: why it is refused, and what was noticed on the way. Pure.

The decision table says what the counter does. Why a text is no code we know, which repair was made (C-03), and that a
scanner may lose separators stands in the reading, and how much a carton holds in the library; the person at the counter
must see it too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from codes.names import FLAG_NAMES
from codes.reading import Flag, Kind, Reading
from codes.words import Words
from edge.store.catalogue import Match
from rules.scan_judgement import Judgement, PackLevel, Tone, Verdict

REPAIRS = (
    Flag.NORMALISED_WIDTH,
    Flag.ZERO_WIDTH_REMOVED,
    Flag.CASE_FOLDED,
    Flag.GS_SUBSTITUTE,
    Flag.PARENTHESES,
    Flag.GB18030,
)
"""What a well-kept scanner does not make necessary. Stripping a suffix or a symbology identifier is no repair."""

SEPARATOR_LOST = Words(
    "扫码枪可能丢失了 GS 分隔符，序列号里可能混入了后面的字段，请核对序列号并运行扫码枪自检。",
    "The scanner may drop the GS separator: the serial may have swallowed what follows. Check it and run the scanner"
    " self-test.",
)
SERIAL_SWALLOWED = Words(
    "扫码枪可能丢失了 GS 分隔符，序列号可能混在前面的字段里，请运行扫码枪自检。",
    "The scanner may drop the GS separator: another field may have swallowed the serial. Run the scanner self-test.",
)

STILL_UNREAD = Words("重扫仍不行，请运行扫码枪自检。", "If it keeps failing, test the scanner.")


def explained(
    judgement: Judgement, reading: Reading, match: Match | None, *, keeps_separators: bool = False
) -> Judgement:
    """Return the judgement with all that the person should know of the reading; the verdict stays.

    Args:
        judgement: What the counter does with the scan.
        reading: What the scanned text is.
        match: What the library knows of it.
        keeps_separators: The scanner is known to send the GS separator, so that one that is missing was never there.
    """
    if judgement.verdict in {Verdict.CREDENTIAL, Verdict.SIGN_IN_FIRST}:
        return judgement
    lost = None if keeps_separators else _separator_notice(judgement, reading)
    doubts = [lost, _carton_notice(judgement, match)]
    hint = _joined([*_advice(judgement, reading), *doubts, _repairs(reading)])
    tone = Tone.NOTICE if any(doubts) and judgement.tone is Tone.OK else judgement.tone
    return replace(judgement, tone=tone, hint=hint)


def _advice(judgement: Judgement, reading: Reading) -> Iterable[Words | None]:
    """Return the table's advice, with the reasons in front where the table cannot know why."""
    reasons = [reason.words for reason in reading.reasons]
    if reasons and judgement.verdict is Verdict.UNREADABLE:
        # Most reasons say themselves to scan again.
        return [*reasons, STILL_UNREAD]
    is_unexplained = judgement.hint is None and not judgement.is_on_list
    return [*reasons, judgement.hint] if reading.kind is Kind.UNKNOWN or is_unexplained else [judgement.hint]


def _separator_notice(judgement: Judgement, reading: Reading) -> Words | None:
    if reading.kind is not Kind.GS1 or Flag.NO_SEPARATOR not in reading.flags:
        return None
    if reading.fields.get("serial"):
        return SEPARATOR_LOST
    return SERIAL_SWALLOWED if judgement.verdict is Verdict.NOT_INDIVIDUAL else None


def _carton_notice(judgement: Judgement, match: Match | None) -> Words | None:
    """Return that a carton is one code on the list: which boxes are inside is not known here (C-05)."""
    if match is None or match.level is PackLevel.UNIT or not judgement.is_on_list:
        return None
    return Words(
        f"这是大包装码（内装 {match.quantity} 盒）：只登记了这一个码，箱内小盒没有入库，请逐盒扫描小盒。",
        f"This code stands for {match.quantity} boxes: only the code itself is recorded, the boxes inside are not."
        " Scan each small box.",
    )


def _repairs(reading: Reading) -> Words | None:
    made = [FLAG_NAMES[flag] for flag in REPAIRS if flag in reading.flags]
    if not made:
        return None
    zh, en = "、".join(name.zh for name in made), ", ".join(name.en for name in made)
    return Words(f"已做处理：{zh}。", f"Read with a change: {en}.")


def _joined(sentences: Iterable[Words | None]) -> Words | None:
    said = list(dict.fromkeys(sentence for sentence in sentences if sentence is not None))
    return Words("".join(one.zh for one in said), " ".join(one.en for one in said)) if said else None
