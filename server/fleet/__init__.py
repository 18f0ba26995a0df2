"""The fleet: which terminals there are, whose key is trusted, who is there and how they feel."""

from server.fleet.registry import Fleet, Noted
from server.fleet.terminal import Life, Standing, Terminal

__all__ = ["Fleet", "Life", "Noted", "Standing", "Terminal"]
