"""Each kind of scanner has its driver, and a missing library is named with what installs it."""

from __future__ import annotations

import sys

import pytest

from drivers.scanner import Progress, open_scanner, parse_spec
from drivers.scanner.factory import DriverNotInstalledError


@pytest.mark.parametrize("line", ["serial:/dev/ttyACM0", "keyboard:/dev/input/event3", "pos:/dev/hidraw0"])
def test_making_a_driver_touches_no_device(line):
    scanner = open_scanner(parse_spec(line))
    assert scanner.device == line
    assert scanner.progress == Progress()


def test_a_missing_library_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "drivers.scanner.serial", raising=False)
    monkeypatch.setitem(sys.modules, "serial", None)
    with pytest.raises(DriverNotInstalledError) as refused:
        open_scanner(parse_spec("serial:/dev/ttyACM0"))
    assert "yima[edge]" in refused.value.words.zh
    assert "yima[edge]" in refused.value.words.en
    assert "make -B setup" in refused.value.next_step.en, "no package index has us"
