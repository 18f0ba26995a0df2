"""What `yima scanner setup` says: each step beside the answer, and the profile at the end."""

from __future__ import annotations

import json
import sys

import typer

from codes.words import Words
from drivers.scanner.conclusion_words import words_of_topic, words_of_values
from drivers.scanner.learning import Certainty
from drivers.scanner.profile import Profile
from drivers.scanner.selftest import SHEET
from drivers.scanner.setup import Last, Said, SetUpShown

_NUMBERS = {symbol.name: number for number, symbol in enumerate(SHEET, 1)}
_WORDS = {symbol.name: symbol.words for symbol in SHEET}
_CERTAINTIES = {
    Certainty.TOLD: Words("", ""),
    Certainty.OPEN: Words("（无法判断）", " (cannot be told)"),
    Certainty.TORN: Words("（自相矛盾）", " (contradicts itself)"),
}
_SAID = {
    Said.TAKEN: Words("已收到", "received"),
    Said.AGAIN: Words("再次收到，以这次为准", "received again; this one counts"),
    Said.STRANGE: Words("不是校准页上的一个码，请只扫一个", "that is no single code of the sheet; scan just one"),
}


def tell_step(shown: SetUpShown) -> None:
    """Say what came and what to scan next, beside the answer, so that a program can read the one and a person both."""
    if shown.last is not None:
        sys.stderr.write(f"      {_heard(shown.last)}\n")
    if shown.next_symbol is not None:
        words = _WORDS[shown.next_symbol]
        place = f"[{_NUMBERS[shown.next_symbol]}/{len(SHEET)}]"
        sys.stderr.write(f"{place} 请扫描 {words.zh} / Please scan: {words.en}\n")
    sys.stderr.flush()


def _heard(last: Last) -> str:
    words = _SAID[last.said]
    name = "" if last.symbol is None else f" {_WORDS[last.symbol]}"
    return f"{words}{name}  {last.text}"


def profile_record(profile: Profile, *, is_kept: bool) -> dict[str, object]:
    """Return the profile for programs."""
    return {
        "scanner": profile.line,
        "device": profile.device,
        "is_good": profile.is_good,
        "gs_ok": profile.gs_ok,
        "suggestion": profile.proposed,
        "is_kept": is_kept,
        "read": profile.read,
        "learned": [
            {"topic": one.topic, "values": one.values, "certainty": one.certainty, "evidence": one.evidence}
            for one in profile.conclusions
        ],
        "advice": [
            {
                "code": one.code,
                "zh": one.words.zh,
                "en": one.words.en,
                "next": {"zh": one.next_step.zh, "en": one.next_step.en},
                "setting": one.setting or None,
                "is_fault": one.is_fault,
                "is_good": one.is_good,
            }
            for one in profile.advice
        ],
    }


def show_profile(profile: Profile) -> None:
    """Print the profile for a person."""
    for one in profile.conclusions:
        topic, values, doubt = words_of_topic(one.topic), words_of_values(one), _CERTAINTIES[one.certainty]
        typer.echo(f"{topic.zh}：{values.zh}{doubt.zh}  /  {topic.en}: {values.en}{doubt.en}")
    for advice in profile.advice:
        mark = "✗" if advice.is_fault else "✓" if advice.is_good else "•"
        typer.echo(f"{mark} {advice.words.zh}  [{advice.code}]")
        typer.echo(f"  {advice.words.en}")
        typer.echo(f"  → {advice.next_step.zh}")
        typer.echo(f"  → {advice.next_step.en}")
    if profile.is_good:
        typer.echo("✓ 扫码枪可以使用 / The scanner can be used")
    if profile.proposed != profile.line:
        typer.echo(f"→ 配置改为 / write  scanners = [{json.dumps(profile.proposed, ensure_ascii=False)}]")
