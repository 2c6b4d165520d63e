"""How a new epoch of the log looks, in one language each. Pure."""

from collections.abc import Iterator

from daemon.contract.console import Status
from daemon.contract.log_epochs import EpochOffer
from daemon.errors import IntegrityError
from tui import formats
from tui.words import Words


def offer(found: EpochOffer, say: Words) -> Iterator[tuple[str, str]]:
    """What there is to go on from, and what is lost by it, each with its name."""
    yield say("epoch.fault"), f"{found.fault}: {say.error(IntegrityError(found.fault))}"
    yield say("epoch.signed"), say("epoch.entries", count=f"{found.size:,}", epoch=found.epoch)
    yield say("epoch.kept"), say("epoch.found", count=f"{found.kept:,}", proven=f"{found.proven:,}")
    yield say("epoch.lost"), say("epoch.gone", count=f"{max(0, found.size - found.kept):,}")


def rows(status: Status, say: Words) -> Iterator[tuple[str, str]]:
    """What a status has to say of the log's epoch; nothing in the first."""
    if status.epoch is not None:
        each = status.epoch
        yield (
            say("epoch.epoch"),
            say(
                "epoch.began",
                number=each.number,
                first=f"{each.first:,}",
                lost=f"{each.lost:,}",
                when=formats.moment(each.opened),
            ),
        )
