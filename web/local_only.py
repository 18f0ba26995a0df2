"""Pages for programs on this machine only."""

from __future__ import annotations

from starlette.requests import Request

from web.config_sections import is_loopback_address

_BY_PROXY = frozenset({"forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"})


def is_from_here(request: Request) -> bool:
    """Tell whether a program on this machine asks, and no proxy asks for somebody else."""
    caller = request.client.host if request.client is not None else ""
    return is_loopback_address(caller) and not _BY_PROXY & set(request.headers)
