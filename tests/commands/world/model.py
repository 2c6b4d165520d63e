"""What the register must hold, do and say, from nothing but the notices in the order in which they came in.

Simple where the register is quick: after whatever is applied everything that waits is tried again, from the oldest on, until
nothing moves.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from daemon.clock import day_of
from daemon.contract.peer import Notice
from tests.commands.world.announcing import Announcing
from tests.commands.world.people import Answer, Hold, Person, Version, old_code
from tests.commands.world.rules import Announced, Fit, Rules, number

DAYS = timedelta(days=14)
"""For so long a notice waits."""
APPLIED, DUPLICATE, HELD, REFUSED = "applied", "duplicate", "held", "refused"


@dataclass
class Model:
    """The register."""

    rules: Rules
    issued: set[str]
    """住民票コード that are right."""
    people: list[Person] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[Notice, int | None]] = field(default_factory=dict)
    """Of each notice that was applied (with its serial) or waits."""
    log: list[tuple[str, str, str, bool]] = field(default_factory=list)
    """What became of which notice of whom, and whether it had waited."""
    reports: list[tuple[str, str, str, str]] = field(default_factory=list)
    """To whom, of what kind, about which notice, and the other city."""
    held: int = 0
    """How many ever waited."""
    boundaries: Announcing = field(default_factory=Announcing)

    def copy(self) -> "Model":
        """As it is now."""
        return copy.deepcopy(self, {id(shared): shared for shared in (self.rules, self.issued)})

    def take(self, sender: str, notice: Notice, now: datetime) -> Answer:
        """A notice comes in."""
        record, key = notice.record, (sender, notice.id)
        right = record.municipality == sender and self.rules.formed(record, self.issued)
        known, serial = self.answers.get(key, (notice, 0))
        if not right or known != notice:
            return self._says(REFUSED, notice, sender)
        if key not in self.answers:
            return self._judged(notice, now)
        if serial is not None:
            return self._says(DUPLICATE, notice, sender, serial)
        self.log.append((DUPLICATE, *key, False))
        return _waits(next(one for one in self.holds if one.notice == notice))

    def _judged(self, notice: Notice, now: datetime) -> Answer:
        sender = notice.record.municipality
        person, outcome, other = self._due(notice, day_of(now))
        if outcome == HELD:
            self.held += 1
            hold = Hold(notice, "elsewhere" if other else "gap", other, now, day_of(now) + DAYS, self.held)
            self.holds.append(hold)
            self.answers[sender, notice.id] = notice, None
            self.log.append((HELD, sender, notice.id, False))
            return _waits(hold)
        if outcome == APPLIED:
            serial = self._apply(person, notice, day_of(now), now, waited=False)
            self._release(now)
            return Answer(APPLIED, serial)
        told = person.versions[-1].serial if person and outcome == DUPLICATE else None
        return self._says(outcome, notice, sender, told)

    def _says(self, outcome: str, notice: Notice, sender: str, serial: int | None = None) -> Answer:
        self.log.append((outcome, sender, notice.id, False))
        return Answer(outcome, serial)

    def _due(self, notice: Notice, today: date) -> tuple[Person | None, str, str]:
        """Whom it is about, what is to become of it, and the city that has them where it waits for that one."""
        record, sender, old, rules = notice.record, notice.record.municipality, old_code(notice), self.rules
        renames = rules.renames(record) and old != ""
        holder = next((one for one in self.people if record.juminhyo_code in one.codes), None)
        person = next(
            (one for one in self.people if (old if renames else record.juminhyo_code) == one.codes[-1]), None
        )
        if renames and person is None and holder is not None and old in holder.codes:
            person = holder if holder.codes[-1] == record.juminhyo_code else None
        if person is None and holder is not None and not rules.enters(record):
            return None, REFUSED, ""
        count = person.counts.get(int(sender), 0) if person else 0
        if notice.sender_seq > count + 1:
            return person, HELD, ""
        if notice.sender_seq <= count:
            return (
                person,
                self._again(person, notice, today) if person and notice.sender_seq == count else REFUSED,
                "",
            )
        taken = holder is not None and (person is None or rules.renames(record))
        last = person.last if person else None
        found = rules.fits(record, old, last, taken=taken, today=today, announced=self._announced())
        if renames and last is not None and old != last.juminhyo_code:
            found = Fit.NO
        if found is Fit.ELSEWHERE and last is not None:
            return person, HELD, last.municipality
        return person, APPLIED if found is Fit.YES else REFUSED, ""

    def _again(self, person: Person, notice: Notice, today: date) -> str:
        """A city says once more what it said last."""
        record, last, rules = notice.record, person.last, self.rules
        if last.municipality != record.municipality or not rules.retold(record, last):
            return REFUSED
        if (rules.reason(record), record.event_date) == (rules.reason(last), last.event_date):
            return DUPLICATE
        before, old = person.before(record.municipality, notice.sender_seq), old_code(notice)
        found = rules.fits(record, old, before, taken=False, today=today, announced=self._announced())
        return APPLIED if found is Fit.YES and rules.stand(record) is rules.stand(last) else REFUSED

    def _announced(self) -> Announced:
        return {(old, new, number(on)) for old, new, on in self.boundaries.announced}

    def _apply(
        self, person: Person | None, notice: Notice, received: date, now: datetime, *, waited: bool
    ) -> int:
        if person is None:
            person = Person()
            self.people.append(person)
        sender, serial = notice.record.municipality, len(person.versions) + 1
        person.versions.append(Version(notice.record, serial, notice.sender_seq, received, now, notice.id))
        person.counts[int(sender)] = notice.sender_seq
        self.answers[sender, notice.id] = notice, serial
        self.log.append((APPLIED, sender, notice.id, waited))
        return serial

    # What waits.

    def _release(self, now: datetime) -> None:
        while any(self._moved(hold, now) for hold in self.waiting()):
            pass

    def waiting(self) -> Iterator[Hold]:
        """In the order in which they are tried."""
        yield from sorted(
            self.holds, key=lambda one: (one.received, one.sender, one.notice.sender_seq, one.place)
        )

    def _moved(self, hold: Hold, now: datetime) -> bool:
        person, outcome, other = self._due(hold.notice, day_of(now))
        if outcome == HELD:
            hold.why, hold.other = ("elsewhere" if other else "gap"), other
            return False
        if outcome == REFUSED:
            self.give_up(hold, expired=False)
            return True
        if hold.until < day_of(now):
            self.give_up(hold, expired=True)
            return True
        self.holds.remove(hold)
        if outcome == APPLIED:
            self._apply(person, hold.notice, day_of(hold.received), now, waited=True)
        elif person is not None:
            self.answers[hold.sender, hold.notice.id] = hold.notice, person.versions[-1].serial
            self.log.append((DUPLICATE, hold.sender, hold.notice.id, True))
        return True

    def give_up(self, hold: Hold, *, expired: bool) -> None:
        """It comes to nothing, and both cities are told."""
        self.holds.remove(hold)
        del self.answers[hold.sender, hold.notice.id]
        self.log.append((REFUSED, hold.sender, hold.notice.id, True))
        kind = "hold_expired" if expired else "coordination"
        self.reports.append((hold.sender, kind, hold.notice.id, hold.other))
        if hold.other:
            self.reports.append((hold.other, "coordination", hold.notice.id, hold.sender))

    def cancel(self, hold: Hold, operator: str, now: datetime) -> bool:
        """Somebody wants it cancelled; whether a second person did within a day of the first."""
        who, since = hold.asked or (operator, now)
        if who == operator or now - since >= timedelta(hours=24):
            hold.asked = operator, now
            return False
        self.give_up(hold, expired=False)
        return True

    def expire(self, now: datetime) -> None:
        """The days of some are over."""
        for hold in [one for one in self.holds if one.until < day_of(now)]:
            self.give_up(hold, expired=True)


def _waits(hold: Hold) -> Answer:
    return Answer(HELD, None, f"hold.{hold.why}", hold.until)
