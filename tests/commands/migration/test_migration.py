"""The first load of a register: everybody is in and found, a kill or a fault leaves whole groups, and it can be gone on with."""

import hashlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace as dataclass_replace
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from daemon.audit.action import Action
from daemon.audit.entry import Opened, Outcome
from daemon.commands.migration import taking
from daemon.commands.migration.loading import MARK
from daemon.commands.migration.migration import Migration
from daemon.crypto.seal import class_of
from daemon.errors import ConflictError, InputError, JukuraError, StateError
from daemon.register.dates import number_of
from daemon.register.effect import in_force
from daemon.register.keys import keys_of
from daemon.register.reasons import standing_of
from daemon.register.rows import Row
from daemon.register.transitions import Standing
from daemon.register.wanted import Named, Wanted
from daemon.rehearsal.history import Histories
from daemon.rehearsal.residents import Source
from daemon.store.engine import Table
from tests.commands.notices.test_notices import entries, notice, send
from tests.conftest import NOON, Bench
from tests.register.people import FUHYO, HONNIN, fuhyo_row
from tests.store.test_commitment import agrees
from tests.store.turning import done

TODAY = date(2026, 11, 24)
DAY = number_of(TODAY)
RESIDENTS = 60
GROUP = 40

History = Sequence[Row]


@pytest.fixture(scope="module")
def town() -> list[History]:
    """Everybody, with all their versions."""
    return list(Histories(5, RESIDENTS, TODAY, source=Source.load()))


