"""Mutual TLS 1.3, and nothing older: contexts for both directions. Made afresh at each reload."""

import ssl

from daemon.config import Files


def serving(files: Files) -> ssl.SSLContext:
    """For peers that connect to us: they must show a certificate of our CA store for their kind."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(files.certificate, files.key)
    context.load_verify_locations(files.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    # A ticket would let a peer come back without its certificate being looked at again.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    return context


def calling(files: Files) -> ssl.SSLContext:
    """For a server that we connect to: its name is checked, and we show our certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(files.certificate, files.key)
    context.load_verify_locations(files.ca)
    return context


BY_REASON = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "peer.certificate_missing",
    "UNSUPPORTED_PROTOCOL": "peer.tls_too_old",
    "NO_PROTOCOLS_AVAILABLE": "peer.tls_too_old",
    "NO_SHARED_CIPHER": "peer.handshake_failed",
    "expired": "peer.certificate_expired",
    "unknown": "peer.certificate_unknown",
    "CERTIFICATE_VERIFY_FAILED": "peer.certificate_refused",
}


def refusal(error: BaseException) -> str:
    """The stable code of a handshake that failed."""
    # asyncio ends a handshake past its deadline with ConnectionAbortedError.
    if isinstance(error, TimeoutError | ConnectionAbortedError):
        return "peer.handshake_late"
    if isinstance(error, ssl.SSLError):
        return BY_REASON.get(_reason(error), "peer.handshake_failed")
    return "peer.handshake_broken"


def _reason(error: ssl.SSLError) -> str:
    text = str(error).lower()
    if "expired" in text:
        return "expired"
    if "unable to get" in text or "self-signed" in text or "self signed" in text:
        return "unknown"
    return error.reason or ""
