"""The ends of business days of a terminal put together, from the configuration."""

from __future__ import annotations

from edge.clock import Clock
from edge.core import Core
from edge.fsi.interface import Interface
from edge.fsi.numbering import desk_text
from edge.fsi.sign_ins import Operator
from edge.fsi_opening import place_of
from edge.site.sharing import SiteSharing
from edge.till.day_end import DayEnds
from edge.till.reconciling import Books, Others
from wire.fsi.asking import Answer, Nodes


def open_days(core: Core, interface: Interface | None, site: SiteSharing, clock: Clock) -> DayEnds | None:
    """Return what ends the days; None where nothing is settled with the insurance."""
    if interface is None:
        return None
    place, desk = place_of(core.config), desk_text(core.config.fsi.desk)

    def new_books(operator: Operator) -> Books:
        async def asks(infno: str, nodes: Nodes) -> Answer:
            return await interface.read(operator.login, operator.name, infno, nodes)

        return Books(asks, interface.area, institution=place.institution, district=place.district, desk=desk)

    return DayEnds(
        new_books,
        interface.sealer,
        in_store=core.in_store,
        connection=core.connection,
        read=core.read,
        others=Others(site.day_sheets, site.day_books, site.sums_between, site.open_sales),
        clock=clock,
        begins_h=interface.times.day_begins_h,
    )