@pytest.fixture(autouse=True)
def in_small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several groups even for a few people."""
    monkeypatch.setattr(taking, "BATCH", GROUP)


async def source(
    histories: Iterable[History], meanwhile: Callable[[int], object] = id
) -> AsyncIterator[History]:
    """`histories` as they come; `meanwhile` is called before each with its number, and awaited if it wants to."""
    for number, history in enumerate(histories):
        done = meanwhile(number)
        if hasattr(done, "__await__"):
            await done
        yield history


def moving(bench: Bench) -> Migration:
    """The use case over an open register."""
    store = bench.open.store
    return Migration(store, store.sealer._keyring, bench.service, bench.clock)


async def everybody(bench: Bench, histories: Iterable[History]) -> None:
    """Assert that each is found by code as they stand today, with all versions as they were."""
    for history in histories:
        (found,) = await bench.open.reader.by_code(history[-1].juminhyo_code, on=DAY)
        assert found.row == in_force(history, TODAY)
        versions = await bench.open.reader.history(found.person)
        assert [stored.row for stored in versions] == list(reversed(history))
        told = [row.received_on for row in history]
        assert [stored.successor_on for stored in reversed(versions)] == [*told[1:], None]


async def rows(bench: Bench) -> int:
    return await bench.open.engine.count(Table.ROWS)


async def told(bench: Bench, *actions: Action) -> list[Opened]:
    return [entry for entry in await entries(bench) if entry.header.action in actions]


async def refusal(bench: Bench, histories: Iterable[History], error: type[JukuraError]) -> JukuraError:
    """The error with which a load of `histories` ends; it is in the log."""
    with pytest.raises(error) as refused:
        await moving(bench).load(source(histories))
    *_, last = await told(bench, *Action)
    assert (last.header.action, last.header.outcome) == (Action.MIGRATION_STOPPED, Outcome.FAILED)
    assert last.header.code == refused.value.code
    return refused.value


async def test_everybody_is_in_and_found(honnin: Bench, town: list[History]) -> None:
    totals = await moving(honnin).load(source(town))
    assert (totals.people, totals.rows, totals.warnings.total()) == (len(town), sum(map(len, town)), 0)
    await everybody(honnin, town)
    present = sum(standing_of(history[-1], on=TODAY) is Standing.PRESENT for history in town)
    assert await honnin.open.reader.people((Standing.PRESENT,), on=DAY) == present == RESIDENTS
    assert not await honnin.open.engine.scan(Table.OUTBOX, limit=1)
    assert not await honnin.open.engine.get_many(Table.META, [MARK])


async def test_the_next_start_finds_the_projection_level(honnin: Bench, town: list[History]) -> None:
    await moving(honnin).load(source(town))
    await honnin.stop()
    await honnin.start()
    assert not honnin.rebuilt
    await everybody(honnin, town)


async def test_a_notice_follows_what_was_taken_over(honnin: Bench, town: list[History]) -> None:
    await moving(honnin).load(source(town))
    (again,) = await send(
        honnin, notice("n", replace(HONNIN, juminhyo_code=town[3][-1].juminhyo_code, reason="13"))
    )
    assert again.code == "reason.code_in_use"
    assert not list(honnin.state.glob("*.next*"))


async def test_people_are_found_by_a_name_they_had_before(honnin: Bench, town: list[History]) -> None:
    await moving(honnin).load(source(town))
    renamed = [history for history in town if history[0].kana != history[-1].kana]
    assert renamed
    for history in renamed:
        kana, code = Named(keys_of(history[0]).kana[:1], whole=True), history[0].juminhyo_code
        for former in (True, False):
            wanted = Wanted(on=DAY, standings=tuple(Standing), kana=kana, former=former)
            found = await honnin.open.reader.find(wanted, limit=50)
            assert (code in {stored.row.juminhyo_code for stored in found}) is former


async def test_each_version_lies_under_the_class_that_ends_its_term(
    honnin: Bench, town: list[History]
) -> None:
    await moving(honnin).load(source(town))
    codec = honnin.open.store.codec
    classes = set()
    for key, sealed in await honnin.open.engine.scan(Table.ROWS, limit=10_000):
        stored = codec.open(key, sealed)
        classes.add(class_of(sealed))
        assert class_of(sealed) == (stored.term or "live.1")
    assert "live.1" in classes
    assert len(classes) > 5


async def test_the_log_tells_of_every_group(honnin: Bench, town: list[History]) -> None:
    await moving(honnin).load(source(town))
    begun, *groups, done = [
        entry for entry in await told(honnin, *Action) if str(entry.header.action).startswith("migration.")
    ]
    assert (begun.header.action, done.header.action) == (Action.MIGRATION_STARTED, Action.MIGRATION_DONE)
    assert len(groups) > 3
    assert {entry.header.action for entry in groups} == {Action.MIGRATION_BATCH}
    for what in ("people", "rows"):
        assert sum(entry.header.counts[what] for entry in groups) == done.header.counts[what]
    assert done.header.counts == {"people": len(town), "rows": sum(map(len, town)), "warnings": 0}
    assert done.fields["digest"].value == groups[-1].fields["digest"].value
    # The digest is that of the ids in the order of the source.
    ids = b""
    for history in town:
        (found,) = await honnin.open.reader.by_code(history[-1].juminhyo_code, on=DAY)
        ids += b"".join(stored.id for stored in reversed(await honnin.open.reader.history(found.person)))
    assert done.fields["digest"].value == hashlib.sha256(ids).hexdigest()


async def test_warnings_are_counted_and_their_versions_are_in(honnin: Bench, town: list[History]) -> None:
    *before, last = town[5]
    odd = [*before, last, replace(last, serial=last.serial + 1, reason="13", struck_flag="0")]
    histories = [*town[:5], odd, *town[6:]]
    totals = await moving(honnin).load(source(histories))
    assert totals.warnings == {"reason.code_in_use": 1}
    await everybody(honnin, [odd])
    (done,) = await told(honnin, Action.MIGRATION_DONE)
    assert done.header.counts["warnings"] == 1
    assert done.fields["warnings"].value == {"reason.code_in_use": 1}


async def test_fuhyo_is_taken_over_too(fuhyo: Bench) -> None:
    first = replace(fuhyo_row(), updated_at=NOON)
    second = replace(first, serial=2, notice_kind="2", status="9")
    totals = await moving(fuhyo).load(source([[first, second]]))
    assert totals.rows == 2
    (found,) = await fuhyo.open.reader.by_code(FUHYO.juminhyo_code, on=DAY)
    assert found.row == second


async def test_it_goes_into_an_empty_register_only(honnin: Bench, town: list[History]) -> None:
    await send(honnin, notice("n1"))
    assert (await refusal(honnin, town, ConflictError)).code == "migration.not_empty"
    assert await rows(honnin) == 1


async def test_the_sum_over_all_rows_is_that_of_what_was_loaded(honnin: Bench, town: list[History]) -> None:
    await moving(honnin).load(source(town))
    assert await agrees(honnin)
    await honnin.stop()
    await honnin.start()
    assert await agrees(honnin)


async def test_it_is_done_once(honnin: Bench, town: list[History]) -> None:
    await moving(honnin).load(source(town))
    assert (await refusal(honnin, town, ConflictError)).code == "migration.not_empty"
    await everybody(honnin, town[:3])


async def test_a_fault_stops_it_and_the_mended_source_goes_on(honnin: Bench, town: list[History]) -> None:
    bad = [*town[:50], [replace(town[50][0], kana="kana"), *town[50][1:]], *town[51:]]
    fault = await refusal(honnin, bad, InputError)
    assert (fault.code, fault.field) == ("record.not_kana", "51.1.kana")
    kept = await honnin.open.engine.scan(Table.ROWS, limit=10_000)
    assert 0 < len(kept) <= sum(map(len, town[:50]))
    await moving(honnin).load(source(town))
    await everybody(honnin, town)
    assert await rows(honnin) == sum(map(len, town))
    assert dict(kept).items() <= dict(await honnin.open.engine.scan(Table.ROWS, limit=10_000)).items()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda town: [[replace(town[0][0], sex="9"), *town[0][1:]], *town[1:]], id="changed"),
        pytest.param(lambda town: town[1:], id="one less"),
        pytest.param(lambda town: town[:5], id="shorter"),
    ],
)
async def test_another_source_does_not_go_on(
    honnin: Bench, town: list[History], other: Callable[[list[History]], list[History]]
) -> None:
    await refusal(honnin, [*town[:50], []], InputError)
    before = await rows(honnin)
    assert (await refusal(honnin, other(town), ConflictError)).code == "migration.other_source"
    assert await rows(honnin) == before


async def test_people_come_in_the_order_of_their_code(honnin: Bench, town: list[History]) -> None:
    twice = [*town[:5], town[4], *town[5:]]
    fault = await refusal(honnin, twice, InputError)
    assert (fault.code, fault.field) == ("migration.order", f"6.{len(town[4])}.juminhyo_code")
    assert (await refusal(honnin, [town[1], town[0]], InputError)).code == "migration.order"


async def test_a_row_from_elsewhere_stops_it(honnin: Bench, town: list[History]) -> None:
    async def meanwhile(number: int) -> None:
        if number == 40:
            await send(honnin, notice("n1"))

    with pytest.raises(StateError, match=r"migration\.disturbed"):
        await moving(honnin).load(source(town, meanwhile))
    assert (await refusal(honnin, town, ConflictError)).code == "migration.not_empty"


async def test_it_does_not_begin_beside_a_rotation(honnin: Bench, town: list[History]) -> None:
    await honnin.open.store.engine.apply({Table.META: {b"rotation:live": b"\x93\xa6live.1\xa6live.2\x00"}})
    assert (await refusal(honnin, town, ConflictError)).code == "migration.rotation_runs"
    assert await rows(honnin) == 0


async def test_a_rotation_that_began_meanwhile_keeps_its_file(honnin: Bench, town: list[History]) -> None:
    engine = honnin.open.store.engine

    async def meanwhile(number: int) -> None:
        if number == 40:
            await engine.apply({Table.META: {b"rotation:index": b"\x93\xa7index.1\xa7index.2\x00"}})

    with pytest.raises(ConflictError, match=r"migration\.rotation_runs"):
        await moving(honnin).load(source(town, meanwhile))
    await engine.apply({Table.META: {b"rotation:index": None}})
    await moving(honnin).load(source(town))
    await everybody(honnin, town)


async def test_a_token_that_is_away_stops_it_and_it_goes_on(honnin: Bench, town: list[History]) -> None:
    honnin.service.token.away = True
    with pytest.raises(StateError):
        await moving(honnin).load(source(town))
    honnin.service.token.away = False
    await moving(honnin).load(source(town))
    await everybody(honnin, town)


async def test_an_inspection_counts_faults_and_writes_nothing(honnin: Bench, town: list[History]) -> None:
    bad = [*town[:5], [], [replace(town[6][0], sex="x")], *town[7:]]
    totals = await moving(honnin).inspect(source(bad))
    assert totals.people == len(town)
    assert totals.refused == {"history.empty": 1, "record.bad_sex": 1}
    assert await rows(honnin) == 0
    assert not await told(honnin, *Action)


async def test_a_kill_at_any_time_leaves_whole_groups_and_it_goes_on(
    honnin: Bench, town: list[History], tmp_path: Path
) -> None:
    copies: list[Path] = []

    def copy(number: int) -> None:
        if number % 16 == 15:
            copies.append(tmp_path / f"killed-{number}")
            shutil.copytree(honnin.state, copies[-1], ignore=shutil.ignore_patterns("killed-*", "pki"))

    await moving(honnin).load(source(town, copy))
    await honnin.stop()
    assert len(copies) > 3
    for folder in copies:
        await gone_on_with(dataclass_replace(honnin, state=folder, rebuilt=[], parts=None), town)


async def gone_on_with(killed: Bench, town: list[History]) -> None:
    """Start what a kill left, see that all is found that is there, and load the rest."""
    try:
        await killed.start()
        there = await whole(killed, town)
        await everybody(killed, town[:there])
        await moving(killed).load(source(town))
        await everybody(killed, town)
        assert await rows(killed) == sum(map(len, town))
    finally:
        await killed.stop()


async def whole(bench: Bench, town: list[History]) -> int:
    """How many people are in; assert that they are whole."""
    count, people = await rows(bench), 0
    for history in town:
        if count <= 0:
            break
        count -= len(history)
        people += 1
    assert count == 0
    return people


async def test_the_projection_can_be_made_anew_afterwards(honnin: Bench, town: list[History]) -> None:
    await moving(honnin).load(source(town))
    await honnin.open.rotations.start("index")
    await done(honnin)
    await honnin.stop()
    await honnin.start()
    assert not honnin.rebuilt
    await everybody(honnin, town)
