"""What each municipality of a rehearsal has on its own shelves: the newest that it told of whoever is present with it."""

from collections.abc import Iterable, Iterator

from daemon.contract.peer import HonninNotice, Notice
from daemon.register.derived import transition_of
from daemon.register.rows import Record, Register
from daemon.register.transitions import Standing
from daemon.rehearsal.events import Event
from daemon.rehearsal.lives import Lives
from daemon.rehearsal.residents import Population
from daemon.rehearsal.sendings import Sending


class Shelves:
    """Records as they were sent. A municipality has whom nobody has told of since."""

    def __init__(self) -> None:
        self._newest: dict[Register, dict[str, Record]] = {register: {} for register in Register}
        """By 住民票コード."""

    def fill(self, population: Population) -> None:
        """Put there what the first load of both registers sends."""
        for register in Register:
            self.note(population.initial(register))

    def note(self, sendings: Iterable[Sending]) -> None:
        """Put there what was sent."""
        for sending in sendings:
            newest, record = self._newest[sending.register], sending.notice.record
            newest.pop(_former(sending.notice), None)
            newest[record.juminhyo_code] = record

    def records(self, register: Register, municipality: str) -> list[Record]:
        """Whom a municipality (5 digits) has in a register, present people only, in no order that means anything."""
        return [
            record
            for record in self._newest[register].values()
            if record.municipality == municipality and transition_of(record).after is Standing.PRESENT
        ]


class Followed(Lives):
    """Lives whose events the municipalities put on their shelves: those of the past at once, others once they are over."""

    def __init__(self, population: Population, seed: int, shelves: Shelves) -> None:
        super().__init__(population, seed)
        self._shelves = shelves
        self._happening: Event | None = None

    def events(self, start: int = 0) -> Iterator[Event]:
        for event in super().events():
            if event.number >= start:
                self._happening = event
                yield event
            else:
                self._shelves.note(event.sendings)

    def over(self) -> None:
        """The registers have heard of the event that came last."""
        if self._happening is not None:
            self._shelves.note(self._happening.sendings)
            self._happening = None


def _former(notice: Notice) -> str:
    """The 住民票コード that a notice ends, or empty."""
    return notice.old_code if isinstance(notice, HonninNotice) else notice.record.former_code
