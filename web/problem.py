"""An error as an HTTP answer: `application/problem+json` (RFC 9457) with our code, both languages and the next step."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse

from codes.errors import YimaError

PROBLEM_TYPE = "application/problem+json"


def problem_body(status: int, error: YimaError) -> dict[str, object]:
    """Return what a client reads: `status`, `code`, `zh`, `en` and `next` with both languages."""
    return {
        "status": status,
        "code": error.code,
        "zh": error.words.zh,
        "en": error.words.en,
        "next": {"zh": error.next_step.zh, "en": error.next_step.en},
    }


def problem_response(status: int, error: YimaError, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Return `error` as an answer with HTTP status `status`."""
    return JSONResponse(problem_body(status, error), status_code=status, headers=headers, media_type=PROBLEM_TYPE)
