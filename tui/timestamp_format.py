"""How the log's time-stamps stand, in one language each. Pure."""

from collections.abc import Iterator

from daemon.contract.console import Status
from daemon.contract.timestamps import TimestampState
from daemon.errors import StateError
from tui import formats
from tui.words import Words


def stamped(status: Status, say: Words) -> Iterator[tuple[str, str]]:
    """What a status has to say of them, each with its name."""
    state = status.timestamps
    yield say("status.timestamps"), say("timestamps.off") if state is None else _last(state, say)
    if state is not None and state.code:
        yield say("status.timestamps_failed"), _failed(state, say)


def _last(state: TimestampState, say: Words) -> str:
    if state.last is None:
        return say("timestamps.never", authority=state.authority)
    return say(
        "timestamps.last", authority=state.authority, when=formats.moment(state.last), size=f"{state.size:,}"
    )


def _failed(state: TimestampState, say: Words) -> str:
    again = formats.minute(state.next_try) if state.next_try is not None else ""
    text = say.error(StateError(state.code))
    return say("timestamps.failed", times=state.failures, again=again, text=text)
