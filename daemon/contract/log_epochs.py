"""What a console may ask while the register is sealed because its log does not continue what was signed last (docs/adr/0014).

No session is needed, since the accounts lie in the very store that is in doubt: what counts are the custodians' own signatures, and the
key service alone judges them.
"""

from datetime import datetime

from msgspec import Struct

from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.epochs import Loss
from hsm.protocol import CancelProposal, CarryOut, Proposal, SignProposal

__all__ = [
    "ASK_EPOCH", "CANCEL_EPOCH", "EPOCH", "EPOCH_ENDPOINTS", "OPEN_EPOCH", "SIGN_EPOCH", "AskEpoch", "Epoch", "EpochOffer", "Loss",
]  # fmt: skip


class Epoch(Struct, frozen=True, kw_only=True):
    """How the log's present epoch began; what the status says of it."""

    number: int
    first: int
    """Its first entry."""
    lost: int
    """So many entries that were signed before are not in the log."""
    opened: datetime


class EpochOffer(Struct, frozen=True, kw_only=True):
    """What there is to go on from, and what would be lost."""

    fault: str
    """The error code for which the register is sealed."""
    epoch: int
    """In which the key service signed last,"""
    size: int
    """and how many entries that covered."""
    kept: int
    """Entries in the log as it was found;"""
    proven: int
    """up to here they are proven to be what was signed."""
    proposals: list[Proposal]
    """Those about this, oldest first."""


class AskEpoch(Struct, frozen=True, forbid_unknown_fields=True):
    """Put a new epoch, from the log as it was found, before the custodians. One that is open already is given again."""

    reason: Loss


EPOCH = Endpoint("GET", "/v1/epoch", Empty, EpochOffer, session=False, sealed=True)
ASK_EPOCH = Endpoint("POST", "/v1/epoch", AskEpoch, Proposal, session=False, sealed=True)
SIGN_EPOCH = Endpoint("POST", "/v1/epoch/signatures", SignProposal, Proposal, session=False, sealed=True)
CANCEL_EPOCH = Endpoint(
    "POST", "/v1/epoch/cancellations", CancelProposal, Proposal, session=False, sealed=True
)
OPEN_EPOCH = Endpoint("POST", "/v1/epoch/carrying-out", CarryOut, Proposal, session=False, sealed=True)
"""Once it is done the register opens by itself, and the log goes on."""
EPOCH_ENDPOINTS = (EPOCH, ASK_EPOCH, SIGN_EPOCH, CANCEL_EPOCH, OPEN_EPOCH)
