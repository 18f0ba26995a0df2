"""Which kinds of worked example there are, and who works each out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rules.examples.band_kinds import banded, banded_above
from rules.examples.bill_kinds import age_ratio, item_classes, simple, three_layers
from rules.examples.payment_kinds import (
    dip_deviation,
    dip_keep,
    dip_point,
    dip_score,
    drg_points,
    drg_readmit,
    rate,
    ratio,
    split,
)
from rules.examples.subsidy_kind import subsidy
from rules.examples.task import Kind

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "simple": simple,
        "multi": simple,
        "banded": banded,
        "banded_above": banded_above,
        "age_ratio": age_ratio,
        "item_classes": item_classes,
        "three_layers": three_layers,
        "subsidy": subsidy,
        "ratio": ratio,
        "split": split,
        "dip_deviation": dip_deviation,
        "dip_score": dip_score,
        "dip_point": dip_point,
        "dip_keep": dip_keep,
        "rate": rate,
        "drg_points": drg_points,
        "drg_readmit": drg_readmit,
    }
)
