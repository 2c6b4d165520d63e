"""A kill at any moment of the making of an export."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.audit import export as files
from daemon.commands.exports.exports import Given, LogExports
from daemon.contract.exports import ExportPhase, OrderExport
from daemon.contract.manifest import NAME
from tests.audit.exporting import (
    check_by_hand,
    fields_of,
    ordered,
    state_of,
    taken,
    written,
)
from tests.commands.exports.logged import acts, stop_making
from tests.conftest import Bench


class Killed(Exception):  # noqa: N818 - no error: what a kill is to a test
    """The process ends here."""


async def test_a_kill_after_any_file_costs_that_file_at_most(
    honnin: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is in memory is lost after each commit of the job; the files come out as those of a job that ran through."""
    await acts(honnin, 20)
    honnin.clock.advance(timedelta(minutes=1))  # so that no checkpoint before it is of the order's second
    export = (await ordered(honnin)).export
    await stop_making(honnin)
    begun: list[str] = []
    while (state := await state_of(honnin, export)).phase is ExportPhase.MAKING:
        _begin_anew(honnin)
        await _one_commit(honnin, monkeypatch, begun)
    assert state.phase is ExportPhase.READY
    entry_files = [name for name in begun if name.startswith("entries-")]
    assert entry_files == sorted(entry_files)
    assert len(entry_files) <= 2 * len(set(entry_files))
    folder = await written(honnin, export, tmp_path / "killed")
    check_by_hand(folder)
    await honnin.stop()
    await honnin.start()
    through = await taken(honnin, tmp_path / "through", _same_span(folder))
    for path in folder.glob("entries-*.jsonl"):
        assert path.read_bytes() == (through / path.name).read_bytes()
    for name in ("summary-acts.csv", "summary-days.csv", "summary-findings.csv", "summary.html"):
        assert (folder / name).read_bytes() == (through / name).read_bytes()


def _same_span(folder: Path) -> OrderExport:
    return OrderExport(basis="監査", until=_moment(fields_of((folder / NAME).read_bytes())["until"]))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _begin_anew(bench: Bench) -> None:
    """What a kill leaves of exports: what is in the store."""
    parts, maker = bench.open, bench.open.exports._maker
    given = Given(
        parts.engine,
        parts.writer,
        parts.signer,
        maker.exporter,
        maker.sealer,
        parts.people,
        bench.clock,
        lambda: None,
    )
    bench.parts = replace(parts, exports=LogExports(given))


async def _one_commit(bench: Bench, monkeypatch: pytest.MonkeyPatch, begun: list[str]) -> None:
    exports = bench.open.exports
    record = await exports._next()
    assert record is not None
    entries_made, change = exports._maker.exporter.entries, exports._maker.filing.change
    done: list[bool] = []

    async def once(record: Any, wanted: Any) -> Any:
        if done:
            raise Killed
        result = await change(record, wanted)
        done.append(True)
        return result

    def noted(span: Any, number: int, *more: Any) -> Any:
        begun.append(files.entries_file(number))
        return entries_made(span, number, *more)

    with monkeypatch.context() as patch:
        patch.setattr(type(exports._maker.filing), "change", staticmethod(once))
        patch.setattr(type(exports._maker.exporter), "entries", staticmethod(noted))
        try:
            await exports.make(record)
        except Killed:
            return
