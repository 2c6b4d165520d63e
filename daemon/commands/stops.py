"""Emergency and planned stops, as values: what may follow what. Pure; whoever is told raises nothing but what forbids it."""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from daemon.contract.announcements import Announcement
from daemon.contract.halt import Announce, Resumption, Stopped
from daemon.errors import AuthorityError, ConflictError, InputError

MOST = 50  # announcements at once
LONGEST = timedelta(days=31)


class Kept(Struct, frozen=True, array_like=True):
    """What outlives a restart."""

    stopped: Stopped | None = None
    resumption: Resumption | None = None
    announcements: tuple[Announcement, ...] = ()

    def ahead(self, now: datetime) -> list[Announcement]:
        """The planned stops that are not over, the next one first."""
        return sorted((each for each in self.announcements if each.ends > now), key=lambda each: each.begins)

    def lasts(self, now: datetime) -> bool:
        """Whether a planned stop lasts now."""
        return any(each.begins <= now < each.ends for each in self.announcements)


def stop(kept: Kept, now: datetime, by: str) -> Kept:
    """Stopped by `by`."""
    if kept.stopped is not None:
        raise ConflictError("halt.already_stopped")
    return replace(kept, stopped=Stopped(since=now, by=by), resumption=None)


def propose(kept: Kept, now: datetime, by: str, ident: str) -> Kept:
    """A proposal to resume, in the place of an earlier one."""
    if kept.stopped is None:
        raise ConflictError("halt.not_stopped")
    return replace(kept, resumption=Resumption(id=ident, by=by, at=now))


def confirm(kept: Kept, by: str, ident: str) -> Kept:
    """Resumed, as somebody else proposed under `ident`."""
    if kept.stopped is None:
        raise ConflictError("halt.not_stopped")
    if kept.resumption is None or kept.resumption.id != ident:
        raise ConflictError("halt.other_proposal", field="proposal")
    if kept.resumption.by == by:
        raise AuthorityError("halt.same_person")
    return replace(kept, stopped=None, resumption=None)


def announce(kept: Kept, now: datetime, asked: Announce, ident: str) -> Kept:
    """One planned stop more; those that are over are forgotten."""
    if not (asked.begins < asked.ends <= asked.begins + LONGEST) or asked.ends <= now:
        raise InputError("halt.bad_span", field="ends")
    held = kept.ahead(now)
    if len(held) >= MOST:
        raise ConflictError("halt.too_many")
    new = Announcement(id=ident, begins=asked.begins, ends=asked.ends, text=asked.text.strip())
    return replace(kept, announcements=(*held, new))


def withdraw(kept: Kept, ident: str) -> Kept:
    """Without that planned stop."""
    left = tuple(each for each in kept.announcements if each.id != ident)
    if len(left) == len(kept.announcements):
        raise ConflictError("halt.not_announced", field="id")
    return replace(kept, announcements=left)
