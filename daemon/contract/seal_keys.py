"""The public keys of a register's log, for witnesses and auditors. They are no secret; that they are the register's own, paper says."""

from datetime import datetime

from msgspec import Struct

from daemon.contract.endpoint import Empty, Endpoint


class SealKey(Struct, frozen=True, kw_only=True):
    """A key that signs or has signed checkpoints."""

    name: str
    """`seal.2`"""
    fingerprint: str
    """SHA-256 of the public key (SubjectPublicKeyInfo, DER), in hex."""
    public: str
    """The public key itself, base64."""
    vkey: str
    """Name, key id and key in one line (C2SP signed-note), as witnesses and other programs take it."""
    made: datetime


class SealKeys(Struct, frozen=True, kw_only=True):
    """The newest first."""

    origin: str
    """The log that they sign: the first line of its checkpoints."""
    keys: list[SealKey]


LOG_KEYS = Endpoint("GET", "/v1/log/keys", Empty, SealKeys)
