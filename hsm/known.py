"""Known answers: what HMAC-SHA256 gives for published inputs, and the fixed text of the self-test's signature. Pure."""

from collections.abc import Sequence
from hashlib import sha256

HMAC_KEY = b"\xaa" * 131
HMAC: Sequence[tuple[bytes, bytes]] = (
    (
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        bytes.fromhex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
    ),
    (
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm."
        ),
        bytes.fromhex("9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ),
)
"""Text and value under HMAC_KEY (RFC 4231 §4.7, §4.8): long enough for tokens that want a key of 32 bytes."""

TWICE_AND_OTHER: Sequence[bytes] = (b"one", b"one", b"other")
"""What a key that only the token knows is asked for: the first two must agree, the third must differ."""

TEXT = b"jukura.jp/self-test\n"
"""Signed in a self-test: no note and no statement has this text."""
DIGEST = sha256(TEXT).digest()
