"""Asking a running terminal how it is, from the same machine."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import ClassVar

from pydantic import TypeAdapter, ValidationError

from cli.checks.salvage import RUNNING, unfinished_salvage
from codes.errors import YimaError
from codes.words import Words
from edge.clock import SystemClock
from edge.config import ApiSection, EdgeConfig
from edge.health import TerminalStatus
from edge.local_proof import HEADER, proof_of
from edge.operators.errors import SignInRequiredError
from edge.store.database import KEY_FILE
from edge.store.inspection import is_in_use
from web.problem_body import Problem
from wire.errors import KeyFileError
from wire.keys import load_or_create_key

_ANSWER_S = 2.0


class StatusRefusedError(YimaError):
    """Something answers at the terminal's address, but does not say how the terminal is."""

    code: ClassVar[str] = "edge.status_refused"
    next_step: ClassVar[Words] = Words(
        "请确认 api.host 与 api.port 指向本终端，且终端与命令为同一版本。",
        "Make sure that api.host and api.port are the terminal's, and that it is of the same version as this command.",
    )


class StrangerAtPortError(StatusRefusedError):
    """Another program, or another terminal, answers where this terminal should."""

    code: ClassVar[str] = "api.port_taken"
    next_step: ClassVar[Words] = Words(
        "请用 ss -ltnp 查看是谁，或修改 [api] port。", "See who with ss -ltnp, or change [api] port."
    )


class SilentTerminalError(StatusRefusedError):
    """The terminal has its store and its port, and says nothing: it is starting, or it hangs."""

    code: ClassVar[str] = "edge.no_answer"
    next_step: ClassVar[Words] = Words(
        "刚启动时请等一分钟再试；一直如此，请重启终端。",
        "If it has just been started, try again in a minute; if it stays like this, restart the terminal.",
    )


class SalvagingError(SilentTerminalError):
    """The terminal mends its store before it answers."""

    code: ClassVar[str] = RUNNING


class SignInWantedError(StatusRefusedError):
    """The terminal is reached from other machines, and this account cannot show that it is the terminal's."""

    next_step: ClassVar[Words] = Words(
        "请以运行终端的账户执行，例如 sudo -u yima-edge yima status；或在浏览器中登录后查看。",
        "Run this as the terminal's account, for example sudo -u yima-edge yima status; or sign in with a browser.",
    )


def fetch_status(settings: EdgeConfig) -> TerminalStatus | None:
    """Ask the terminal itself; None if nobody answers at its address.

    Raises:
        StrangerAtPortError: Something else answers there, or another terminal.
        SilentTerminalError: Something listens there, and does not answer.
        StatusRefusedError: It runs, but does not say how it is.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *_trusting(settings.api.certificate_file))
    # The terminal answers to this name whatever its address.
    headers = {"Host": "localhost", **(_proof(settings) if settings.api.is_exposed else {})}
    asked = urllib.request.Request(_url(settings.api), headers=headers)  # noqa: S310 - http or https
    try:
        with opener.open(asked, timeout=_ANSWER_S) as answer:
            return _ours(settings, answer.read())
    except urllib.error.HTTPError as exc:
        with exc:
            raise _refused(settings, exc.code, exc.read()) from exc
    except http.client.HTTPException as exc:
        raise _stranger(settings) from exc
    except TimeoutError as exc:
        raise _silent(settings) from exc
    except urllib.error.URLError as exc:
        if isinstance(exc.reason, ssl.SSLError):
            raise _other_certificate(settings) from exc
        return None
    except ConnectionResetError as exc:
        raise _stranger(settings) from exc
    except OSError:
        return None


def _proof(settings: EdgeConfig) -> dict[str, str]:
    """Return the header that stands for a sign-in; nothing where this account may not read the terminal's key."""
    path = settings.store.folder / KEY_FILE
    try:
        return {HEADER: proof_of(load_or_create_key(path), SystemClock().now())} if path.exists() else {}
    except (KeyFileError, OSError):
        return {}


def place_of(api: ApiSection) -> str:
    """Return the address as the configuration has it."""
    return f"{f'[{api.host}]' if ':' in api.host else api.host}:{api.port}"


