"""The log as the register writes it: signed heads that continue each other, and a cut or replaced log that is seen."""

from datetime import timedelta
from pathlib import Path

import pytest

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import header_of
from daemon.audit.journal import HEAD, leaf_of, sequence
from daemon.audit.signer import Signer
from daemon.audit.verify.program import main as verify
from daemon.contract.merkle import EMPTY_ROOT, leaf_hash, root_of
from daemon.contract.note import Checkpoint, split
from daemon.errors import IntegrityError, JukuraError, StateError
from daemon.store.engine import Table
from hsm.protocol import Witnessed
from tests.audit.exporting import taken
from tests.conftest import Bench

ACT = Act(Action.SEARCH_DONE, "test", counts={"hits": 1}, sealed={"terms": "24727059608"})


async def log(bench: Bench, count: int) -> None:
    for _ in range(count):
        await bench.open.writer.log(ACT)


def verified(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["jukura-verify", *arguments])
    with pytest.raises(SystemExit) as ended:
        raise SystemExit(verify())
    return int(ended.value.code or 0)


async def test_the_tree_is_the_tree_of_the_stored_leaves(honnin: Bench) -> None:
    await log(honnin, 21)
    stored = await honnin.open.engine.scan(Table.LOG, limit=100)
    leaves = [leaf_of(value)[0] for _, value in stored]
    assert root_of(leaf_hash(leaf) for leaf in leaves) == honnin.open.journal.tree.root()
    assert [header_of(leaf).seq for leaf in leaves] == list(range(21))


