"""Who sent a message, and who may read it: signing, encryption and transport of the national interface, per area."""

from wire.fsi.signing.errors import (
    EncryptedTextError,
    MissingSignatureError,
    OutOfWindowError,
    PasswordMissingError,
    PlugInError,
    SecretsError,
    SignatureError,
    SigningError,
    SmLibraryMissingError,
    UnknownSignerError,
    WrongSignatureError,
)
from wire.fsi.signing.keyring import OPEN_NAMES, PUBLIC_NAMES, SECRET_NAMES, Party, Secrets, read_party
from wire.fsi.signing.plug_ins import ENCRYPTORS, SIGNER_NAMES, TRANSPORT_NAMES, protection_of
from wire.fsi.signing.ports import (
    Encryptor,
    EnvelopeFields,
    Opened,
    Password,
    Received,
    Sending,
    Signed,
    Signer,
    Transport,
    Verified,
)
from wire.fsi.signing.protection import Outgoing, Protection
from wire.fsi.signing.transports import PATH
from wire.fsi.signing.window import WINDOW

__all__ = [
    "ENCRYPTORS",
    "OPEN_NAMES",
    "PATH",
    "PUBLIC_NAMES",
    "SECRET_NAMES",
    "SIGNER_NAMES",
    "TRANSPORT_NAMES",
    "WINDOW",
    "EncryptedTextError",
    "Encryptor",
    "EnvelopeFields",
    "MissingSignatureError",
    "Opened",
    "OutOfWindowError",
    "Outgoing",
    "Party",
    "Password",
    "PasswordMissingError",
    "PlugInError",
    "Protection",
    "Received",
    "Secrets",
    "SecretsError",
    "Sending",
    "SignatureError",
    "Signed",
    "Signer",
    "SigningError",
    "SmLibraryMissingError",
    "Transport",
    "UnknownSignerError",
    "Verified",
    "WrongSignatureError",
    "protection_of",
    "read_party",
]
