"""A person shows who they are: the one place where a voucher terminal or a card reader is asked."""

from __future__ import annotations

from enum import StrEnum

from drivers.card.port import CardReader
from drivers.holder import Holder
from drivers.voucher.port import Asking, VoucherTerminal
from edge.counter_devices import CARD, VOUCHER, DeviceNotConfiguredError


class Way(StrEnum):
    """How somebody shows who they are."""

    VOUCHER = "voucher"
    FACE = "face"
    CARD = "card"
    """社保卡."""
    ID = "id"
    """身份证."""


async def read_credential(way: Way, asking: Asking, voucher: VoucherTerminal | None, card: CardReader | None) -> Holder:
    """Read a credential at its device.

    Raises:
        DeviceNotConfiguredError: There is no such device here.
        DriverError: It cannot be used, or the person did not show anything.
    """
    if way in {Way.VOUCHER, Way.FACE}:
        if voucher is None:
            raise DeviceNotConfiguredError(VOUCHER)
        return await (voucher.read_code(asking) if way is Way.VOUCHER else voucher.verify_face(asking))
    if card is None:
        raise DeviceNotConfiguredError(CARD)
    return await (card.read_insurance_card() if way is Way.CARD else card.read_id_card())
