"""Who a peer is: the SAN URI of its certificate, after the TLS layer has verified the chain and the dates."""

from collections.abc import Iterable
from typing import Any

from daemon.errors import AuthenticationError, AuthorityError

PREFIX = "urn:jukura:municipality:"


def municipality(certificate: dict[str, Any] | None, allowed: Iterable[str]) -> str:
    """The 5-digit code in `certificate` (as ssl.getpeercert gives it); exactly one such URI must be there.

    AuthenticationError where the certificate names no municipality, AuthorityError where it is not on the list.
    """
    names = (certificate or {}).get("subjectAltName", ())
    codes = [
        value.removeprefix(PREFIX) for kind, value in names if kind == "URI" and value.startswith(PREFIX)
    ]
    if len(codes) != 1:
        raise AuthenticationError("peer.not_named")
    if codes[0] not in set(allowed):
        raise AuthorityError("peer.not_listed")
    return str(codes[0])
