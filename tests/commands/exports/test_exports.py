"""C21: exports of a real register's log, from the order to the last file, and every way in which one can be forbidden or broken off."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from random import Random  # noqa: TID251 - seeded
from typing import Any

import pytest

from daemon.audit import export as files
from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.audit.fields import FIELDS
from daemon.audit.journal import sequence
from daemon.audit.opening import ALWAYS
from daemon.commands.caller import Caller, Role
from daemon.commands.exports.record import KEPT
from daemon.contract import exports as contract
from daemon.contract.exports import CancelExport, ExportPhase, Opening, OrderExport
from daemon.contract.manifest import NAME
from daemon.contract.note import Checkpoint, split
from daemon.errors import AuthorityError, ConflictError, InputError, JukuraError
from daemon.store.engine import Table
from tests.audit.exporting import (
    AUDITOR,
    CHIEF,
    check_by_hand,
    decided,
    entries_of,
    fetched,
    fields_of,
    files_of,
    made,
    ordered,
    state_of,
    taken,
    written,
)
from tests.audit.exports import check
from tests.commands.exports.logged import SECRET, act, acts, stop_making
from tests.commands.notices.test_notices import entries
from tests.conftest import Bench
from tests.e2e.scan import Scanner, forms

OTHER = Caller("kansa02", "監査　次郎", "監査", frozenset({Role.AUDITOR}), {}, "T01")
BOTH = Caller("chief02", "統括　兼任", "市町課", frozenset({Role.CHIEF, Role.AUDITOR}), {}, "T01")


async def stored(bench: Bench) -> list[Checkpoint]:
    pairs = await bench.open.engine.scan(Table.CHECKPOINTS, limit=10_000)
    return [Checkpoint.parse(split(note.decode())[0]) for _, note in pairs]


async def test_any_span_of_any_log_is_complete_and_verifies(honnin: Bench, tmp_path: Path) -> None:
    await acts(honnin, 40)
    chance, start = Random(2), honnin.clock.now() - timedelta(hours=9)  # noqa: S311
    for number in range(6):
        ends = sorted(start + timedelta(minutes=chance.randrange(9 * 60)) for _ in range(2))
        since, until = (end if chance.random() < 0.8 else None for end in ends)
        asked = OrderExport(basis="監査", since=since, until=until)
        folder = await taken(honnin, tmp_path / str(number), asked)
        check_by_hand(folder)
        assert check(folder).verified == len(entries_of(folder))
        told = fields_of((folder / NAME).read_bytes())
        before = [one.size for one in await stored(honnin) if since and one.signed_at < since]
        assert int(told["first"]) == max(before, default=0)
        after = [one.size for one in await stored(honnin) if until and one.signed_at >= until]
        if after:
            assert int(told["end"]) == min(after)


async def test_the_whole_log_is_there_up_to_its_order(honnin: Bench, tmp_path: Path) -> None:
    await acts(honnin, 20)
    folder = await taken(honnin, tmp_path / "x")
    check_by_hand(folder)
    last = json.loads(entries_of(folder)[-1]["leaf"])
    assert (last["seq"], last["action"]) == (20, "log.export_ordered")
    assert len(list(folder.glob("entries-*.jsonl"))) == 3
    assert not (folder / files.START).exists()


async def test_it_is_made_to_the_same_bytes_whenever_it_is_fetched(honnin: Bench, tmp_path: Path) -> None:
    await acts(honnin, 20)
    state = await made(honnin, (await ordered(honnin)).export)
    first = await written(honnin, state.export, tmp_path / "first")
    await acts(honnin, 10, seed=3)
    await honnin.open.signer.sign()
    await honnin.stop()
    await honnin.start()
    again = await written(honnin, state.export, tmp_path / "again")
    assert {path.name: path.read_bytes() for path in first.iterdir()} == {
        path.name: path.read_bytes() for path in again.iterdir()
    }


async def test_opened_are_the_fields_that_were_ordered_and_no_others(honnin: Bench, tmp_path: Path) -> None:
    await acts(honnin, 60)
    logged = await entries(honnin)
    some = [entry for entry in logged if entry.header.action in {Action.SEARCH_DONE, Action.PERSON_SHOWN}]
    openings = [
        Opening(action="search.done", fields=["terms"], first=some[0].header.seq),
        Opening(action="person.shown", fields=["subject", "purpose"], first=0, last=some[-1].header.seq - 1),
        Opening(action="notice.applied", fields=["subject"]),
    ]
    folder = await taken(honnin, tmp_path / "x", OrderExport(basis="監査", openings=openings))
    check_by_hand(folder)
    for line in entries_of(folder):
        leaf = json.loads(line["leaf"])
        wanted = set(ALWAYS.get(Action(leaf["action"]), ())) & set(leaf["commitments"])
        for opening in openings:
            if opening.action == leaf["action"] and opening.first <= leaf["seq"] <= (
                opening.last or leaf["seq"]
            ):
                wanted |= set(opening.fields)
        assert set(line.get("open", {})) == wanted, leaf


async def test_nothing_personal_is_in_an_export_without_openings(honnin: Bench, tmp_path: Path) -> None:
    chance = Random(7)  # noqa: S311
    for action in Action:
        one = act(chance)
        sealed = {
            name: "public" if name in ALWAYS.get(action, ()) else SECRET for name in FIELDS[action].sealed
        }
        await honnin.open.writer.log(Act(action, one.actor, one.outcome, code=one.code, sealed=sealed))
    folder = await taken(honnin, tmp_path / "x", OrderExport(basis=SECRET))
    scanner = Scanner(forms(SECRET, "secret"))
    assert {path.name: scanner.found(path) for path in folder.iterdir() if scanner.found(path)} == {}
    opened = await taken(
        honnin, tmp_path / "y",
        OrderExport(basis="監査", openings=[Opening(action="search.done", fields=["terms"])]),
    )  # fmt: skip
    assert (
        [path.name for path in opened.iterdir() if scanner.found(path)]
        == [path.name for path in opened.glob("entries-*.jsonl") if SECRET in path.read_text("utf-8")]
        != []
    )


async def test_what_is_open_is_put_down_nowhere(honnin: Bench, tmp_path: Path) -> None:
    await acts(honnin, 30)
    asked = OrderExport(basis="監査", openings=[Opening(action="search.done", fields=["terms"])])
    state = await decided(honnin, (await ordered(honnin, asked)).export)
    await made(honnin, state.export)
    keeping = honnin.open.exports._keeping
    (record,) = await keeping.all()
    kept = [
        await keeping.piece(record, name, at) for name, many in record.begun.items() for at in range(many)
    ]
    assert not any(SECRET.encode() in piece or SECRET in piece.decode("utf-8", "ignore") for piece in kept)
    assert {each.name for each in record.made if each.pieces is None} == {
        name for name in files_of(await fetched(honnin, state.export, NAME)) if name.startswith("entries-")
    }


async def test_two_people_open_fields_and_each_word_is_an_entry(honnin: Bench) -> None:
    await acts(honnin, 10)
    asked = OrderExport(basis="監査", openings=[Opening(action="search.done", fields=["terms"])])
    state = await ordered(honnin, asked, BOTH)
    assert state.phase is ExportPhase.WAITING
    refused: list[tuple[Any, type[JukuraError], str]] = [
        (decided(honnin, state.export, caller=BOTH), AuthorityError, "export.own_order"),
        (decided(honnin, state.export, caller=OTHER), AuthorityError, "right.missing"),
        (decided(honnin, "0" * 32), ConflictError, "export.unknown"),
        (fetched(honnin, state.export, NAME, BOTH), ConflictError, "export.not_ready"),
    ]
    for asking, kind, code in refused:
        with pytest.raises(kind) as error:
            await asking
        assert error.value.code == code
    assert (await decided(honnin, state.export)).decided_by == CHIEF.operator
    with pytest.raises(ConflictError, match=r"export\.not_waiting"):
        await decided(honnin, state.export, approve=False)
    declined = await decided(honnin, (await ordered(honnin, asked)).export, approve=False)
    assert declined.phase is ExportPhase.DECLINED
    assert (await made(honnin, state.export)).phase is ExportPhase.READY
    await fetched(honnin, state.export, NAME, BOTH)
    told = [
        (entry.header.action, entry.header.actor, entry.header.code)
        for entry in (await entries(honnin))[10:]
        if entry.header.action.startswith("log.")
    ]
    ok = ""
    assert sorted(told) == sorted([
        (Action.LOG_EXPORT_ORDERED, "operator:chief02", ok), (Action.LOG_EXPORT_APPROVED, "operator:chief02", "export.own_order"),
        (Action.LOG_EXPORT_APPROVED, "operator:kansa02", "right.missing"), (Action.LOG_EXPORT_APPROVED, "operator:chief01", "export.unknown"),
        (Action.LOG_EXPORTED, "operator:chief02", "export.not_ready"), (Action.LOG_EXPORT_APPROVED, "operator:chief01", ok),
        (Action.LOG_EXPORT_DECLINED, "operator:chief01", "export.not_waiting"), (Action.LOG_EXPORT_ORDERED, "operator:kansa01", ok),
        (Action.LOG_EXPORT_DECLINED, "operator:chief01", ok), (Action.LOG_EXPORT_MADE, "jukurad", ok),
        (Action.LOG_EXPORTED, "operator:chief02", ok),
    ])  # fmt: skip
    order = next(entry for entry in await entries(honnin) if entry.header.action is Action.LOG_EXPORT_ORDERED)
    assert order.fields["openings"].value == [
        {"action": "search.done", "fields": ["terms"], "first": 0, "last": None}
    ]
    assert (order.fields["basis"].value, order.header.counts) == ("監査", {"openings": 1})


async def test_each_file_that_leaves_is_an_entry_and_only_for_who_ordered_it(honnin: Bench) -> None:
    state = await made(honnin, (await ordered(honnin)).export)
    for caller, file, code in (
        (OTHER, NAME, "export.not_yours"), (AUDITOR, "nothing.txt", "export.file_unknown"),
        (CHIEF, NAME, "right.missing"),
    ):  # fmt: skip
        with pytest.raises(JukuraError) as error:
            await fetched(honnin, state.export, file, caller)
        assert error.value.code == code
        assert (await entries(honnin))[-1].header.code == code
    content = await fetched(honnin, state.export, files.KEYS)
    last = (await entries(honnin))[-1]
    assert (last.header.action, last.header.outcome) == (Action.LOG_EXPORTED, Outcome.OK)
    assert last.header.counts == {"bytes": len(content)}
    assert {name: field.value for name, field in last.fields.items()} == {
        "export": state.export,
        "file": files.KEYS,
    }


async def test_purged_entries_end_an_export_with_a_reason(honnin: Bench) -> None:
    await acts(honnin, 20)
    state = await made(honnin, (await ordered(honnin)).export)
    await honnin.open.engine.apply({Table.LOG: {sequence(number): None for number in range(5)}})
    with pytest.raises(ConflictError, match=r"export\.gone"):
        await fetched(honnin, state.export, files.entries_file(1))
    assert (await entries(honnin))[-1].header.code == "export.gone"
    await fetched(honnin, state.export, files.entries_file(2))
    later = await made(honnin, (await ordered(honnin)).export)
    assert (later.phase, later.code) == (ExportPhase.FAILED, "export.gone")
    last = (await entries(honnin))[-1].header
    assert (last.action, last.outcome, last.code) == (Action.LOG_EXPORT_MADE, Outcome.FAILED, "export.gone")
    assert await _pieces(honnin, later.export) == {}


async def _pieces(bench: Bench, export: str) -> dict[str, int]:
    keeping = bench.open.exports._keeping
    return (await keeping.named(bench.open.engine, export)).begun


async def test_one_that_is_given_up_is_not_made_any_further(honnin: Bench) -> None:
    await acts(honnin, 20)
    await stop_making(honnin)
    export = (await ordered(honnin)).export
    record = await honnin.open.exports._next()
    assert record is not None
    cancel = honnin.open.exports.handlers[contract.CANCEL_EXPORT]
    with pytest.raises(AuthorityError, match=r"export\.not_yours"):
        await cancel(OTHER, CancelExport(export=export))
    assert (await cancel(AUDITOR, CancelExport(export=export))).phase is ExportPhase.CANCELLED
    await honnin.open.exports.make(record)
    assert (await state_of(honnin, export)).phase is ExportPhase.CANCELLED
    assert await _pieces(honnin, export) == {}
    with pytest.raises(ConflictError, match=r"export\.over"):
        await cancel(AUDITOR, CancelExport(export=export))


async def test_after_thirty_days_nothing_is_left_of_it(honnin: Bench) -> None:
    await acts(honnin, 20)
    before = await honnin.open.engine.count(Table.RUNS)
    await made(honnin, (await ordered(honnin)).export)
    assert await honnin.open.engine.count(Table.RUNS) > before
    honnin.clock.advance(KEPT - timedelta(seconds=1))
    await honnin.open.exports.forget()
    assert await honnin.open.exports._keeping.all()
    honnin.clock.advance(timedelta(seconds=2))
    await honnin.open.exports.forget()
    assert await honnin.open.exports._keeping.all() == []
    assert await honnin.open.engine.count(Table.RUNS) == before
    last = (await entries(honnin))[-1].header
    assert (last.action, last.counts) == (Action.LOG_EXPORT_FORGOTTEN, {"exports": 1})


async def test_the_token_away_makes_it_wait(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from daemon.commands.exports import exports as module

    monkeypatch.setattr(module, "AGAIN", 0.01)
    await acts(honnin, 5)
    honnin.service.token.away = True
    state = await ordered(honnin)
    await asyncio.sleep(0.05)
    assert (await state_of(honnin, state.export)).phase is ExportPhase.MAKING
    honnin.service.token.away = False
    assert (await made(honnin, state.export)).phase is ExportPhase.READY


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"basis": " "}, "search.text_missing"),
    ({"openings": [Opening(action="x", fields=["y"])]}, "export.action_unknown"),
    ({"until": 5}, "export.until_ahead"),
    ({"since": -5, "until": -10}, "export.span_backwards"),
]


async def test_what_cannot_be_meant_is_refused_and_is_an_entry(honnin: Bench) -> None:
    for changes, code in WRONG:
        times = {
            name: honnin.clock.now() + timedelta(minutes=changes[name])
            for name in ("since", "until")
            if name in changes
        }
        with pytest.raises(InputError) as error:
            await ordered(honnin, OrderExport(**({"basis": "監査"} | changes | times)))
        assert error.value.code == code
        assert (await entries(honnin))[-1].header.code == code
    assert await honnin.open.exports._keeping.all() == []


async def test_only_so_many_are_kept_at_once(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from daemon.commands.exports import orders

    monkeypatch.setattr(orders, "MOST", 2)
    for _ in range(2):
        await ordered(honnin)
    with pytest.raises(ConflictError, match=r"export\.too_many"):
        await ordered(honnin)
    assert len(await honnin.open.exports._keeping.all()) == 2
