"""All that the OpenAPI document of a running centre offers, asked by schemathesis with what fits and what does not."""

from __future__ import annotations

from collections import Counter

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.blackbox.lines import PATH

CHECKS = (not_a_server_error, response_schema_conformance, content_type_conformance)
LIVE = "/api/v1/scans/live"
"""Never ends."""
_PATIENCE_S = 30.0


def ask_everything(port: int, bound: str, token: str, examples: int) -> tuple[Counter[str], list[str]]:
    """Call each operation with as many examples of what fits and of what does not; return calls and failures.

    The national interface is asked with the token that is bound to an institution, the rest with one that may look and
    change nothing: it must not be taken away from itself.
    """
    url = f"http://127.0.0.1:{port}"
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json").exclude(path=LIVE)
    calls: Counter[str] = Counter()
    failures: list[str] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            try:
                said = bound if operation.path == PATH else token
                _ask(operation, mode, {"authorization": f"Bearer {said}"}, examples, calls)
            except Unsatisfiable:
                # Nothing of that kind can be made: an operation that takes no input has none that does not fit.
                continue
            except FailureGroup as exc:
                failures.append(f"{operation.label} ({mode.value}): {exc.exceptions}")
    return calls, failures


def _ask(
    operation: schemathesis.APIOperation,
    mode: GenerationMode,
    headers: dict[str, str],
    examples: int,
    calls: Counter[str],
) -> None:
    @settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: schemathesis.Case) -> None:
        calls[operation.label] += 1
        case.validate_response(case.call(headers=headers, timeout=_PATIENCE_S), checks=CHECKS)

    answers()
