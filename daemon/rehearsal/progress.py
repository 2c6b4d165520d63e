"""How far a rehearsal has come, kept so that the next start takes up there."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from daemon.errors import ConflictError
from daemon.rehearsal.certificates import write


class Progress(Struct, frozen=True, forbid_unknown_fields=True):
    """What a state folder was begun with, and what is done of it."""

    seed: int
    residents: int
    today: str
    """The day of the first start (YYYY-MM-DD): the people are as of then."""
    loaded: list[str] = []
    """Registers that hold the whole initial population."""
    next_event: int = 0


class Keeper:
    """Keeps the progress in a file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def begin(self, *, seed: int | None, residents: int | None, today: Callable[[], str]) -> Progress:
        """What stands in the file, or a new start; ConflictError where other people were asked for than live there."""
        if self._file.exists():
            held = msgspec.json.decode(self._file.read_bytes(), type=Progress)
            if (seed is not None and seed != held.seed) or (
                residents is not None and residents != held.residents
            ):
                raise ConflictError("rehearsal.other_people")
            return held
        progress = Progress(1 if seed is None else seed, 10_000 if residents is None else residents, today())
        self.keep(progress)
        return progress

    def keep(self, progress: Progress) -> None:
        """Write it down, whole or not at all."""
        write(self._file, msgspec.json.encode(progress))
