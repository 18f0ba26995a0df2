"""What is wrong with a message: the place, a stable code, and the words with the field's Chinese name in them."""

from __future__ import annotations

from dataclasses import dataclass

from codes.words import Words


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, or in a warning only strange."""

    path: str
    """Where: `drugdetail[2].cnt`, rows counted from 0 as in the JSON."""
    code: str
    """`fsi.missing` and so on; stable."""
    words: Words
    """The whole sentence, in which path and label stand."""
    label: str
    """The field's Chinese name."""


def fault(path: str, label: Words, code: str, what: Words) -> Fault:
    """Return a fault whose words begin with the field and its name: `selinfo.psn_cert_type（人员证件类型）必填`."""
    if not path:
        return Fault(path, code, Words(f"{label.zh}{what.zh}", f"The {label.en} {what.en}"), label.zh)
    zh = f"{path}（{label.zh}）{what.zh}" if label.zh else f"{path} {what.zh}"
    en = f"{path} ({label.en}) {what.en}" if label.en else f"{path} {what.en}"
    return Fault(path, code, Words(zh, en), label.zh)


NO_LABEL = Words("", "")
