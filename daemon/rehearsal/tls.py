"""Mutual TLS 1.3 and nothing less, for both ends of a rehearsal."""

import ssl
from pathlib import Path

from daemon.rehearsal.certificates import Pair


def client_context(pair: Pair, trusted: Path) -> ssl.SSLContext:
    """For a client that shows `pair` and takes servers of the authority in `trusted`, by their DNS name."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, pair, trusted)


def server_context(pair: Pair, trusted: Path) -> ssl.SSLContext:
    """For a server that shows `pair` and takes clients of the authority in `trusted` only."""
    context = _context(ssl.PROTOCOL_TLS_SERVER, pair, trusted)
    context.num_tickets = 0  # a resumed session would skip the check of the certificate
    return context


def _context(protocol: int, pair: Pair, trusted: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    context.load_cert_chain(pair.cert, pair.key)
    context.load_verify_locations(trusted)
    return context
