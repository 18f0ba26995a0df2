"""What is known of the way to the centre right now. Written by the carrier, read by status and screens."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from codes.errors import YimaError
from codes.words import Words
from edge.health import Trouble
from edge.link_trouble import CANNOT_CONNECT, NO_ANSWER, REVOKED
from wire.errors import ForgedMessageError, UnknownKeyError
from wire.link_loss import QUIET_S, Cause, LinkLoss
from wire.receipts import Trust

ANSWER_S = 60.0
"""How long records may be on the way before the centre's silence is told. It answers in well under a second."""

NO_CENTRE_KEY: Final = Trouble(
    "link.no_centre_key",
    Words("没有配置中心公钥，记录不会上传", "No public key of the centre is configured; records are not sent"),
    Words(
        "请管理员把中心公钥填入 [centre] public_key，再重启终端。",
        "An administrator enters the centre's key as [centre] public_key and restarts the terminal.",
    ),
)
WRONG_CENTRE_KEY: Final = Trouble(
    "link.wrong_centre_key",
    Words(
        "回执不是本机所认的中心签发的，未采信，记录仍算未上传",
        "Receipts are signed by another key than the configured one; they are not believed, records count as not sent",
    ),
    Words(
        "请管理员核对 [centre] public_key 与中心公钥是否一致；若一致，请检查网络中是否有人冒充中心。",
        "An administrator compares [centre] public_key with the centre's key; if they agree, look for an impostor.",
    ),
)
FORGED_RECEIPT: Final = Trouble(
    "link.forged_receipt",
    Words("收到签名不符的回执，未采信", "A receipt with a false signature came; it was not believed"),
    Words(
        "可能有人冒充中心或篡改消息，请管理员检查网络和消息代理。",
        "Somebody may pose as the centre or alter messages: an administrator checks network and broker.",
    ),
)


class SyncBoard:
    """A few facts. Each is one value, written whole, so that any thread may read it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._up_since_s = 0.0
        self._cause: Cause | None = None
        self._asked_since_s: float | None = None
        self.is_up = False
        """The line to the broker is open."""
        self.trust: Trust | None = None
        """Whether the centre takes our records; None before it has said anything."""
        self.last_receipt_at: datetime | None = None
        self.receipts = 0
        """How many were believed."""
        self.problem: Trouble | None = None
        """Why receipts are not believed; None after one that was."""

    @property
    def is_approved(self) -> bool | None:
        """Whether the centre takes our records; None before it has said anything."""
        return None if self.trust is None else self.trust is Trust.APPROVED

    def line_up(self) -> None:
        """Note that the line is open."""
        self._up_since_s = self._monotonic()
        self.is_up = True

    def line_down(self, loss: LinkLoss) -> None:
        """Note that the line is closed, and why."""
        self.is_up = False
        self._cause = loss.cause
        self._asked_since_s = None

    def note_sent(self) -> None:
        """Note that records are on the way, so that an answer is due."""
        if self._asked_since_s is None:
            self._asked_since_s = self._monotonic()

    def trouble(self) -> Trouble | None:
        """Return why records stay here, or would, if there is a reason to tell."""
        if self.problem is not None:
            return self.problem
        cause, asked_since_s, now_s = self._cause, self._asked_since_s, self._monotonic()
        if not self.is_up:
            return None if cause is None else CANNOT_CONNECT[cause]
        if cause in {Cause.TAKEN_OVER, Cause.UNSTEADY} and now_s - self._up_since_s < QUIET_S:
            # The line is ours for a moment only: the other terminal comes back as we did.
            return CANNOT_CONNECT[cause]
        if self.trust is Trust.REVOKED:
            return REVOKED
        is_unanswered = asked_since_s is not None and now_s - asked_since_s >= ANSWER_S
        return NO_ANSWER if is_unanswered else None

    def note_receipt(self, trust: Trust, now: datetime) -> None:
        """Note what a receipt of the centre says about us."""
        self.last_receipt_at = now
        self.receipts += 1
        self._asked_since_s = None
        self.problem = None
        self.trust = trust

    def note_refused_receipt(self, error: YimaError) -> None:
        """Note why a receipt was not believed."""
        self.problem = _problem_of(error)


def _problem_of(error: YimaError) -> Trouble:
    if isinstance(error, UnknownKeyError):
        return WRONG_CENTRE_KEY
    if isinstance(error, ForgedMessageError):
        return FORGED_RECEIPT
    return Trouble(error.code, error.words, error.next_step)
