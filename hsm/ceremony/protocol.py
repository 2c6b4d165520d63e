"""What the console may ask on the key service's socket "ceremony". Frames are those of `hsm.frames`.

Every request but Look and Begin names the ceremony it belongs to, so that an answer that was meant for another one is
refused. Shares travel here, and nowhere else.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Struct

from hsm.protocol import Refused

Ident = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Label = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._-]{1,32}\Z")]
"""The token's label: at most 32 bytes (PKCS#11 v2.40 §5.5, C_InitToken)."""
Words = Annotated[list[Annotated[str, msgspec.Meta(max_length=32)]], msgspec.Meta(max_length=64)]


class Phase(StrEnum):
    """How far a ceremony is."""

    IDLE = "idle"
    """None is under way."""
    SHARING = "sharing"
    """First round: each holder in turn is shown their share, writes it down and enters it."""
    CHECKING = "checking"
    """Second round: the service has forgotten the shares; each holder enters theirs from paper once more."""
    CHECKED = "checked"
    """Every share was verified twice; nothing was done to the token yet."""
    INITIALISING = "initialising"
    """The token is being initialised; an interruption is carried on by M holders."""
    DONE = "done"
    """The token is initialised and opens with the PIN that the shares give."""
    VOID = "void"
    """The service ended during the first round: the papers are worthless, begin anew."""


class Look(Struct, frozen=True, tag="look", forbid_unknown_fields=True):
    """How far is it? Answered by a Picture, as is every request but Show."""


class Begin(Struct, frozen=True, tag="begin", forbid_unknown_fields=True, kw_only=True):
    """Begin a ceremony for the one uninitialised token that `uri` finds (its label is `label` afterwards)."""

    uri: Annotated[str, msgspec.Meta(max_length=1024)]
    label: Label
    threshold: int
    holders: Annotated[list[Name], msgspec.Meta(max_length=16)]
    dry_run: bool


class Show(Struct, frozen=True, tag="show", forbid_unknown_fields=True):
    """The share of the holder whose turn it is; never again once they have verified it. Answered by a Sheet."""

    ceremony: Ident
    holder: int
    """From 0, in the order of `Begin.holders`."""


class Enter(Struct, frozen=True, tag="enter", forbid_unknown_fields=True):
    """A share, as its holder reads it from paper."""

    ceremony: Ident
    words: Words


class Initialise(Struct, frozen=True, tag="initialise", forbid_unknown_fields=True):
    """Initialise the token now, or carry on with it."""

    ceremony: Ident


class Abandon(Struct, frozen=True, tag="abandon", forbid_unknown_fields=True):
    """Give the ceremony up; while initialising, only after M holders have given their shares."""

    ceremony: Ident


class Give(Struct, frozen=True, tag="give", forbid_unknown_fields=True):
    """A holder's share towards the PIN of a token that waits for it, at start."""

    words: Words


class Waiting(Struct, frozen=True, kw_only=True):
    """A token that waits for its PIN."""

    label: str
    given: int
    threshold: int


class Picture(Struct, frozen=True, tag="picture", kw_only=True):
    """How it stands. Holds nothing secret."""

    register: str
    phase: Phase
    ceremony: str = ""
    dry_run: bool = False
    uri: str = ""
    """Where the token is, or, while none is under way, where this service looks for its own."""
    label: str = ""
    threshold: int = 0
    holders: list[str] = []
    turn: int = 0
    """Whose turn it is, from 0, in both rounds."""
    given: list[int] = []
    """Holders whose shares are at hand, while initialising is to be carried on."""
    ready: bool = False
    """Whether `Initialise` may be asked for now."""
    serial: str = ""
    model: str = ""
    waiting: list[Waiting] = []
    """Tokens whose PIN nobody has given since the start."""


class Sheet(Struct, frozen=True, tag="sheet", kw_only=True):
    """A share, to be written down."""

    ceremony: str
    holder: int
    words: list[str]

    def __repr__(self) -> str:
        return "Sheet(...)"


Request = Look | Begin | Show | Enter | Initialise | Abandon | Give
Answer = Picture | Sheet | Refused
