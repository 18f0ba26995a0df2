"""What can go wrong with a card, beyond what can go wrong with any device (`drivers.errors`)."""

from __future__ import annotations

from codes.errors import TransientError
from codes.words import Words
from drivers.errors import DriverError
from drivers.vendor.text import shown_words


class CardReaderNotReadyError(DriverError, TransientError):
    """The reader's library cannot be set up: the reader or its service is not there."""

    code = "card.not_ready"
    next_step = Words(
        "请检查读卡器连线和配置中的前置服务地址，然后再试一次；也可改用医保码。",
        "Check the reader's cable and the service's address in the configuration and try once more, or take the code.",
    )

    def __init__(self, device: str, number: int, reason: str) -> None:
        super().__init__(
            device,
            Words(
                f"{device}：读卡器初始化失败（{number}：{shown_words(reason)}）。",
                f"{device}: the reader cannot be set up ({number}: {shown_words(reason)}).",
            ),
        )


class CardRefusedError(DriverError, TransientError):
    """There is no card, it cannot be read, or its PIN is wrong."""

    code = "card.refused"
    next_step = Words(
        "请确认卡片已放好、未过期，密码无误，再试一次；也可改用医保码或其他证件。",
        "See that the card lies right, is valid and its PIN is the right one, and try once more, or take the code.",
    )

    def __init__(self, device: str, number: int, reason: str) -> None:
        self.number = number
        """As the reader's library returns it."""
        super().__init__(
            device,
            Words(
                f"{device}：读卡未成功（{number}：{shown_words(reason)}）。",
                f"{device}: the card was not read ({number}: {shown_words(reason)}).",
            ),
        )


class CardContentError(DriverError, TransientError):
    """What was read is not what a card of this kind holds: nobody is taken to be verified."""

    code = "card.content"
    next_step = Words(
        "请重新放卡再读一次；仍不行时改用医保码或其他证件。",
        "Take the card off and read it once more; if that does not help, take the code or another document.",
    )

    def __init__(self, device: str, fault: Words) -> None:
        super().__init__(
            device,
            Words(
                f"{device}：卡内信息不完整：{fault.zh}。", f"{device}: what the card holds is not whole: {fault.en}."
            ),
        )
