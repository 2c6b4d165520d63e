"""What the register may ask of its key service, over a unix socket.

A frame is a 4-byte big-endian length and that many bytes of MessagePack; one answer per request, in order. The
service believes nothing of what it is told: it builds what it signs from typed fields itself.
"""

import re
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Struct

MAX_FRAME = 1024 * 1024  # bytes
MAX_NAMES = 64  # in one request

CLASS = re.compile(
    r"(?:(?:live|store|index|backup|secret|hold|seal|form)\.[1-9][0-9]{0,8}"
    r"|(?:expire|log|case)\.[0-9]{4}"
    r"|work\.[0-9]{4}-(?:0[1-9]|1[0-2])"
    r"|transit\.[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2})"
)
"""Every class and generation that can exist: the table of the design, as one pattern."""

Hash = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class Ping(Struct, frozen=True, tag="ping", forbid_unknown_fields=True):
    """Is the token there?"""


class Pong(Struct, frozen=True, tag="pong", kw_only=True):
    register: str
    token: bool
    """Whether the token answers now."""
    at_rest: str
    """`protected` or `unprotected`."""
    token_calls: int
    """Calls that made, used or listed keys in the token since the service started; health checks not counted."""


class Make(Struct, frozen=True, tag="make", forbid_unknown_fields=True):
    """Make these data keys (or, for seal and form, key pairs) if they do not exist yet."""

    names: list[str]


class Made(Struct, frozen=True, tag="made"):
    names: list[str]
    """Those that were new."""


class Unwrap(Struct, frozen=True, tag="unwrap", forbid_unknown_fields=True):
    """The data keys themselves, into the memory of the register."""

    names: list[str]


class Unwrapped(Struct, frozen=True, tag="unwrapped"):
    keys: dict[str, Hash]


class KeyInfo(Struct, frozen=True, kw_only=True):
    name: str
    lawful: bool
    made: datetime
    uses: int = 0
    """How often it was unwrapped or has signed."""
    public: bytes | None = None
    """SubjectPublicKeyInfo (DER) of a key pair."""


class ListKeys(Struct, frozen=True, tag="list", forbid_unknown_fields=True):
    pass


class Keys(Struct, frozen=True, tag="keys"):
    keys: list[KeyInfo]


class SignCheckpoint(Struct, frozen=True, tag="sign_checkpoint", forbid_unknown_fields=True, kw_only=True):
    """Sign a checkpoint of the register's log (C2SP tlog-checkpoint).

    `proof` is the RFC 9162 consistency proof from the last size that this service signed to `size`; empty where
    nothing, or the empty tree, was signed yet, or where size and root are those signed last. To ask again for what
    was signed last is always allowed, in the same words too: the answer may have been lost.
    """

    key: str
    epoch: int
    size: int
    root: Hash
    extensions: list[str] = []
    proof: list[Hash] = []


class Signed(Struct, frozen=True, tag="signed", kw_only=True):
    """The whole signed note, as text."""

    note: str


class Witness(Struct, frozen=True, tag="witness", forbid_unknown_fields=True):
    """What was signed last?"""


class Witnessed(Struct, frozen=True, tag="witnessed", kw_only=True):
    """Before the first signature: epoch 1, size 0 and the root of the empty tree."""

    epoch: int
    size: int
    root: Hash


class Refused(Struct, frozen=True, tag="refused", kw_only=True):
    """The answer instead of any other: why not. `away` says that trying again later may help."""

    code: str
    field: str = ""
    away: bool = False


Request = Ping | Make | Unwrap | ListKeys | SignCheckpoint | Witness
Answer = Pong | Made | Unwrapped | Keys | Signed | Witnessed | Refused
