"""TLS between the terminals of a site: all of them with the site's own authority, or none."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

from edge.config_site import SiteSection
from web.tls import try_broker_files


@dataclass(frozen=True, slots=True)
class SiteTls:
    """Both ends of the way; None where it is not encrypted."""

    asking: ssl.SSLContext | None = None
    answering: ssl.SSLContext | None = None


def site_tls(section: SiteSection) -> SiteTls:
    """Return what the files of the section make of the way.

    Raises:
        CertificateError: They cannot be read, are none, or do not belong together.
        SecretFileError: Others may read the key.
    """
    if section.ca_file is None or section.certificate_file is None or section.key_file is None:
        return SiteTls()
    try_broker_files(section)
    asking = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(section.ca_file))
    # Who answers is proved by the frame's signature. Certificates keep others from listening; their authority is the
    # site's own, and the addresses of a shop change more often than certificates.
    asking.check_hostname = False
    answering = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    answering.load_cert_chain(section.certificate_file, section.key_file)
    return SiteTls(asking, answering)
