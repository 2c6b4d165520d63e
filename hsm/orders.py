"""What the supervisor tells its worker, and what comes back: one `Told` per order, in order, over two pipes.

The worker believes the supervisor: policy is decided before an order is given. Labels are the names of
`hsm.protocol.CLASS`, and `custodian` on a custodian's card. `Find` comes first, then `Login`, then the rest; `Survey`,
`Initialise` and `Create` need neither. What carries a PIN shows none of it when printed.
"""

from typing import Annotated

from msgspec import Meta, Struct

from hsm.protocol import SignatureKind

HASH_SIZE = 32  # bytes, SHA-256

Digest = Annotated[bytes, Meta(min_length=HASH_SIZE, max_length=HASH_SIZE)]


class _Hidden:
    """Prints as its name alone."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


# Finding, and getting in.


class TokenFacts(Struct, frozen=True, kw_only=True):
    """A token in a slot, as its module describes it; no PIN is needed to know this."""

    slot: str
    """Its slot's id, decimal."""
    label: str
    serial: str
    model: str
    """Manufacturer and model."""
    initialised: bool
    user_pin_set: bool
    so_pin_default: bool = False
    """It has its maker's SO PIN, which must be changed before the token is of use."""
    final_try: bool
    """One more wrong user PIN locks it."""
    locked: bool
    protected_path: bool
    """It asks for its PIN itself: at its own pad, or by its own quorum."""
    min_pin: int
    max_pin: int
    """Bytes of a PIN."""


class Survey(Struct, frozen=True, tag="survey"):
    """Every token in the slots of `module`, initialised or not: Surveyed."""

    module: str


class Surveyed(Struct, frozen=True, tag="surveyed"):
    tokens: list[TokenFacts]


class Find(Struct, frozen=True, tag="find"):
    """Load `module` afresh and find the one usable token that meets `criteria` (`hsm.uri.CRITERIA`): Found."""

    module: str
    criteria: dict[str, str]


class Found(Struct, frozen=True, tag="found"):
    facts: TokenFacts


class Login(_Hidden, Struct, frozen=True, tag="login"):
    """Log in to the token found; the worker keeps the PIN for when a session is lost. Empty: at the token's own pad.

    Opened. Of whatever goes wrong here nothing is tried a second time.
    """

    pin: bytes


class Opened(Struct, frozen=True, tag="opened", kw_only=True):
    """The token that is now open."""

    serial: str
    label: str
    model: str
    """Manufacturer and model."""
    signature: SignatureKind
    """How its pairs sign: as its first one does, else the best it can."""
    min_pin: int
    max_pin: int
    """Bytes of a PIN."""


class SelfTest(Struct, frozen=True, tag="selftest"):
    """Let the token compute what we can check (`hsm.selftest`): Tested. `full` the first time, with a signature."""

    full: bool


class Tested(Struct, frozen=True, tag="tested", kw_only=True):
    """What came out."""

    known: list[bytes] = []
    """HMAC-SHA256 of each text under the known key; empty where the token takes no key from outside."""
    derived: list[bytes] = []
    """HMAC-SHA256 under a key that the token made, of `known.TWICE_AND_OTHER`; one of the two is there."""
    public: bytes = b""
    """SubjectPublicKeyInfo (DER) of a pair, empty where none was tried."""
    signature: bytes = b""


# Initialising.


class Initialise(_Hidden, Struct, frozen=True, tag="initialise", kw_only=True):
    """Make the one token that meets `criteria` ready: label, SO PIN, user PIN. Carries on what was interrupted.

    Initialised, or `hsm.pin_wrong` where the token was initialised with other PINs: then nothing was changed.
    """

    module: str
    criteria: dict[str, str]
    label: str
    so_pin: bytes
    pin: bytes
    factory_so_pin: bytes = b""
    """The SO PIN that a token of this make has when it is new, where it has one (opencryptoki)."""


class Initialised(Struct, frozen=True, tag="initialised"):
    serial: str


class Create(_Hidden, Struct, frozen=True, tag="create", kw_only=True):
    """SoftHSM: make the token `label` with this PIN, unless one is there. Created."""

    module: str
    label: str
    pin: bytes


class Created(Struct, frozen=True, tag="created"):
    new: bool


# Keys.


class Check(Struct, frozen=True, tag="check"):
    """Does the token answer?"""


class MakeSecret(Struct, frozen=True, tag="make_secret"):
    """An HMAC-SHA256 secret under `label`, unless one is there."""

    label: str


class Derive(Struct, frozen=True, tag="derive"):
    """HMAC-SHA256 of `data` under the secret `label`: a Value of 32 bytes."""

    label: str
    data: bytes


class MakePair(Struct, frozen=True, tag="make_pair"):
    """A signature pair under `label`, unless one is there; half of one is taken for an interrupted start."""

    label: str


class Public(Struct, frozen=True, tag="public"):
    """The public key of the pair `label`: a Value, SubjectPublicKeyInfo in DER."""

    label: str


class Sign(Struct, frozen=True, tag="sign"):
    """A signature over a SHA-256 `digest`: a Value, Ecdsa-Sig-Value in DER or RSASSA-PSS, as `Opened.signature` says."""

    label: str
    digest: Digest


class Destroy(Struct, frozen=True, tag="destroy"):
    """Every object under `label`; Done also where there is none."""

    label: str


class Labels(Struct, frozen=True, tag="labels"):
    """The labels of all secrets and pairs in the token: Names, sorted.

    The worker gives them in parts, since a slow token with many keys would outlast every deadline: from the key number
    `start` on, as many as it can read in a second. `hsm.token` puts the parts together.
    """

    start: int = 0


class Done(Struct, frozen=True, tag="done"):
    pass


class Value(Struct, frozen=True, tag="value"):
    value: bytes


class Names(Struct, frozen=True, tag="names"):
    names: list[str]
    next: int = 0
    """Where the next part starts; 0: this was the last."""


class Failed(Struct, frozen=True, tag="failed"):
    """The order was not carried out: an error's code and field (`daemon.errors`)."""

    code: str
    field: str = ""


Order = (
    Survey
    | Find
    | Login
    | SelfTest
    | Initialise
    | Create
    | Check
    | MakeSecret
    | Derive
    | MakePair
    | Public
    | Sign
    | Destroy
    | Labels
)
Reply = Surveyed | Found | Opened | Tested | Initialised | Created | Done | Value | Names | Failed


class Told(Struct, frozen=True):
    """A reply, with what the worker had to do for it."""

    reply: Reply
    cured: list[str] = []
    """The CKRs that the worker met and cured by itself, in order."""
    renewed: bool = False
    """The session is another one than before."""
