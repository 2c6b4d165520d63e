"""What the register may ask of its key service, over a unix socket.

A frame is a 4-byte big-endian length and that many bytes of MessagePack; one answer per request, in order. The
service believes nothing of what it is told: it builds what it signs from typed fields itself.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Struct

from daemon.contract.epochs import OpenEpoch
from daemon.contract.manifest import File, ManifestKind

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
Id = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._-]{1,32}\Z")]
"""A custodian's id, or a token's label where we chose it."""


class Alarm(StrEnum):
    """What stands wrong with the keys until someone acts."""

    ONE_TOKEN = "one_token"  # noqa: S105 - a state, not a secret
    """Only one token is enrolled: if it dies, every key dies with it."""
    TOKEN_LACKS = "token_lacks"  # noqa: S105
    """An enrolled token has no copy of some keys yet: bring it back while the other is there."""
    DESTRUCTION_PARTIAL = "destruction_partial"
    """A destroyed key may still lie in an enrolled token that has not been back since."""
    CLOCK_JUMPED = "clock_jumped"
    """The clock stands more than a day from the record: lawful keys are not destroyed until custodians agree."""
    PIN_REFUSED = "pin_refused"
    """The token refused the PIN: not tried again until it changes or custodians clear it."""
    PIN_AWAITED = "pin_awaited"
    """Nobody has given the PIN since the start."""
    NO_CUSTODIANS = "no_custodians"
    """Fewer than two custodians are known: nothing can be destroyed, no token enrolled."""


class SignatureKind(StrEnum):
    """How a token signs."""

    ECDSA_P256 = "ecdsa_p256"
    """ECDSA P-256 over SHA-256, DER (RFC 3279 §2.2.3)."""
    RSA_PSS_3072 = "rsa_pss_3072"
    """RSASSA-PSS, SHA-256, MGF1-SHA-256, salt of 32 bytes (RFC 8017 §8.1)."""


# The daemon's requests, on the socket "keys".


class Ping(Struct, frozen=True, tag="ping", forbid_unknown_fields=True):
    """Is the token there?"""


class TokenInfo(Struct, frozen=True, kw_only=True):
    """One enrolled token."""

    serial: str
    label: str
    model: str
    """Manufacturer and model."""
    uri: str
    """The `pkcs11:` URI by which it is found; holds no PIN."""
    signature: SignatureKind
    enrolled: datetime
    present: bool
    """Whether it answers now."""
    active: bool
    """Whether it is the one that derives and signs now."""
    lacking: int
    """Keys of which it has no copy yet."""


class Pong(Struct, frozen=True, tag="pong", kw_only=True):
    register: str
    token: bool
    """Whether a token that can serve answers now."""
    at_rest: str
    """`protected` or `unprotected`."""
    token_calls: int
    """Calls that made, used or listed keys in a token since the service started; health checks not counted."""
    tokens: list[TokenInfo]
    alarms: list[Alarm]
    clock: datetime
    """The service's own record of the time."""


class Make(Struct, frozen=True, tag="make", forbid_unknown_fields=True):
    """Make these data keys (or, for seal and form, the first key pair) if they do not exist yet.

    An operational class: the generation after the newest only. A dated class: within the window of `hsm.policy`.
    """

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
    """One key that exists."""

    name: str
    lawful: bool
    made: datetime
    ends: datetime | None
    """From when a lawful key may be destroyed; None for an operational one, and for `hold`."""
    uses: dict[str, int]
    """How often it was unwrapped or has signed, by the uid that asked; "service" where the service signed by itself."""
    tokens: list[str]
    """Serials of the tokens that hold a copy."""


class PairInfo(Struct, frozen=True, kw_only=True):
    """The public key of a pair that exists or existed: each token has its own."""

    name: str
    serial: str
    made: datetime
    kind: SignatureKind
    public: bytes
    """SubjectPublicKeyInfo (DER)."""
    endorsement: str
    """The statement (a signed note) by which an earlier pair vouches for this one; empty for the very first."""


