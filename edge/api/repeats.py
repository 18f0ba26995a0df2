"""A client that got no answer asks again; naming its request makes the repeat the same one."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Header

from edge.api.forms import Form
from edge.counter.counter import Request

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=128,
        description="Chosen by the client, new for each new request; a repeated request gets the same answer",
    ),
]


def named(key: str | None, what: str, form: Form) -> Request:
    """Name the request, so that the same key with another content is noticed. Kept as a digest: it may be long."""
    asked = hashlib.sha256(f"{what} {form.model_dump_json()}".encode()).hexdigest()
    return Request(key, asked)
