"""RFC 3161: what a time-stamp authority is asked about a checkpoint, and whether its reply holds. Pure.

The imprint is SHA-256 of the note's signed text, so `openssl ts -verify -data TEXT` checks a reply that was kept. A reply holds where it
was granted without changes, is about that text and that request, states a time near ours, and is signed with a certificate for nothing
but time-stamping (§2.3) under one of the configured authorities, valid at the time stated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import cast

from cryptography.x509 import Certificate, ObjectIdentifier
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.tsp import PKIStatus

from daemon.errors import StateError

MAX_REPLY = 64 * 1024  # bytes; a token with its chain of certificates has a few thousand
SLACK = timedelta(minutes=5)
"""So far the authority's clock and ours may be apart."""

_SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")


class UnfitError(StateError):
    """The authority replied, and the reply proves nothing."""


@dataclass(frozen=True)
class Question:
    """One request."""

    text: bytes
    """What the stamp is to be about."""
    query: bytes
    """TimeStampReq (§2.4.1), DER; asks for the certificate, too."""
    nonce: int


def question(text: bytes) -> Question:
    """A request about `text`, with 64 random bits that the reply must repeat."""
    builder = TimestampRequestBuilder(text, HashAlgorithm.SHA256, nonce=True, cert_req=True)
    request = builder.build()
    return Question(text, request.as_bytes(), cast("int", request.nonce))


def verified(reply: bytes, asked: Question, authorities: Sequence[Certificate], now: datetime) -> datetime:
    """The time that `reply` (TimeStampResp, §2.4.2, DER) states for what was `asked`; UnfitError where it does not hold."""
    try:
        return _verified(decode_timestamp_response(reply), asked, authorities, now)
    except ValueError:
        raise UnfitError("timestamp.bad_reply") from None
    except VerificationError:
        raise UnfitError("timestamp.untrusted") from None


def stated(reply: bytes) -> datetime:
    """The time that a reply states which was verified before it was kept; UnfitError where it is none."""
    try:
        return decode_timestamp_response(reply).tst_info.gen_time.astimezone(UTC)
    except ValueError:
        raise UnfitError("timestamp.bad_reply") from None


def _verified(
    reply: TimeStampResponse, asked: Question, authorities: Sequence[Certificate], now: datetime
) -> datetime:
    if reply.status != PKIStatus.GRANTED:
        raise UnfitError("timestamp.rejected")
    info = reply.tst_info
    imprint, at = info.message_imprint, info.gen_time.astimezone(UTC)
    holds = {
        "timestamp.wrong_imprint": (imprint.hash_algorithm, imprint.message)
        == (_SHA256, sha256(asked.text).digest()),
        "timestamp.wrong_nonce": info.nonce == asked.nonce,
        "timestamp.wrong_time": abs(at - now) <= SLACK,
    }
    for code, so in holds.items():
        if not so:
            raise UnfitError(code)
    VerifierBuilder(nonce=asked.nonce, roots=list(authorities)).build().verify_message(reply, asked.text)
    return at
