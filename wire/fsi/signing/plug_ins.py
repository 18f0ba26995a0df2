"""The plug-ins by their names in an area profile. The names are fixed: a profile chooses, it does not invent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from codes.words import Words
from wire.fsi.signing.bearer import BearerToken
from wire.fsi.signing.card_password import CardPassword
from wire.fsi.signing.encryptors import NoEncryptor, Sm4Encryptor
from wire.fsi.signing.errors import PlugInError
from wire.fsi.signing.gateway import GatewayHeaders
from wire.fsi.signing.joined import SEPARATOR, JoinedSigners
from wire.fsi.signing.portal import PortalForm, PortalSignature
from wire.fsi.signing.ports import Encryptor, Signer, Transport
from wire.fsi.signing.protection import Protection
from wire.fsi.signing.sm_envelope import SmSignature
from wire.fsi.signing.transports import PlainTransport
from wire.fsi.signing.unsigned import NoSigner

ENCRYPTORS: dict[str, Callable[[], Encryptor]] = {"none": NoEncryptor, "sm4": Sm4Encryptor}
SIGNERS: dict[str, Callable[[], Signer]] = {
    "none": NoSigner,
    "gateway": GatewayHeaders,
    "sm": SmSignature,
    "portal": PortalSignature,
    "token": BearerToken,
}
_CARD_PASSWORD = "card_password"  # noqa: S105 - the name of a plug-in
SIGNER_NAMES = (*SIGNERS, _CARD_PASSWORD)
TRANSPORT_NAMES = ("plain", "portal")
_USE_CAINFO = {"sm", _CARD_PASSWORD}


class AreaPlugIns(Protocol):
    """What an area profile says about its plug-ins."""

    @property
    def signer(self) -> str: ...
    @property
    def encryptor(self) -> str: ...
    @property
    def transport(self) -> str: ...
    @property
    def checks_password(self) -> frozenset[str]: ...


def protection_of(area: AreaPlugIns, *, is_test_area: bool = False) -> Protection:
    """Return the plug-ins of an area.

    Raises:
        PlugInError: A name is unknown, or two plug-ins do not go together.
    """
    names = area.signer.split(SEPARATOR)
    _check_together(names, area.transport)
    signers = [_signer(name, area, is_test_area=is_test_area) for name in names]
    signer = signers[0] if len(signers) == 1 else JoinedSigners(signers)
    if area.encryptor not in ENCRYPTORS:
        raise _unknown("encryptor", area.encryptor, tuple(ENCRYPTORS))
    if area.transport == PortalForm.name:
        # There the form hides the whole envelope, so its input is not hidden once more.
        form: Transport = PortalForm(is_encrypted=area.encryptor != NoEncryptor.name)
        return Protection(form, NoEncryptor(), signer)
    return Protection(PlainTransport(), ENCRYPTORS[area.encryptor](), signer)


def _signer(name: str, area: AreaPlugIns, *, is_test_area: bool) -> Signer:
    if name == _CARD_PASSWORD:
        return CardPassword(area.checks_password, is_test_area)
    if name not in SIGNERS:
        raise _unknown("signer", name, SIGNER_NAMES)
    return SIGNERS[name]()


def _check_together(names: list[str], transport: str) -> None:
    if transport not in TRANSPORT_NAMES:
        raise _unknown("transport", transport, TRANSPORT_NAMES)
    if (transport == PortalForm.name) != (PortalSignature.name in names):
        raise PlugInError(
            Words(
                "signer portal 与 transport portal 必须同时使用",
                "The signer portal and the transport portal go together",
            )
        )
    if len(set(names)) != len(names) or set(names) >= _USE_CAINFO:
        joined = SEPARATOR.join(names)
        raise PlugInError(
            Words(f"signer {joined} 中有重复，或争用 cainfo", f"In the signer {joined} two want the same place")
        )


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> PlugInError:
    listed = "、".join(known), ", ".join(known)
    return PlugInError(
        Words(f"没有 {kind} {name}，可用：{listed[0]}", f"There is no {kind} {name}; there are {listed[1]}")
    )