class DestroyedInfo(Struct, frozen=True, kw_only=True):
    """A key that was destroyed; its name never exists again."""

    name: str
    at: datetime
    confirmed: list[str]
    """Serials of the tokens that are rid of it."""
    missing: list[str]
    """Serials of enrolled tokens that have not confirmed: the certificate is partial."""


class ListKeys(Struct, frozen=True, tag="list", forbid_unknown_fields=True):
    pass


class Keys(Struct, frozen=True, tag="keys"):
    keys: list[KeyInfo]
    """Oldest first."""
    pairs: list[PairInfo]
    """Every public key there ever was, oldest first, those of retired tokens too."""
    destroyed: list[DestroyedInfo]
    """Those that are partial, and the newest 1,000: all there ever were are in the statements."""


class SignCheckpoint(Struct, frozen=True, tag="sign_checkpoint", forbid_unknown_fields=True, kw_only=True):
    """Sign a checkpoint of the register's log (C2SP tlog-checkpoint) with the newest `seal`.

    `proof` is the RFC 9162 consistency proof from the last size that this service signed to `size`; empty where
    nothing, or the empty tree, was signed yet, or where size and root are those signed last. To ask again for what
    was signed last is always allowed: in the same words within a minute it gives the same note, since the answer may have
    been lost, and after that a new one with a new `time` line, which the service writes itself before the `extensions`.
    """

    epoch: int
    size: int
    root: Hash
    extensions: list[str] = []
    proof: list[Hash] = []


class SignManifest(Struct, frozen=True, tag="sign_manifest", forbid_unknown_fields=True, kw_only=True):
    """Sign what belongs together (`daemon.contract.manifest`) with the newest `seal`. The time is the service's own.

    Of an export `end` is at most the size of the checkpoint signed last, in its epoch. Answered by Signed.
    """

    kind: ManifestKind
    id: str
    """32 hexadecimal digits."""
    fields: list[tuple[str, str]]
    """Those of the kind, in order, each with its value."""
    files: list[File]


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


class DestroyLawful(Struct, frozen=True, tag="destroy_lawful", forbid_unknown_fields=True):
    """Destroy lawful keys whose date has passed by the service's own record of the clock. Answered by Statements."""

    names: list[str]


class StatementsAfter(Struct, frozen=True, tag="statements_after", forbid_unknown_fields=True):
    """The signed statements after this number (0: all), oldest first, as many as fit."""

    number: int


class Statement(Struct, frozen=True, kw_only=True):
    """Something that the service did and signs for: see `daemon.contract.statement` for its text."""

    number: int
    """From 1, without a gap."""
    kind: str
    at: datetime
    note: str
    """A signed note under `seal`, of the token that was active then."""


class Statements(Struct, frozen=True, tag="statements"):
    statements: list[Statement]


# What only custodians decide: proposed by anyone at the console, in force by their own signatures.


