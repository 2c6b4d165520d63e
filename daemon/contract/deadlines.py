"""What will end by its date: certificates and revocation lists of the lines to other servers, as the status shows them."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Ends(StrEnum):
    """What ends."""

    OWN = "own"
    """The register's own certificate toward those whom `who` names."""
    AUTHORITY = "authority"
    """A CA whose certificates are accepted."""
    PEER = "peer"
    """A peer's certificate, as it was shown at its last handshake."""
    REVOCATIONS = "revocations"
    """A revocation list: past its date nobody of that CA is let in."""


class Deadline(Struct, frozen=True, kw_only=True):
    """One date ahead, or past."""

    what: Ends
    who: str
    """A municipality's 5 digits, or the common name in the certificate."""
    ends: datetime
