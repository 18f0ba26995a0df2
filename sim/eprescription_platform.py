"""A simulated prescription platform as a process: prescribes, reviews, and writes the list that a centre imports.

    python -m sim.eprescription_platform list.csv --number 20
    yima server prescription import list.csv --config server.toml

Doctors, pharmacists, people and drugs are those of the samples. The list is made through the port of
`wire.eprescription`, as a hospital and a pharmacy would use it; every third prescription waits for its review.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final

from sim.eprescription import SimulatedPrescriptions
from wire.eprescription import Draft, PrescribedDrug, Stage
from wire.fsi.values import BEIJING

_HEAD: Final = (
    *("处方编号", "人员编号", "开方医师", "开方机构", "开具时间", "有效期至", "药品编码", "药品名称", "数量", "单位"),
    *("状态", "审方药师", "审方时间"),
)
_PEOPLE: Final = ("9900000001", "9900000002")
_DOCTOR, _HOSPITAL = "D350203000001", "H35020300001"
_PHARMACIST, _PHARMACY = "Y350203000001", "P35020300001"
_DRUGS: Final = (
    ("XJ01CAB001A001020199101", "阿莫西林胶囊"),
    ("XC08CAO014A001150199103", "苯磺酸氨氯地平片"),
    ("XC09CAQ016A001170199101", "缬沙坦胶囊"),
)
_STATES: Final = {Stage.ISSUED: "已开具", Stage.REVIEWED: "已审方"}
_VALID_FOR: Final = timedelta(days=3)
_WAITS: Final = 3


def prescribed(number: int, now: datetime, chance: random.Random) -> str:
    """Return the list of so many prescriptions of this moment, as CSV."""
    platform, text = SimulatedPrescriptions(), io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(_HEAD)
    for n in range(number):
        drugs = [
            PrescribedDrug(code, name, Decimal(chance.randint(1, 4)), "盒", {})
            for code, name in chance.sample(_DRUGS, chance.randint(1, 2))
        ]
        draft = Draft(chance.choice(_PEOPLE), _DOCTOR, _HOSPITAL, now + _VALID_FOR, tuple(drugs))
        made = platform.upload(draft, now)
        platform.sign(made, draft.digest, "simulated", now)
        platform.issue(made, now)
        if n % _WAITS != _WAITS - 1:
            platform.review(made, _PHARMACIST, _PHARMACY, now, is_good=True)
        lines.writerows(_rows(platform, made, f"{now:%Y%m%d%H%M%S}{n:04}", now))
    return text.getvalue()


def _rows(platform: SimulatedPrescriptions, made: str, serial: str, now: datetime) -> Sequence[Sequence[str]]:
    one, at = platform.query(made), f"{now.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
    until = f"{one.valid_to.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"
    reviewed = (one.reviewed_by, at) if one.reviewed_by else ("", "")
    head = (f"SIM{serial}", one.psn_no, one.doctor, one.institution, at, until)
    return [
        (*head, of.drug.item, of.drug.name, f"{of.drug.count:f}", of.drug.unit, _STATES[one.stage], *reviewed)
        for of in one.drugs
    ]


def main(arguments: Sequence[str]) -> int:
    """Write the list."""
    parser = argparse.ArgumentParser(prog="python -m sim.eprescription_platform", description=__doc__)
    parser.add_argument("file", type=Path, help="the list that is written")
    parser.add_argument("--number", type=int, default=20, help="of prescriptions (default: 20)")
    parser.add_argument("--seed", type=int, default=None, help="begin of the random numbers")
    asked = parser.parse_args(arguments)
    text = prescribed(asked.number, datetime.now(UTC), random.Random(asked.seed))
    asked.file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
