"""Applications are made quickly: what FastAPI works out of a type or a signature is worked out once in a process.

A test makes an application of its own, of the same hundred routes as the test before it; three quarters of its time
went into building the same validators again. A program makes one application, so this is for tests alone. What is
kept depends on nothing but its key: nothing of one test is seen by another.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import Any, get_args

from fastapi._compat import v2
from fastapi.dependencies import utils
from pydantic import TypeAdapter


def remember() -> None:
    """Keep, from now on, what was worked out."""
    v2.TypeAdapter = _kept_adapters()  # type: ignore[misc, assignment]
    utils.get_typed_signature = _kept_signatures(utils.get_typed_signature)


def _kept_adapters() -> Callable[..., TypeAdapter[Any]]:
    kept: dict[object, TypeAdapter[Any]] = {}

    def adapter(annotated: Any, *, config: Any = None) -> TypeAdapter[Any]:
        annotation, *metadata = get_args(annotated)
        # By its spelling as well: `int | str` equals `str | int`, and the document names them in their order. A
        # function in the metadata is spelled by its address, which stays its own: the adapter keeps it.
        key = (annotation, repr(annotation), repr(metadata), repr(config))
        try:
            found = kept.get(key)
        except TypeError:
            return TypeAdapter(annotated, config=config)
        if found is None:
            found = kept[key] = TypeAdapter(annotated, config=config)
        return found

    return adapter


def _kept_signatures(work_out: Callable[..., inspect.Signature]) -> Callable[..., inspect.Signature]:
    kept: dict[FunctionType, inspect.Signature] = {}

    def signature(call: Callable[..., Any]) -> inspect.Signature:
        # Those that are made anew for each application would never be met again.
        if not isinstance(call, FunctionType) or call.__closure__:
            return work_out(call)
        if call not in kept:
            kept[call] = work_out(call)
        return kept[call]

    return signature
