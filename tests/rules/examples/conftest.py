"""Working one case out, and a whole file's tree."""

from __future__ import annotations

from importlib.resources import files

import pytest

from rules.examples.reading import read_examples
from rules.examples.running import run
from rules.payment.subsidy_file import load_subsidies


@pytest.fixture(scope="session")
def subsidy_years():
    folder = files("config") / "subsidies"
    return tuple(load_subsidies(one.read_text(encoding="utf-8")) for one in folder.iterdir())


@pytest.fixture
def verdicts(subsidy_years):
    """Run a tree; return the verdicts by label."""

    def of(tree):
        return {verdict.label: verdict for verdict in run(read_examples(tree), subsidy_years)}

    return of


@pytest.fixture
def work(verdicts):
    """Run one case; return its verdict."""

    def of(kind, inputs, expected, **beside):
        entry = {"id": "X", "kind": kind, "inputs": inputs, "expected": expected, **beside}
        (verdict,) = verdicts({"examples": [entry]}).values()
        return verdict

    return of


@pytest.fixture
def got(work):
    """Run one case; return what was got for one figure."""

    def of(kind, inputs, figure, **beside):
        (check,) = work(kind, inputs, {figure: "123456789.5"}, **beside).checks
        return check.got

    return of