class Custodian(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """鍵管理者: someone whose own key, on a card, signs what may not happen otherwise."""

    id: Id
    name: str
    public: bytes
    """SubjectPublicKeyInfo (DER): ECDSA P-256 or RSA of 2048 bits or more."""


class DestroyKey(Struct, frozen=True, tag="destroy_key", forbid_unknown_fields=True):
    """An operational key (never the newest `live`), or a `hold`. Two custodians, then 72 hours."""

    name: str


class RotateSeal(Struct, frozen=True, tag="rotate_seal", forbid_unknown_fields=True):
    """A new `seal`, endorsed by the old one, whose private key is destroyed in the same step. Two, then 72 hours."""


class EnrolToken(Struct, frozen=True, tag="enrol_token", forbid_unknown_fields=True):
    """Take in a second token: every data key is wrapped for it, and its own `seal` is endorsed. Two, at once."""

    uri: str


class ReplaceToken(Struct, frozen=True, tag="replace_token", forbid_unknown_fields=True):
    """機器更改: take in the token `uri`, then retire the token `serial`. Two, at once."""

    serial: str
    uri: str


class RetireToken(Struct, frozen=True, tag="retire_token", forbid_unknown_fields=True):
    """Take a token out of use (lost, stolen, broken); its own keys die where it still answers. Two, at once."""

    serial: str


class SetClock(Struct, frozen=True, tag="set_clock", forbid_unknown_fields=True):
    """Believe the machine's clock again after a jump of more than a day. Two, at once; within an hour of `now`."""

    now: datetime


class SetCustodians(Struct, frozen=True, tag="set_custodians", forbid_unknown_fields=True):
    """Who the custodians are from now on, all of them; at least two. Two of the present ones, then 72 hours."""

    custodians: list[Custodian]


class ClearPin(Struct, frozen=True, tag="clear_pin", forbid_unknown_fields=True):
    """Let the PIN be tried once more on the token that refused it (by label). Two, at once."""

    label: str


LAPSED = "(lapsed)"
"""Stands for the one who cancelled where nobody did: unsigned, or not begun, for 30 days."""

Deed = (
    DestroyKey | RotateSeal | EnrolToken | ReplaceToken | RetireToken | SetClock | SetCustodians | ClearPin | OpenEpoch
)  # fmt: skip


class Propose(Struct, frozen=True, tag="propose", forbid_unknown_fields=True):
    """Put a deed before the custodians. Answered by a Proposal."""

    deed: Deed


class Proposal(Struct, frozen=True, tag="proposal", kw_only=True):
    id: str
    """32 hexadecimal digits, random."""
    deed: Deed
    text: str
    """What a custodian reads and signs, UTF-8, to the byte (`daemon.contract.statement.proposal_text`)."""
    cancel_text: str
    """What a custodian signs to cancel it."""
    asked: datetime
    signed_by: list[str]
    """Ids of custodians."""
    ripe: datetime | None
    """From when it may be carried out; None until two have signed."""
    cancelled_by: str
    """A custodian's id, or LAPSED; empty while neither."""
    done: datetime | None
    steps_done: int
    steps: int
    """How far carrying out has come; 0 of 0 before it begins."""


class Proposals(Struct, frozen=True, tag="proposals", forbid_unknown_fields=True):
    """Those that are open, and those closed in the last 90 days, oldest first; and who the custodians are."""


class Proposed(Struct, frozen=True, tag="proposed"):
    proposals: list[Proposal]
    custodians: list[Custodian]


class SignProposal(Struct, frozen=True, tag="sign_proposal", forbid_unknown_fields=True):
    """A custodian's signature over the proposal's `text`. Answered by the Proposal."""

    id: str
    custodian: str
    signature: bytes
    """ECDSA (DER) or RSA-PSS (salt 32), SHA-256."""


class CancelProposal(Struct, frozen=True, tag="cancel_proposal", forbid_unknown_fields=True):
    """A custodian's signature over the proposal's `cancel_text`: any one of them can stop it until it is done."""

    id: str
    custodian: str
    signature: bytes


class CarryOut(Struct, frozen=True, tag="carry_out", forbid_unknown_fields=True):
    """Do what a ripe proposal says, a few seconds of it; ask again until `done`. Picks up where it was left."""

    id: str


class Refused(Struct, frozen=True, tag="refused", kw_only=True):
    """The answer instead of any other: why not. `away` says that trying again later may help."""

    code: str
    field: str = ""
    away: bool = False


Request = (
    Ping | Make | Unwrap | ListKeys | SignCheckpoint | SignManifest | Witness | DestroyLawful | StatementsAfter
    | Propose | Proposals | SignProposal | CancelProposal | CarryOut
)  # fmt: skip
Answer = Pong | Made | Unwrapped | Keys | Signed | Witnessed | Statements | Proposal | Proposed | Refused
