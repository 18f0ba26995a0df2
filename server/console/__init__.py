"""The console: what administrators, operators and inspectors see of the centre in a browser."""

from server.console.mount import mount_console

__all__ = ["mount_console"]
