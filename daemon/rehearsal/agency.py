"""The 機構 in a rehearsal, as a caller: reports errors (住基法30条の8), and asks for messages that never came."""

from daemon.contract.inbound import AGAIN, ERRORS, Again, AgainTaken, ErrorReport, ErrorTaken
from daemon.rehearsal.calls import Calls
from daemon.rehearsal.ledger import Ledger


async def report(calls: Calls, wrong: ErrorReport) -> ErrorTaken:
    """Tell the register that one of its records is wrong."""
    return await calls.call(ERRORS, wrong, ErrorTaken)


async def again(calls: Calls, first: int, last: int) -> AgainTaken:
    """Ask for the messages with these numbers once more."""
    return await calls.call(AGAIN, Again(first=first, last=last), AgainTaken)


async def ask_for_missing(calls: Calls, ledger: Ledger) -> list[AgainTaken]:
    """Ask for whatever the ledger lacks below its highest number."""
    return [await again(calls, first, last) for first, last in await ledger.missing()]
