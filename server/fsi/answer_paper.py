"""Writing answers: the area's form, our number, the signature, and what a refusal says.

`err_msg` names the code and, if there is room, what to do about it; `warn_msg` has all faults, whatever there was no
room for, and what is strange about a message that was taken all the same.
"""

from __future__ import annotations

import itertools
import secrets as randomness
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from codes.errors import YimaError
from codes.words import Words
from server.fsi.case import Case
from server.fsi.post import Answer, Post
from server.fsi.refusals import InvalidInputError
from wire.fsi.areas import Area
from wire.fsi.envelope import EnvelopeError, Request, error_text, next_refmsgid, write_answer
from wire.fsi.faults import Fault
from wire.fsi.signing import Opened, Protection, Secrets

_SEQUENCES = 10**10


class AnswerPaper:
    """Numbers and writes the answers of one centre."""

    def __init__(self, area: Area, secrets: Secrets, district: str, now: Callable[[], datetime]) -> None:
        self._area, self._secrets, self._district, self._now = area, secrets, district, now
        # Two processes, or two lives of one, may answer in the same second: they begin at different numbers.
        self._numbers = itertools.count(randomness.randbelow(_SEQUENCES))

    def success(self, case: Case, output: Mapping[str, object], warnings: Sequence[Words]) -> Answer:
        """Return the answer to a message that was done."""
        strange = (*case.request.warnings, *case.warnings)
        warning = "；".join([*(str(words) for words in warnings), *(one.words.zh for one in strange)])
        answered_at = self._now()
        refmsgid = next_refmsgid(self._district, answered_at, next(self._numbers))
        plain = write_answer(
            self._area,
            refmsgid=refmsgid,
            received_at=case.proved.post.arrived_at,
            answered_at=answered_at,
            output=output,
            of=case.table,
            warning=warning,
        )
        proved = case.proved
        body = proved.protection.seal(plain, proved.opened, proved.request, self._secrets, answered_at)
        return Answer(body, refmsgid, answered_at)

    def refusal(
        self,
        error: YimaError,
        post: Post,
        *,
        protection: Protection | None = None,
        opened: Opened | None = None,
        request: Request | None = None,
    ) -> Answer:
        """Return the answer to a message that was not done, protected as far as it is known how and for whom."""
        answered_at = self._now()
        refmsgid = next_refmsgid(self._district, answered_at, next(self._numbers))
        faults = faults_of(error)
        words, rest = (faults[0].words, str(error.next_step)) if faults else _told(error)
        plain = write_answer(
            self._area,
            refmsgid=refmsgid,
            received_at=post.arrived_at,
            answered_at=answered_at,
            error=words,
            code=code_of(error),
            faults=faults,
            warning=rest,
        )
        body = plain if protection is None else protection.seal(plain, opened, request, self._secrets, answered_at)
        return Answer(body, refmsgid, answered_at)


def faults_of(error: YimaError) -> tuple[Fault, ...]:
    """Return the faults that a refusal names field by field, if it does."""
    return error.faults if isinstance(error, EnvelopeError | InvalidInputError) else ()


def code_of(error: YimaError) -> str:
    """Return the code that the answer gives: that of the first fault, if faults are named."""
    faults = faults_of(error)
    return faults[0].code if faults else error.code


def _told(error: YimaError) -> tuple[Words, str]:
    """Return what `err_msg` says, in as many words as there is room for, and what is left for `warn_msg`."""
    words, step = error.words, error.next_step
    zh = f"{words.zh}。{step.zh}"
    whole = Words(zh, f"{words.en}. {step.en}")
    for candidate, rest in ((whole, ""), (Words(zh, words.en), step.en), (words, str(step))):
        if str(candidate) in error_text(error.code, candidate):
            return candidate, rest
    if words.zh in error_text(error.code, words):
        # Said in Chinese already: what there was no room for is the English, and what to do.
        return words, str(Words(step.zh, f"{words.en}. {step.en}"))
    return words, str(whole)
