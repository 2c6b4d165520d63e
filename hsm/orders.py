"""What the supervisor tells its worker, and what comes back: one reply per order, in order, over two pipes.

The first frame is the PIN, bare; the second is `Open`. The worker believes the supervisor: policy is decided
before an order is given. Labels are the names of `hsm.protocol.CLASS`.
"""

from msgspec import Struct

HASH_SIZE = 32  # bytes, SHA-256


class Open(Struct, frozen=True, tag="open", kw_only=True):
    """Load `module`, find the one token that meets `criteria` and log in; with `create`, make it if there is none."""

    module: str
    criteria: dict[str, str]
    create: bool = False


class Opened(Struct, frozen=True, tag="opened", kw_only=True):
    """The token that is now open."""

    serial: str
    model: str


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
    """An ECDSA P-256 key pair under `label`, unless one is there."""

    label: str


class Public(Struct, frozen=True, tag="public"):
    """The public key of the pair `label`: a Value, SubjectPublicKeyInfo in DER."""

    label: str


class Sign(Struct, frozen=True, tag="sign"):
    """ECDSA over a SHA-256 `digest`: a Value, Ecdsa-Sig-Value in DER."""

    label: str
    digest: bytes


class Destroy(Struct, frozen=True, tag="destroy"):
    """Every object under `label`; Done also where there is none."""

    label: str


class Labels(Struct, frozen=True, tag="labels"):
    """The labels of all secrets and pairs in the token: Names, sorted."""


class Done(Struct, frozen=True, tag="done"):
    pass


class Value(Struct, frozen=True, tag="value"):
    value: bytes


class Names(Struct, frozen=True, tag="names"):
    names: list[str]


class Failed(Struct, frozen=True, tag="failed"):
    """The order was not carried out: an error's code and field (`daemon.errors`)."""

    code: str
    field: str = ""


Order = Open | Check | MakeSecret | Derive | MakePair | Public | Sign | Destroy | Labels
Reply = Opened | Done | Value | Names | Failed
