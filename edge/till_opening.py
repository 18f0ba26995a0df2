"""The till of a terminal put together, from the configuration."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future

import structlog

from edge.clock import Clock
from edge.config import EdgeConfig
from edge.core import Core
from edge.counter.counter import Counter
from edge.counter_devices import card_reader, pin_pad, voucher_terminal
from edge.fsi.interface import Interface
from edge.operators.sign_in import SignIn
from edge.till.basket import Outside
from edge.till.checks import Limits
from edge.till.outcomes import NoteSale, nothing_owed
from edge.till.parts import Devices, Habits, Parts
from edge.till.passwords import is_password_wanted
from edge.till.till import Till
from web.live import LiveBus

_logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def open_till(
    core: Core, counter: Counter, bus: LiveBus, clock: Clock, *, interface: Interface | None, sign_in: SignIn,
    devices: Devices, note_sale: NoteSale = nothing_owed,
) -> Till:  # fmt: skip
    """Return the till. To be made before the interface takes up what was left open."""
    if interface is not None and is_password_wanted(interface.area) and devices.pinpad is None:
        # Self-pay sales go on; whoever looks at the log or asks the doctor is told what is missing.
        _logger.error("till.pad_missing", area=interface.area.name)
    return Till(
        Parts(
            connection=core.connection,
            in_store=core.in_store,
            afterwards=lambda work: _after(core.writer.executor, work),
            outbox=core.outbox,
            counter=counter,
            bus=bus,
            clock=clock,
            interface=interface,
            sign_in=sign_in,
            devices=devices,
            habits=_habits(core.config),
            note_sale=note_sale,
        )
    )


def person_devices(config: EdgeConfig) -> Devices:
    """Return what tells who a person is; each is opened by its first use.

    Raises:
        SecretFileError: A file that the card reader is started with cannot be read.
    """
    return Devices(
        voucher_terminal(config.voucher, config.institution),
        card_reader(config.card),
        pin_pad(config.pinpad),
        config.voucher.office,
        config.voucher.office_name,
    )


def _after(store: Executor, work: Callable[[], None]) -> None:
    """Have work done in the store's thread once it is free; whatever fails there is told the log."""
    store.submit(work).add_done_callback(_note_failure)


def _note_failure(done: Future[None]) -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        _logger.error("till.not_told", exc_info=error)


def _habits(config: EdgeConfig) -> Habits:
    section = config.till
    return Habits(
        Limits(section.second_factor_own_yuan, section.second_factor_total_yuan, section.real_name_packs),
        Outside(devices=not section.settles_devices, classes=frozenset(section.not_settled_classes)),
        checks_card_pin=section.checks_card_pin,
    )
