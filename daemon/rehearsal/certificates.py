"""Certificates for a rehearsal: short, strict (RFC 5280), ECDSA P-256.

Every kind of peer has an authority of its own, so that a certificate of one kind is worth nothing in the
place of another.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_DAYS = 3650
LEAF_DAYS = 397
LIST_DAYS = 30  # until a revocation list needs a successor
RENEW_DAYS = 30  # a certificate with less than this left is made anew
_EARLY = timedelta(hours=1)  # valid from a little before, for clocks that differ


class Purpose(Enum):
    """What a certificate is for."""

    CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
    SERVER = ExtendedKeyUsageOID.SERVER_AUTH
    STAMPS = ExtendedKeyUsageOID.TIME_STAMPING


@dataclass(frozen=True)
class Pair:
    """A certificate with its key (PEM files; the key's mode is 0600)."""

    cert: Path
    key: Path


@dataclass(frozen=True)
class Holder:
    """Whom a certificate names: a common name for readers, DNS names and URIs for programs."""

    name: str
    dns: Sequence[str] = ()
    uris: Sequence[str] = ()
    purpose: Purpose = Purpose.CLIENT


def write(file: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write `content` to `file` whole or not at all."""
    part = file.with_name(file.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
        out.write(content)
    part.replace(file)


def fresh(pair: Pair, now: datetime) -> bool:
    """Whether certificate and key are there and good for a while yet."""
    if not (pair.cert.is_file() and pair.key.is_file()):
        return False
    return load(pair.cert).not_valid_after_utc > now + timedelta(days=RENEW_DAYS)


def list_fresh(file: Path, now: datetime) -> bool:
    """Whether a revocation list is there and in force for a while yet."""
    if not file.is_file():
        return False
    ends = x509.load_pem_x509_crl(file.read_bytes()).next_update_utc
    return ends is not None and ends > now + timedelta(days=LIST_DAYS / 2)


def load(cert: Path) -> x509.Certificate:
    """The certificate in this file."""
    return x509.load_pem_x509_certificate(cert.read_bytes())


class Authority:
    """A certificate authority that lives in two files; made if it is not there."""

    def __init__(self, pair: Pair, name: str, *, now: datetime) -> None:
        self.pair = pair
        self.made = not fresh(pair, now)
        if self.made:
            key = ec.generate_private_key(ec.SECP256R1())
            _keep(pair, _self_signed(key, name, now), key)
        self._cert = load(pair.cert)
        self._key = _load_key(pair.key)

    def issue(self, pair: Pair, holder: Holder, *, now: datetime, days: int = LEAF_DAYS) -> Pair:
        """A new key and certificate for `holder`, valid from about `now` for `days`."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(name) for name in holder.dns] + [
            x509.UniformResourceIdentifier(uri) for uri in holder.uris
        ]
        cert = (
            _builder(holder.name, key, now, days)
            .issuer_name(self._cert.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            # Critical where RFC 3161 §2.3 wants it.
            .add_extension(
                x509.ExtendedKeyUsage([holder.purpose.value]), critical=holder.purpose is Purpose.STAMPS
            )
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        _keep(pair, cert, key)
        return pair

    def revoke(self, file: Path, revoked: Iterable[Path], *, now: datetime, days: int = LIST_DAYS) -> None:
        """Write this authority's revocation list (RFC 5280 §5): the certificates in `revoked`, in force for `days`."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._cert.subject)
            .last_update(now - _EARLY)
            .next_update(now - _EARLY + timedelta(days=days))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        for cert in revoked:
            entry = x509.RevokedCertificateBuilder(load(cert).serial_number, now - _EARLY).build()
            builder = builder.add_revoked_certificate(entry)
        write(file, builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def _self_signed(key: ec.EllipticCurvePrivateKey, name: str, now: datetime) -> x509.Certificate:
    return (
        _builder(name, key, now, AUTHORITY_DAYS)
        .issuer_name(_named(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _builder(name: str, key: ec.EllipticCurvePrivateKey, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLY)
        .not_valid_after(now - _EARLY + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _keep(pair: Pair, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """The certificate goes first to vanish and last to appear, so that a pair on disk always fits together."""
    pair.cert.unlink(missing_ok=True)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write(pair.key, private, mode=0o600)
    write(pair.cert, cert.public_bytes(pem))


def _load_key(file: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("an authority's key is an elliptic-curve key")
    return key
