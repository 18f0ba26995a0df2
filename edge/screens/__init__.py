"""The pages of the terminal: the pharmacist's, and the set-up of scanners."""

from edge.screens.counter import mount_screens
from edge.screens.place import Place

__all__ = ["Place", "mount_screens"]
