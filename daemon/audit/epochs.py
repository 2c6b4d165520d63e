"""Whether the log continues what the key service signed last, and which epochs there were (docs/adr/0014)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.contract.epochs import Opening
from daemon.contract.statement import Kind
from daemon.errors import IntegrityError, StateError
from hsm.client import KeyService
from hsm.protocol import Witnessed


class Standing(Enum):
    """How the log stands to what was signed last."""

    CONTINUES = auto()
    OPENED = auto()
    """Custodians opened a new epoch from exactly this log, and its first entry is not written yet."""


@dataclass(frozen=True)
class Stated:
    """One new epoch, with the statement that says so."""

    opening: Opening
    number: int
    """Of the statement."""
    at: datetime
    note: str


def standing(epoch: int, size: int, root: bytes | None, witness: Witnessed) -> Standing:
    """How a log of `size` entries in `epoch` stands; `root` is that over its first `witness.size` entries, None where it has fewer.

    IntegrityError: `log.cut` where it is shorter than what was signed, `log.replaced` where it is another, `log.epoch_ahead`
    where the key service knows nothing of its epoch.
    """
    if epoch > witness.epoch:
        raise IntegrityError("log.epoch_ahead")
    if root is None or witness.size > size:
        raise IntegrityError("log.cut")
    # What was entered in an old epoch after the new one was opened belongs to neither.
    if root != witness.root or (epoch < witness.epoch and size != witness.size):
        raise IntegrityError("log.replaced")
    return Standing.CONTINUES if epoch == witness.epoch else Standing.OPENED


async def stated(service: KeyService) -> list[Stated]:
    """Every new epoch that the key service has signed for, oldest first."""
    return [
        Stated(Opening.parse(each.note), each.number, each.at, each.note)
        for each in await service.statements(0)
        if each.kind == Kind.EPOCH_OPENED
    ]


def opened(openings: list[Stated], epoch: int) -> Stated:
    """The one that opened `epoch`; StateError while no token has signed for it yet."""
    found = next((each for each in openings if each.opening.epoch == epoch), None)
    if found is None:
        raise StateError("log.epoch_unsigned")
    return found


def first_word(stated: Stated) -> Act:
    """The entry with which a new epoch begins."""
    opening = stated.opening
    counts = {
        "number": stated.number, "first": opening.kept, "end": opening.size, "proven": opening.proven,
    }  # fmt: skip
    return Act(Action.LOG_EPOCH_OPENED, "jukurad", counts=counts, sealed={"note": stated.note})
