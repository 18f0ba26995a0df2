"""What can go wrong between the terminals of a site. Each sells on without the others."""

from __future__ import annotations

from typing import ClassVar

from codes.errors import ConfigError, RejectedError, TransientError
from codes.words import Words
from edge.errors import EdgeError

_COMPARE = Words(
    "请核对各终端的本店名单（店名、编号、公钥须一致）；若一致，请检查店内网络中是否有人冒充。",
    "Compare the list of the site on each terminal (name, ids, keys); if they agree, look for an impostor on the "
    "site's network.",
)


class SiteError(EdgeError):
    """Another terminal of the site was not heard."""

    code: ClassVar[str] = "site.error"


class PeerSilentError(SiteError, TransientError):
    """It cannot be reached, or does not answer in time."""

    code: ClassVar[str] = "site.unreachable"
    next_step: ClassVar[Words] = Words(
        "请确认该终端已开机、店内网络正常，名单中的地址正确；恢复后会自动补齐。",
        "Make sure that it runs, that the site's network works and that its address in the list is right; what was "
        "missed is heard by itself.",
    )


class PeerRefusesError(SiteError, TransientError):
    """It answers, but not us."""

    code: ClassVar[str] = "site.refused"
    next_step: ClassVar[Words] = _COMPARE


class BadAnswerError(SiteError, RejectedError):
    """What it says is no answer."""

    code: ClassVar[str] = "site.bad_answer"
    next_step: ClassVar[Words] = Words(
        "请确认名单中的地址是一码终端的 [site] 端口，且各终端版本一致。",
        "Make sure that the address in the list is the [site] port of a terminal, and that all have the same version.",
    )


class ForgedAnswerError(SiteError, RejectedError):
    """It is signed by another key, or for somebody else: whoever answers there is not that terminal."""

    code: ClassVar[str] = "site.forged_answer"
    next_step: ClassVar[Words] = _COMPARE


class OldAnswerError(SiteError, RejectedError):
    """It answers another question than the one that was asked: somebody may be playing back what was recorded."""

    code: ClassVar[str] = "site.old_answer"
    next_step: ClassVar[Words] = _COMPARE


class StrangerError(SiteError, RejectedError):
    """Somebody asked who is not on the list, or did not ask properly."""

    code: ClassVar[str] = "site.stranger"
    next_step: ClassVar[Words] = _COMPARE


class RepeatedAskError(SiteError, RejectedError):
    """The same question came twice: somebody may be playing back what was recorded."""

    code: ClassVar[str] = "site.repeated_ask"
    next_step: ClassVar[Words] = _COMPARE


class CannotListenError(SiteError, ConfigError):
    """The address cannot be used, so the others cannot ask."""

    code: ClassVar[str] = "site.cannot_listen"
    next_step: ClassVar[Words] = Words(
        "请检查 [site] host 与 port：须为本机地址，且端口未被占用。",
        "Check [site] host and port: an address of this machine, and a port that nobody uses.",
    )
