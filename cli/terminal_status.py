"""Asking a running terminal how it is, from the same machine."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar

from pydantic import TypeAdapter, ValidationError

from codes.errors import YimaError
from codes.words import Words
from edge.config import ApiSection, EdgeConfig
from edge.health import TerminalStatus
from web.problem import Problem

_ANSWER_S = 2.0


class StatusRefusedError(YimaError):
    """Something answers at the terminal's address, but does not say how the terminal is."""

    code: ClassVar[str] = "edge.status_refused"
    next_step: ClassVar[Words] = Words(
        "请确认 api.host 与 api.port 指向本终端，且终端与命令为同一版本。",
        "Make sure that api.host and api.port are the terminal's, and that it is of the same version as this command.",
    )


_SIGN_IN = Words(
    "终端对外开放（is_exposed）时，状态须在浏览器中登录后查看。",
    "While the terminal is exposed (is_exposed), sign in with a browser to see how it is.",
)


def fetch_status(settings: EdgeConfig) -> TerminalStatus | None:
    """Ask the terminal itself; None if it does not run.

    Raises:
        StatusRefusedError: It runs, or something else does at its address, and says something else.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *_trusting(settings.api.certificate_file))
    # The terminal answers to this name whatever its address.
    asked = urllib.request.Request(_url(settings.api), headers={"Host": "localhost"})  # noqa: S310 - http or https
    try:
        with opener.open(asked, timeout=_ANSWER_S) as answer:
            return TypeAdapter(TerminalStatus).validate_json(answer.read())
    except urllib.error.HTTPError as exc:
        with exc:
            raise _refused(exc.code, exc.read()) from exc
    except (ValidationError, http.client.HTTPException) as exc:
        words = Words("有程序应答，但内容不是终端的状态", "Something answers, but not as a terminal does")
        raise StatusRefusedError(words) from exc
    except (urllib.error.URLError, OSError):
        return None


def _url(api: ApiSection) -> str:
    scheme = "http" if api.certificate_file is None else "https"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(api.host, api.host)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{api.port}/api/v1/status"


def _refused(status: int, body: bytes) -> StatusRefusedError:
    try:
        problem = Problem.model_validate_json(body)
    except ValidationError:
        return StatusRefusedError(Words(f"终端地址应答 HTTP {status}", f"The terminal's address answers HTTP {status}"))
    next_step = Words(problem.next.zh, problem.next.en)
    return StatusRefusedError(
        Words(
            f"终端正在运行，但未给出状态（HTTP {status}，{problem.code}）：{problem.zh}",
            f"The terminal runs, but does not say how it is (HTTP {status}, {problem.code}): {problem.en}",
        ),
        next_step=_SIGN_IN if status == HTTPStatus.UNAUTHORIZED else next_step,
    )


def _trusting(certificate: Path | None) -> tuple[urllib.request.HTTPSHandler, ...]:
    """Trust the terminal's own certificate and no other; its names are those of browsers, not of this machine."""
    if certificate is None:
        return ()
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return (urllib.request.HTTPSHandler(context=context),)
