"""Scanners: one port, and a driver for each way a scanner can be attached.

`parse_spec` reads a line of the configuration, `open_scanner` gives the driver, `Scanner.scans` yields the scans.
"""

from drivers.scanner.factory import open_scanner
from drivers.scanner.port import Clock, Progress, Scanner
from drivers.scanner.spec import ScannerKind, ScannerSpec
from drivers.scanner.spec_line import parse_spec

__all__ = ["Clock", "Progress", "Scanner", "ScannerKind", "ScannerSpec", "open_scanner", "parse_spec"]
