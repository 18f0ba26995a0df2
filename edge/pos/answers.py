"""Answers that the terminal gives in the interface's own form, where the interface itself gave none."""

from __future__ import annotations

import json

from codes.errors import YimaError
from codes.words import Words
from wire.fsi.areas import Area
from wire.fsi.envelope import LONGEST_ERROR, LONGEST_WARNING


def refusal(error: YimaError, area: Area, *, more: tuple[Words, ...] = ()) -> bytes:
    """Return an answer that says what is wrong: in `err_msg` in short, in `warn_msg` all of it."""
    zh = "；".join((error.words.zh, *(one.zh for one in more)))
    en = "; ".join((error.words.en, *(one.en for one in more)))
    step = error.next_step
    code = area.refusal_infcode
    answer = {
        "infcode": str(code) if area.sends_infcode_as_text else code,
        "inf_refmsgid": "",
        "err_msg": f"[{error.code}] {zh} / {en}"[:LONGEST_ERROR],
        "warn_msg": f"[{error.code}] {zh}。{step.zh} / {en}. {step.en}"[:LONGEST_WARNING],
        "output": None,
    }
    return json.dumps(answer, ensure_ascii=False).encode()
