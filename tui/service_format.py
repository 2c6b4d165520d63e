"""How emergency stop, planned stops, dates ahead and the disk look, in one language each. Pure."""

from collections.abc import Iterator
from datetime import datetime

from daemon.contract.announcements import Announcement
from daemon.contract.console import Status
from daemon.contract.deadlines import Deadline, Ends
from daemon.contract.halt import HaltState
from daemon.errors import IntegrityError
from tui import formats
from tui.words import Words

MIB = 1024 * 1024


def deadline(each: Deadline, now: datetime, say: Words) -> str:
    """One certificate or list: what, whose, until when, and how many days are left."""
    who = formats.place(each.who, say) if each.what is Ends.PEER else each.who
    days = (each.ends - now).days
    left = say("service.days_left", days=days) if each.ends > now else say("service.ended")
    return f"{say.of('ends', each.what)} {who} {formats.moment(each.ends)} {left}"


def announcement(each: Announcement) -> str:
    """One planned stop."""
    return f"{formats.moment(each.begins)} 〜 {formats.moment(each.ends)} {each.text}"


def ahead(status: Status, say: Words) -> Iterator[tuple[str, str]]:
    """What a status has to say of dates, each with its name."""
    for each in status.announcements:
        yield say("status.announcements"), announcement(each)
    for ending in status.deadlines:
        yield say("status.deadlines"), deadline(ending, status.now, say)


def ground(status: Status, say: Words) -> Iterator[tuple[str, str]]:
    """What a status has to say of disk and files, each with its name."""
    if status.fault:
        yield say("status.fault"), f"{status.fault}: {say.error(IntegrityError(status.fault))}"
    if status.disk is not None:
        disk = status.disk
        left = say("status.disk_left", free=f"{disk.free // MIB:,}", ballast=f"{disk.ballast // MIB:,}")
        yield say("status.disk"), f"{say.of('disk', disk.stage)} {left}"


def halt(state: HaltState, say: Words) -> Iterator[tuple[str, str]]:
    """Whether it is served, and when it will not be."""
    stopped, resumption = state.stopped, state.resumption
    yield say("service.state"), say("service.stopped" if stopped else "service.running")
    if stopped is not None:
        yield say("service.since"), f"{formats.moment(stopped.since)} {stopped.by}"
    if resumption is not None:
        yield say("service.resumption"), f"{resumption.id} {formats.moment(resumption.at)} {resumption.by}"
    for each in state.announcements:
        yield say("status.announcements"), f"{each.id} {announcement(each)}"
