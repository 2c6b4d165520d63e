"""Whether register, national server and log are as the model says."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from daemon.audit.action import Action
from daemon.audit.entry import header_of
from daemon.audit.journal import leaf_of, sequence
from daemon.clock import day_of
from daemon.contract.boundaries import BOUNDARIES
from daemon.contract.endpoint import Empty
from daemon.contract.reports import ReportsAfter
from daemon.register.rows import FuhyoRecord, FuhyoRow, HonninRecord, HonninRow
from daemon.register.transitions import Standing
from daemon.store.engine import Table
from daemon.store.rows import Stored
from daemon.store.sent import END
from tests.commands.notices.test_holds import clerk
from tests.commands.notices.test_notices import entries, size
from tests.commands.world.audit import is_sound
from tests.commands.world.honnin_rules import stand
from tests.commands.world.model import APPLIED, DUPLICATE, HELD, REFUSED, Model
from tests.commands.world.nation import Nation
from tests.commands.world.people import Person, Version
from tests.commands.world.rules import begins, number
from tests.conftest import Bench
from tests.store.turning import rows

ACTIONS = {
    Action.NOTICE_APPLIED: APPLIED, Action.NOTICE_DUPLICATE: DUPLICATE, Action.NOTICE_HELD: HELD,
    Action.NOTICE_REFUSED: REFUSED,
}  # fmt: skip


class Checks:
    """Of one register; `log` is what was read of its log so far."""

    def __init__(self) -> None:
        self._read = 0
        self._log: Counter[tuple[str, str]] = Counter()

    async def after_each_step(self, bench: Bench, model: Model, nation: Nation) -> None:
        """Rows, holds, messages and entries are those of what was acknowledged."""
        people: dict[bytes, list[Stored]] = {}
        for stored in sorted((await rows(bench)).values(), key=lambda one: one.row.serial):
            people.setdefault(stored.person, []).append(stored)
        assert sorted(map(_held, people.values())) == sorted(map(_expected, model.people))
        codes = Counter(code for life in people.values() for code in {one.row.juminhyo_code for one in life})
        assert set(codes.values()) <= {1}, "one code, one person"
        assert sorted(
            (one.sender, one.notice, one.why.value, one.other, one.until) for one in bench.open.holds.all()
        ) == sorted((one.sender, one.notice.id, one.why, one.other, one.until) for one in model.holds)
        messages = [await size(bench, table) for table in (Table.OUTBOX, Table.ASIDE, Table.SENT)]
        assert sum(messages) == sum(len(person.versions) for person in model.people)
        assert await size(bench, Table.HOLDS) == len(model.holds)
        await self._entries(bench, model)
        shown = await bench.open.desk.handlers[BOUNDARIES](clerk("a"), Empty())
        assert {(one.old, one.new, one.on) for one in shown.changes} == model.boundaries.announced
        for person in model.people if not nation.misled else ():
            serials = told(person, nation)
            assert serials == list(range(1, len(serials) + 1)), "in order, and once"

    async def _entries(self, bench: Bench, model: Model) -> None:
        """As many entries of each kind and city as there must be."""
        for _, value in await bench.open.engine.scan(Table.LOG, first=sequence(self._read), limit=10_000):
            header = header_of(leaf_of(value)[0])
            self._read += 1
            if header.action in ACTIONS:
                self._log[ACTIONS[header.action], header.actor.removeprefix("CS:")] += 1
        assert self._log == Counter((outcome, sender) for outcome, sender, _, _ in model.log)


async def at_the_end(bench: Bench, model: Model, nation: Nation, folder: Path) -> None:
    """Everything was delivered, and nothing is under way."""
    keys = Counter(update.key for update in nation.accepted)
    assert set(keys.values()) <= {1}, "each once, also after the register went back"
    for person in model.people:
        assert {nation.key(version) for version in person.versions} <= keys.keys()
        assert nation.misled or told(person, nation) == [version.serial for version in person.versions]
    assert [await size(bench, table) for table in (Table.OUTBOX, Table.ASIDE)] == [0, 0]
    await nation.sound(await bench.open.post.posting.sent.between(1, END, limit=10_000))
    await _log(bench, model)
    if model.log:
        assert await is_sound(bench, folder)


async def found(bench: Bench, model: Model) -> None:
    """Everybody is found by each code that they ever had, as they are today, and counted once."""
    today = day_of(bench.clock.now())
    for person in model.people:
        version = person.on(today)
        for code in person.codes:
            found = await bench.open.reader.by_code(code, on=number(today))
            assert [one.row.serial for one in found] == ([version.serial] if version else []), code
            assert [_stated(one.row, version) for one in found if version] == [True] * len(found)
    numbers = {one.record.kojin_bango for person in model.people for one in person.versions} - {""}
    for asked in numbers:
        having = [one for one in model.people if one.last.kojin_bango == asked]
        told = [one for each in having for one in each.versions if one.record.kojin_bango == asked]
        # On the day before they got it they had another one, or none.
        for day in {today, *map(_day_before, told)}:
            expected = [one for each in having if (one := each.on(day)) and one.record.kojin_bango == asked]
            found = await bench.open.reader.by_number(asked, on=number(day))
            # In no order: two people may have one number, where a code that was changed runs ahead of its change.
            serials = [sorted(one.serial for one in expected), sorted(one.row.serial for one in found)]
            assert serials[0] == serials[1], "by the number of that day"
    standings = Counter(
        stand(version.record).name.lower() for one in model.people if (version := one.on(today))
    )
    for standing in (Standing.PRESENT, Standing.OUT, Standing.DEAD, Standing.GONE):
        assert await bench.open.index.count((standing,), number(today)) == standings[standing.value]


def _day_before(version: Version) -> date:
    first = str(begins(version.record, version.received))
    return date.fromisoformat(first) - timedelta(days=1)


async def reported(bench: Bench, model: Model, city: str) -> list[str]:
    """What a city is told; the ids of the reports."""
    page = await bench.open.post.reports.fetch(city, ReportsAfter())
    assert sorted((city, one.kind.value, one.reference, one.other) for one in page.reports) == sorted(
        report for report in model.reports if report[0] == city
    )
    return [one.id for one in page.reports]


def told(person: Person, nation: Nation) -> list[int]:
    """The serials of the versions of somebody that the national server took, in order; each with all that it states."""
    updates = [one for one in nation.accepted if one.row["juminhyo_code"] in person.codes]
    for update in updates:
        row, version = update.row, person.versions[update.row["serial"] - 1]
        assert update.key == nation.key(version)
        # What came before the register went back may have been received anew since, on a later day.
        assert row["received_on"] == version.received.isoformat() or update.key in nation.before
        for item in set(STATED[type(version.record)]) - {"birth", "event_date"}:
            assert row[item] == getattr(version.record, item)
    return [update.row["serial"] for update in updates]


async def _log(bench: Bench, model: Model) -> None:
    written = []
    for entry in await entries(bench):
        header, fields = entry
        if header.action in ACTIONS:
            outcome = ACTIONS[header.action]
            held = bool(header.counts.get("held"))
            written.append((outcome, header.actor.removeprefix("CS:"), str(fields["notice"].value), held))
            assert (header.outcome == "refused", bool(header.code)) == (outcome == REFUSED, header.code != "")
            assert header.code or outcome in {APPLIED, DUPLICATE}
    assert sorted(written) == sorted(model.log)
    assert [one for one in written if one[0] == APPLIED] == [one for one in model.log if one[0] == APPLIED]
    subjects = [
        (entry.fields["subject"].value, entry.fields["serial"].value)
        for entry in await entries(bench)
        if entry.header.action is Action.NOTICE_APPLIED
    ]
    rows = [(one.record.juminhyo_code, one.serial) for person in model.people for one in person.versions]
    assert sorted(subjects) == sorted(rows)


def _held(life: list[Stored]) -> list[Any]:
    nexts = [one.row.received_on for one in life[1:]]
    assert [one.successor_on for one in life] == [*nexts, None]
    seen = [
        (one.row.serial, str(one.row.received_on), str(one.row.updated_at), _items(one.row)) for one in life
    ]
    return [*seen, sorted(life[-1].counts.items())]


def _expected(person: Person) -> list[Any]:
    seen = [(one.serial, str(one.received), str(one.at), _items(one.record)) for one in person.versions]
    return [*seen, sorted(person.counts.items())]


_HONNIN = (
    "juminhyo_code", "name", "kana", "birth", "sex", "address", "kojin_bango", "reason", "event_date", "municipality", "town",
    "former_name", "former_name_kana",
)  # fmt: skip
_FUHYO = (
    "juminhyo_code", "name", "kana", "birth", "sex", "address_municipality", "address", "last_address", "event_date",
    "former_code", "municipality", "notice_kind",
)  # fmt: skip
STATED: dict[type[Any], tuple[str, ...]] = {
    HonninRecord: _HONNIN,
    HonninRow: _HONNIN,
    FuhyoRecord: _FUHYO,
    FuhyoRow: _FUHYO,
}


def _items(row: Any) -> tuple[str, ...]:
    return tuple(str(getattr(row, item)) for item in STATED[type(row)])


def _stated(row: Any, version: Any) -> bool:
    return _items(row) == _items(version.record)
