"""How the log's witnesses look, in one language each. Pure."""

from collections.abc import Iterator

from daemon.contract.console import Status
from daemon.contract.witnessing import WitnessState
from tui import formats
from tui.words import Words


def rows(status: Status, say: Words) -> Iterator[tuple[str, str]]:
    """What a status has to say of witnesses, each line with its name; nothing while the register is sealed."""
    if status.witnesses is None:
        return
    if not status.witnesses:
        yield say("witness.witnesses"), say("witness.none")
    for each in status.witnesses:
        yield say("witness.witnesses"), state(each, say)


def state(each: WitnessState, say: Words) -> str:
    """One witness: which, how far it has cosigned and when, and whether that is too long ago."""
    seen = say("witness.never")
    if each.cosigned is not None:
        seen = say("witness.cosigned", size=f"{each.size:,}", when=formats.moment(each.cosigned))
    late = f" {say('witness.overdue')}" if each.overdue else ""
    return f"{formats.place(each.municipality, say)} {seen}{late}"
