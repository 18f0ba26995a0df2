"""The body of every refusal of the API, for who answers it and who reads it; reading needs no web framework."""

from __future__ import annotations

from pydantic import BaseModel


class ProblemWords(BaseModel):
    """A sentence in both languages."""

    zh: str
    en: str


class Problem(BaseModel):
    """What every error of the API looks like (`application/problem+json`)."""

    status: int
    code: str
    zh: str
    en: str
    next: ProblemWords
