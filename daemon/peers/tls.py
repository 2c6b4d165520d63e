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
}
BY_CERTIFICATE = {
    3: "peer.revocations_missing",
    10: "peer.certificate_expired",
    11: "peer.revocations_missing",
    12: "peer.revocations_missing",
    18: "peer.certificate_unknown",
    19: "peer.certificate_unknown",
    20: "peer.certificate_unknown",
    21: "peer.certificate_unknown",
    23: "peer.certificate_revoked",
}
"""By the number that OpenSSL gives a chain that does not verify (X509_V_ERR_*, x509_vfy.h): 3 no list, 10 expired, 11 and 12
a list not yet or no more valid, 18 to 21 no authority of ours, 23 revoked."""


def refusal(error: BaseException) -> str:
    """The stable code of a handshake that failed."""
    # asyncio ends a handshake past its deadline with ConnectionAbortedError.
    if isinstance(error, TimeoutError | ConnectionAbortedError):
        return "peer.handshake_late"
    if isinstance(error, ssl.SSLCertVerificationError):
        return BY_CERTIFICATE.get(error.verify_code, "peer.certificate_refused")
    if isinstance(error, ssl.SSLError):
        return BY_REASON.get(error.reason or "", "peer.handshake_failed")
    return "peer.handshake_broken"
