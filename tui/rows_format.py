"""How the look at all rows stands, in one language. Pure."""

from collections.abc import Iterator

from daemon.contract.console import Status
from tui import formats
from tui.words import Words


def verification(status: Status, say: Words) -> Iterator[tuple[str, str]]:
    """When all rows were looked at last, what came of it, and how far one has come that is under way."""
    stands = status.verification
    if stands is None:
        return
    if stands.last is None:
        yield say("status.verification"), say("rows.never")
    else:
        words = say("rows.differ" if stands.differs else "rows.agree", rows=f"{stands.rows:,}")
        yield say("status.verification"), f"{formats.moment(stands.last)} {words}"
    if stands.done is not None:
        words = say("rows.running", done=f"{stands.done:,}", total=f"{stands.total:,}")
        yield say("status.verification"), words