def _silent(settings: EdgeConfig) -> StatusRefusedError:
    place, folder = place_of(settings.api), settings.store.folder
    salvage = unfinished_salvage(folder)
    if salvage is not None and salvage.code == RUNNING:
        return SalvagingError(salvage.words, next_step=salvage.next_step)
    if is_in_use(folder):
        return SilentTerminalError(
            Words("终端的进程已启动，但还没有应答", "The terminal's process is there, but does not answer yet")
        )
    words = Words(f"{place} 被其他程序占用（没有应答）", f"Another program has taken {place} (it does not answer)")
    return StrangerAtPortError(words)


def _other_certificate(settings: EdgeConfig) -> StrangerAtPortError:
    place = place_of(settings.api)
    words = Words(
        f"{place} 上应答的程序用的不是本终端的证书",
        f"What answers at {place} has another certificate than the terminal's",
    )
    step = Words(
        "如刚更换过证书，请重启终端；否则请用 ss -ltnp 查看是谁占用端口。",
        "If the certificate has just been renewed, restart the terminal; else see with ss -ltnp who has the port.",
    )
    return StrangerAtPortError(words, next_step=step)


def _ours(settings: EdgeConfig, body: bytes) -> TerminalStatus:
    """Return what was answered, if it is the terminal of the configuration that speaks."""
    ours = settings.terminal.id
    try:
        seen = TypeAdapter(TerminalStatus).validate_json(body)
    except ValidationError as exc:
        if _name_in(body) != ours:
            raise _stranger(settings) from exc
        words = Words("终端应答的内容与本命令的版本不符", "The terminal's answer is not of this command's version")
        raise StatusRefusedError(words) from exc
    if seen.terminal == ours:
        return seen
    place = place_of(settings.api)
    raise StrangerAtPortError(
        Words(
            f"{place} 上应答的是另一台终端 {seen.terminal}，不是本配置的 {ours}",
            f"At {place} another terminal answers, {seen.terminal}, not {ours} of this configuration",
        ),
        next_step=Words(
            "请核对 [terminal] id 与 [api] port，或确认用的是这台终端的配置文件（--config）。",
            "Check [terminal] id and [api] port, and that this is the terminal's own configuration file (--config).",
        ),
    )


def _name_in(body: bytes) -> object:
    try:
        told = json.loads(body)
    except ValueError:
        return None
    return told.get("terminal") if isinstance(told, dict) else None


def _stranger(settings: EdgeConfig, status: int | None = None) -> StrangerAtPortError:
    place = place_of(settings.api)
    zh, en = ("", "") if status is None else (f"（应答 HTTP {status}）", f" (it answers HTTP {status})")
    return StrangerAtPortError(Words(f"{place} 被其他程序占用{zh}", f"Another program has taken {place}{en}"))


def _url(api: ApiSection) -> str:
    scheme = "http" if api.certificate_file is None else "https"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(api.host, api.host)
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{api.port}/api/v1/status"


def _refused(settings: EdgeConfig, status: int, body: bytes) -> StatusRefusedError:
    try:
        problem = Problem.model_validate_json(body)
    except ValidationError:
        return _stranger(settings, status)
    wants_sign_in = status == HTTPStatus.UNAUTHORIZED
    if status == HTTPStatus.NOT_FOUND or (wants_sign_in and problem.code != SignInRequiredError.code):
        # Every terminal has this page; who wants another sign-in than a terminal's is a centre.
        return _stranger(settings, status)
    words = Words(
        f"终端正在运行，但未给出状态（HTTP {status}，{problem.code}）：{problem.zh}",
        f"The terminal runs, but does not say how it is (HTTP {status}, {problem.code}): {problem.en}",
    )
    if wants_sign_in:
        return SignInWantedError(words)
    return StatusRefusedError(words, next_step=Words(problem.next.zh, problem.next.en))


def _trusting(certificate: Path | None) -> tuple[urllib.request.HTTPSHandler, ...]:
    """Trust the terminal's own certificate and no other; its names are those of browsers, not of this machine."""
    if certificate is None:
        return ()
    context = ssl.create_default_context(cafile=str(certificate))
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return (urllib.request.HTTPSHandler(context=context),)
