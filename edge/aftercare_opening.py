"""What comes after a sale put together, from the configuration: returns, 补刷, rows for the centre's ledger."""

from __future__ import annotations

import secrets

from sqlalchemy import Connection

from edge.clock import Clock
from edge.config_till import TillSection
from edge.core import Core
from edge.fsi.interface import Interface
from edge.fsi.sign_ins import Operator, SignIns
from edge.store import shifts
from edge.till.aftercare import NO_DEVICES, Aftercare, Verbs
from edge.till.checks import Limits
from edge.till.finding import Finding
from edge.till.insuring import Insuring
from edge.till.ledger import House, Ledger, Pharmacist
from edge.till.parts import Devices
from edge.till.refreshing import Refreshing
from edge.till.retelling import Retelling
from edge.till.steps import Parts, Steps
from edge.till.undoing import Undoing
from edge.till.uploading import SignedIn, Uploader


def open_aftercare(
    core: Core, interface: Interface, sign_ins: SignIns, clock: Clock, devices: Devices = NO_DEVICES
) -> Aftercare:
    """Return what comes after a sale. To be made before the interface takes up what was left open.

    Args:
        core: The store and the configuration.
        interface: The way to the insurance.
        sign_ins: Who is signed in to it.
        clock: The device's clock.
        devices: Where somebody types a password.
    """
    config, journal = core.config, interface.journal
    section = config.till

    def who(login: str) -> SignedIn:
        def name(tx: Connection) -> str:
            known = shifts.find_operator(tx, login)
            return login if known is None else known.name

        operator = Operator(login, journal.commits(name))
        return SignedIn(sign_ins.sender(operator), sign_ins.needed(operator))

    institution = config.institution.code or ""
    parts = Parts(journal, interface.area, interface.sealer, clock, who, secrets.token_bytes, institution)
    district = config.institution.district or config.terminal.area
    ledger = Ledger(interface.area, interface.sealer, clock, House(district, pharmacists_of(section)))
    steps, finding = Steps(parts), Finding(parts, ledger)
    limits = Limits(section.second_factor_own_yuan, section.second_factor_total_yuan, section.real_name_packs)
    verbs = Verbs(
        steps,
        Undoing(parts, steps, ledger, core.outbox, Refreshing(parts, ledger, finding)),
        finding,
        Insuring(parts, steps, ledger, finding, within_days=section.turn_insured_days, limits=limits),
        Retelling(parts, steps, ledger, finding),
        ledger,
        Uploader(journal, ledger, who, clock),
    )
    return Aftercare(
        interface,
        verbs,
        in_store=core.in_store,
        connection=core.connection,
        clock=clock,
        return_days=config.counter.return_days,
        devices=devices,
    )


def pharmacists_of(section: TillSection) -> tuple[Pharmacist, ...]:
    """Return who answers for what is handed out, the one on duty first."""
    found = (line.split() for line in section.pharmacists)
    return tuple(Pharmacist(code, name, licence) for code, name, licence in found)
