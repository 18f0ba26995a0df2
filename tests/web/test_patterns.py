"""Every pattern that a value has to fit is told in words: nobody reads a regular expression at the counter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from edge.api.forms import Form
from edge.config import EdgeConfig
from server.api import catalogue, conflicts, facts, people, sessions, status, terminals
from server.config import ServerConfig
from web.faults import words_of


def patterns_in(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(pattern := schema.get("pattern"), str):
            yield pattern
        for part in schema.values():
            yield from patterns_in(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from patterns_in(part)


def every_pattern() -> set[str]:
    centre = FastAPI()
    for part in (catalogue, conflicts, facts, people, sessions, status, terminals):
        centre.include_router(part.router)
    kinds: list[type[BaseModel]] = [EdgeConfig, ServerConfig, *Form.__subclasses__()]
    schemas = [kind.model_json_schema() for kind in kinds]
    return set(patterns_in([*schemas, centre.openapi()]))


@pytest.mark.parametrize("pattern", sorted(every_pattern()))
def test_a_pattern_is_told_in_words(pattern: str) -> None:
    fault = {"type": "string_pattern_mismatch", "loc": (), "msg": "", "input": "x", "ctx": {"pattern": pattern}}
    words = words_of(fault)  # type: ignore[arg-type] # pydantic's own type cannot be made from outside
    assert words.zh.startswith("应为")
    assert pattern not in words.zh + words.en


def test_the_search_for_patterns_finds_them() -> None:
    assert len(every_pattern()) >= 8
