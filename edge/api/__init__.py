"""The local interface: what screens, POS and HIS may ask of the terminal, described by OpenAPI."""

from edge.api.app import create_api
from edge.api.parts import ApiParts

__all__ = ["ApiParts", "create_api"]
