"""When the certificates of the configuration run out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509

from edge.config import EdgeConfig
from edge.config_fsi import Way
from edge.health import CertificateStatus


def read_certificates(config: EdgeConfig) -> tuple[CertificateStatus, ...]:
    """Return every certificate that the configuration names, as it is on the disk now."""
    return tuple(
        CertificateStatus(use, expiry_of(path, is_authority=is_authority)) for use, path, is_authority in _named(config)
    )


def expiry_of(path: Path, *, is_authority: bool) -> datetime | None:
    """Return until when the certificate in a file is good; None if it cannot be read.

    Of a chain the first counts, our own. Of several authorities the last one to run out counts: a file may keep an old
    one beside the new.
    """
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return None
    ends = [one.not_valid_after_utc for one in found]
    return max(ends) if is_authority else ends[0]


def _named(config: EdgeConfig) -> Iterator[tuple[str, Path, bool]]:
    link, api, site, fsi = config.link, config.api, config.site, config.fsi
    if link.is_enabled and link.ca_file is not None:
        yield "link.ca_file", link.ca_file, True
    if link.is_enabled and link.certificate_file is not None:
        yield "link.certificate_file", link.certificate_file, False
    if api.certificate_file is not None:
        yield "api.certificate_file", api.certificate_file, False
    if site.file is not None and site.ca_file is not None:
        yield "site.ca_file", site.ca_file, True
    if site.file is not None and site.certificate_file is not None:
        yield "site.certificate_file", site.certificate_file, False
    if fsi.is_enabled and fsi.way is Way.HTTP and fsi.ca_file is not None:
        yield "fsi.ca_file", fsi.ca_file, True
    if fsi.is_enabled and fsi.way is Way.HTTP and fsi.certificate_file is not None:
        yield "fsi.certificate_file", fsi.certificate_file, False
