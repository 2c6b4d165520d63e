"""What a rotation needs of each kind of key: how it is planned, and the work itself, a step at a time."""

from typing import Protocol

from daemon.store.record import Record


class Work(Protocol):
    """Work that is done a step at a time."""

    def left(self) -> int:
        """How much is still to do."""
        ...

    async def step(self) -> bool:
        """Do some; whether there may be more to do."""
        ...

    async def close(self) -> None:
        """Let go of what is held; the work can be taken up again."""
        ...


class Plan(Protocol):
    """How one kind is rotated."""

    def old(self) -> str:
        """The generation that is in use beside, or before, the newest."""
        ...

    def pending(self) -> bool:
        """Whether anything is under another generation than the newest loaded."""
        ...

    def under(self, name: str) -> int:
        """What lies under the generation `name`."""
        ...

    def require_room(self) -> None:
        """StateError `store.no_room` where the disk cannot hold what the work needs."""
        ...

    def require_room_left(self) -> None:
        """The same, while it runs."""
        ...

    def clear(self) -> None:
        """Delete what was left of work that nobody wants any more."""
        ...

    async def total(self, new: str) -> int:
        """How much is to do until everything is under `new`."""
        ...

    async def begin(self, record: Record) -> Work:
        """The work, from where it was left."""
        ...
