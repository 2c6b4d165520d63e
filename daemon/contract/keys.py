"""What a console may ask about keys, tokens and what is before the custodians.

Proposals, deeds and tokens are passed on as the key service gives and takes them (`hsm.protocol`), so that what a
custodian reads and signs here is to the byte what is checked there. A custodian's signature is made at the terminal
and only handed on: the key service alone judges it. The register adds what it alone knows: what depends on a key,
and how far a rotation has come.
"""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.epochs import Loss, OpenEpoch
from hsm.protocol import (
    LAPSED,
    CancelProposal,
    CarryOut,
    ClearPin,
    Custodian,
    Deed,
    DestroyKey,
    EnrolToken,
    Proposal,
    Propose,
    Proposed,
    ReplaceToken,
    RetireToken,
    RotateSeal,
    SetClock,
    SetCustodians,
    SignProposal,
    Statement,
    Statements,
    StatementsAfter,
    TokenInfo,
)

__all__ = [
    "KEY_ENDPOINTS",
    "LAPSED",
    "CancelProposal",
    "CarryOut",
    "ClearPin",
    "Custodian",
    "Deed",
    "DestroyKey",
    "DestroyedKey",
    "EnrolToken",
    "Key",
    "KeyList",
    "Loss",
    "MadeKeys",
    "MakeKeys",
    "OpenEpoch",
    "Proposal",
    "Propose",
    "Proposed",
    "ReplaceToken",
    "RetireToken",
    "Rotatable",
    "RotateKey",
    "RotateSeal",
    "Rotated",
    "Rotation",
    "SetClock",
    "SetCustodians",
    "SignProposal",
    "Statement",
    "Statements",
    "StatementsAfter",
    "TokenInfo",
    "TokenList",
    "TokenState",
]


class Rotatable(StrEnum):
    """The kinds of keys that the register rotates by itself; `seal` takes two custodians (`RotateSeal`)."""

    LIVE = "live"
    """Current rows are sealed anew, one by one."""
    STORE = "store"
    """The truth's file is written anew under the new page key."""
    INDEX = "index"
    """The search file is written anew."""
    SECRET = "secret"  # noqa: S105 - the name of a class
    """Accounts and the like are sealed anew."""


class Rotation(Struct, frozen=True, kw_only=True):
    """A rotation that runs now."""

    kind: str
    old: str
    """The generation that is left."""
    new: str
    done: int
    total: int
    per_second: float
    seconds_left: float | None
    """None while that cannot be told."""
    paused: bool = False


class TokenState(Struct, frozen=True, kw_only=True):
    """What the status says of an enrolled token."""

    label: str
    model: str
    present: bool
    active: bool


class Key(Struct, frozen=True, kw_only=True):
    """One key that exists: a class and generation."""

    name: str
    lawful: bool
    """Whether the law sets its end; otherwise it is operational."""
    made: datetime
    ends: datetime | None
    """From when a lawful key may be destroyed."""
    uses: int
    """How often it was unwrapped or has signed."""
    used_by: dict[str, int]
    """The same by the uid that asked."""
    dependents: int
    """Values that lie under it; for `store` and `index` 1 while the file in use has it."""
    tokens: list[str]
    """Serials of the tokens that hold a copy."""


class DestroyedKey(Struct, frozen=True, kw_only=True):
    """A key that was destroyed; its name never exists again."""

    name: str
    at: datetime
    complete: bool
    """Whether every enrolled token has confirmed; until then the certificate is partial."""
    missing: list[str]
    """Serials of the tokens that have not."""


class KeyList(Struct, frozen=True, kw_only=True):
    keys: list[Key]
    """Oldest first."""
    destroyed: list[DestroyedKey]
    rotations: list[Rotation]


class MakeKeys(Struct, frozen=True, forbid_unknown_fields=True):
    """Make keys ahead of their day; without names those that the next 60 days need."""

    names: list[str] = []


class MadeKeys(Struct, frozen=True):
    names: list[str]
    """Those that were new."""


class RotateKey(Struct, frozen=True, forbid_unknown_fields=True):
    """Make the next generation, and bring everything under it in the background."""

    kind: Rotatable


class Rotated(Struct, frozen=True):
    name: str
    """The new generation. How far the rest has come stands in `KeyList.rotations`."""


class TokenList(Struct, frozen=True, kw_only=True):
    tokens: list[TokenInfo]
    alarms: list[str]
    clock: datetime
    """The key service's own record of the time."""
    at_rest: str


LIST_KEYS = Endpoint("GET", "/v1/keys", Empty, KeyList)
MAKE_KEYS = Endpoint("POST", "/v1/keys", MakeKeys, MadeKeys)
ROTATE_KEY = Endpoint("POST", "/v1/keys/rotations", RotateKey, Rotated)
TOKENS = Endpoint("GET", "/v1/tokens", Empty, TokenList)
STATEMENTS = Endpoint("POST", "/v1/keys/statements", StatementsAfter, Statements)
PROPOSALS = Endpoint("GET", "/v1/proposals", Empty, Proposed)
PROPOSE = Endpoint("POST", "/v1/proposals", Propose, Proposal)
SIGN = Endpoint("POST", "/v1/proposals/signatures", SignProposal, Proposal)
CANCEL = Endpoint("POST", "/v1/proposals/cancellations", CancelProposal, Proposal)
CARRY_OUT = Endpoint("POST", "/v1/proposals/carrying-out", CarryOut, Proposal)
"""A few seconds of it: asked again until `done`. Picks up where it was left."""
KEY_ENDPOINTS = (
    LIST_KEYS, MAKE_KEYS, ROTATE_KEY, TOKENS, STATEMENTS, PROPOSALS, PROPOSE, SIGN, CANCEL, CARRY_OUT,
)  # fmt: skip
