"""The pharmacist's page of the terminal."""

from edge.screens.counter import Place, mount_screens

__all__ = ["Place", "mount_screens"]