async def test_a_group_that_fails_leaves_no_leaf_for_the_next(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log(honnin, 3)
    with monkeypatch.context() as broken:

        async def fails(*_: object) -> None:
            raise StateError("store.cannot_write")

        broken.setattr(honnin.open.engine, "apply", fails)
        with pytest.raises(StateError):
            await log(honnin, 1)
    assert honnin.open.journal.coming == honnin.open.journal.tree.size == 3
    await log(honnin, 2)
    leaves = [leaf_of(value)[0] for _, value in await honnin.open.engine.scan(Table.LOG, limit=100)]
    assert root_of(leaf_hash(leaf) for leaf in leaves) == honnin.open.journal.tree.root()


async def test_heads_are_signed_once_each_and_continue_each_other(honnin: Bench) -> None:
    signer = honnin.open.signer
    await log(honnin, 3)
    first = await signer.sign()
    assert first is not None
    assert await signer.sign() is None
    await log(honnin, 5)
    second = await signer.sign()
    assert second is not None
    sizes = [Checkpoint.parse(split(note)[0]).size for note in (first, second)]
    assert sizes == [3, 8]
    kept = await honnin.open.engine.scan(Table.CHECKPOINTS, limit=9)
    assert [value.decode() for _, value in kept] == [first, second]


async def test_a_quiet_log_is_signed_every_hour(honnin: Bench) -> None:
    await log(honnin, 1)
    await honnin.open.signer.sign()
    honnin.clock.advance(timedelta(minutes=59))
    assert await honnin.open.signer.sign() is None
    honnin.clock.advance(timedelta(minutes=1))
    assert await honnin.open.signer.sign() is not None


async def test_with_the_token_away_entries_wait_and_are_signed_when_it_is_back(honnin: Bench) -> None:
    honnin.service.token.away = True
    await log(honnin, 4)
    with pytest.raises(StateError):
        await honnin.open.signer.sign()
    late = [honnin.open.signer.late]
    honnin.clock.advance(timedelta(hours=25))
    late.append(honnin.open.signer.late)
    honnin.service.token.away = False
    assert await honnin.open.signer.sign() is not None
    assert [*late, honnin.open.signer.late] == [False, True, False]


async def test_a_lost_answer_of_the_key_service_is_made_good(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log(honnin, 2)
    working = honnin.service.sign_checkpoint

    async def lost(request: object) -> str:
        await working(request)  # type: ignore[arg-type]
        raise StateError("hsm.unreachable")

    monkeypatch.setattr(honnin.service, "sign_checkpoint", lost)
    with pytest.raises(StateError):
        await honnin.open.signer.sign()
    monkeypatch.setattr(honnin.service, "sign_checkpoint", working)
    await log(honnin, 1)
    assert await honnin.open.signer.sign() is not None


async def test_a_log_cut_while_running_is_not_signed(honnin: Bench) -> None:
    parts = honnin.open
    await log(honnin, 1)
    shorter = parts.journal.tree
    await log(honnin, 2)
    await parts.signer.sign()
    parts.journal.tree = shorter
    late = Signer(
        parts.journal, parts.engine, parts.writer, honnin.service, honnin.clock, commitment=parts.commitment
    )
    with pytest.raises(IntegrityError, match=r"log\.cut"):
        await late.sign()


@pytest.mark.parametrize("kept", [0, 3])
async def test_a_log_rolled_back_under_us_is_seen_at_the_next_start(honnin: Bench, kept: int) -> None:
    await log(honnin, kept)
    await honnin.stop()
    files = {file.name: file.read_bytes() for file in honnin.state.glob("register.db*")}
    await honnin.start()
    await log(honnin, 5)
    await honnin.open.signer.sign()
    await honnin.stop()
    for file in honnin.state.glob("*.db*"):
        file.unlink()
    for name, content in files.items():
        (honnin.state / name).write_bytes(content)
    with pytest.raises(IntegrityError, match=r"log\.cut"):
        await honnin.start()


async def test_a_log_replaced_by_a_longer_one_is_seen_at_the_next_start(honnin: Bench) -> None:
    await honnin.stop()
    empty = {file.name: file.read_bytes() for file in honnin.state.glob("register.db*")}
    await honnin.start()
    await log(honnin, 3)
    await honnin.open.signer.sign()
    await honnin.stop()
    for file in honnin.state.glob("*.db*"):
        file.unlink()
    for name, content in empty.items():
        (honnin.state / name).write_bytes(content)
    signed = honnin.service.witness
    honnin.service.witness = _nothing  # type: ignore[method-assign]
    await honnin.start()
    await log(honnin, 9)
    await honnin.stop()
    honnin.service.witness = signed  # type: ignore[method-assign]
    with pytest.raises(IntegrityError, match=r"log\.replaced"):
        await honnin.start()


async def _nothing() -> Witnessed:
    """What a key service says that has signed nothing yet."""
    return Witnessed(epoch=1, size=0, root=EMPTY_ROOT)


async def test_an_entry_taken_from_the_end_is_seen_at_the_next_start(honnin: Bench) -> None:
    await log(honnin, 3)
    await honnin.open.engine.apply({Table.LOG: {sequence(2): None}})
    await honnin.stop()
    with pytest.raises(IntegrityError, match=r"log\.cut"):
        await honnin.start()
    assert HEAD == b"log"


async def test_an_export_verifies_and_a_changed_one_does_not(
    honnin: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await log(honnin, 4)
    await honnin.open.signer.sign()
    await log(honnin, 4)
    folder = await taken(honnin, tmp_path / "export")
    assert verified(monkeypatch, str(folder)) == 0
    assert "24727059608" not in "".join(file.read_text("utf-8") for file in folder.iterdir())
    entries = folder / "entries-0001.jsonl"
    lines = entries.read_text("utf-8").splitlines(keepends=True)
    entries.write_text("".join(lines[:3] + lines[4:]), "utf-8")
    assert verified(monkeypatch, str(folder)) == 1
    assert capsys.readouterr().out


async def test_tallies_are_of_today(honnin: Bench) -> None:
    await log(honnin, 2)
    journal = honnin.open.journal
    assert journal.today(honnin.clock.now()) == {"search.done": 2}
    honnin.clock.advance(timedelta(days=1))
    assert journal.today(honnin.clock.now()) == {}
    await log(honnin, 1)
    assert journal.today(honnin.clock.now()) == {"search.done": 1}


async def test_an_act_whose_header_could_name_someone_is_refused_whole(honnin: Bench) -> None:
    with pytest.raises(JukuraError, match=r"log\.bad_entry"):
        await honnin.open.writer.log(Act(Action.KEY_MADE, "operator:24727059608"))
    assert honnin.open.journal.tree.size == 0
    await log(honnin, 1)
    assert honnin.open.journal.tree.size == 1
