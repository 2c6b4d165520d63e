"""Revocation lists (X.509 CRL, RFC 5280 §5): read, verified, and what they say of one certificate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from daemon.errors import InputError

EARLY = timedelta(hours=1)  # that the clock of an authority may be ahead of ours
_LIST = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)

Lists = tuple[x509.CertificateRevocationList, ...]
Number = tuple[bytes, int]
"""Issuer (DER) and serial number: what a list names a certificate by (RFC 5280 §5.3)."""


@dataclass(frozen=True)
class Shown:
    """What we keep of a certificate that was shown to us."""

    number: Number
    ends: datetime


def shown(der: bytes) -> Shown:
    """What to keep of a certificate, after TLS has verified it."""
    certificate = x509.load_der_x509_certificate(der)
    number = (certificate.issuer.public_bytes(), certificate.serial_number)
    return Shown(number, certificate.not_valid_after_utc)


def read(file: Path, authorities: Sequence[x509.Certificate], now: datetime) -> Lists:
    """The lists in `file`, verified; exactly one for each authority (RFC 5280 §5.1, §6.3)."""
    try:
        lists = tuple(x509.load_pem_x509_crl(pem) for pem in _LIST.findall(file.read_bytes()))
    except OSError as error:
        raise InputError("peer.revocations_unusable") from error
    for authority in authorities:
        own = [each for each in lists if each.issuer == authority.subject and _signed(each, authority)]
        if len(own) != 1 or own[0].last_update_utc > now + EARLY:
            raise InputError("peer.revocations_unusable")
    if len(lists) != len(authorities):
        raise InputError("peer.revocations_unusable")
    return lists


def _signed(revocations: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    try:
        return revocations.is_signature_valid(authority.public_key())  # type: ignore[arg-type]
    except (InvalidSignature, TypeError):
        return False


def require_newer(before: Lists, after: Lists) -> None:
    """InputError where an authority's list is older than the one in force: somebody who was revoked would be let in again."""
    issued = {each.issuer: each.last_update_utc for each in before}
    if any(each.last_update_utc < issued.get(each.issuer, each.last_update_utc) for each in after):
        raise InputError("peer.revocations_unusable")


def end(revocations: x509.CertificateRevocationList) -> datetime:
    """Its nextUpdate, which RFC 5280 §5.1.2.5 asks for; a list without one is over as soon as it was made."""
    return revocations.next_update_utc or revocations.last_update_utc


def numbers(lists: Lists) -> frozenset[Number]:
    """Every certificate that one of `lists` revokes."""
    return frozenset((each.issuer.public_bytes(), entry.serial_number) for each in lists for entry in each)
