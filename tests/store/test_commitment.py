"""The sum over all rows: always that of the rows that lie there, whatever put, sealed anew, deleted, copied or refused them."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.contract.note import Checkpoint, split
from daemon.crypto.multiset import MODULUS
from daemon.crypto.seal import class_of
from daemon.errors import ConflictError, IntegrityError
from daemon.store.commitment import KEY, Commitment
from daemon.store.draft import Draft
from daemon.store.engine import Changes, Table
from daemon.store.jobs import Work
from tests.conftest import Bench
from tests.store.turning import done, fill, in_small_steps, move

KINDS = ("live", "secret", "store", "index")


async def agrees(bench: Bench) -> bool:
    """Whether the sum is that of the rows, by a look that shares nothing with what moves it but the element."""
    pairs = await bench.open.engine.scan(Table.ROWS, limit=100_000)
    commitment = bench.open.commitment
    return sum(commitment.element(row, blob) for row, blob in pairs) % MODULUS == commitment.total


async def recounts(bench: Bench) -> bool:
    with bench.open.commitment.recount() as recount:
        while await recount.step():
            pass
        return bench.open.commitment.agrees(recount)


async def persisted(bench: Bench) -> Commitment:
    """As the next start would find it."""
    store = bench.open.store
    journal = bench.open.journal
    return await Commitment.load(store.register, store.sealer, store.engine, lambda: journal.tree.size)


async def again(bench: Bench) -> None:
    await bench.stop()
    await bench.start()


STEP = st.tuples(st.integers(0, 7), st.none() | st.binary(max_size=3), st.booleans())
PIECE = st.tuples(st.lists(STEP, max_size=4), st.booleans(), st.booleans())
Piece = tuple[list[tuple[int, bytes | None, bool]], bool, bool]


def changing(piece: Piece) -> Work[None]:
    """A piece of work that puts and deletes rows, having looked before or not, with an entry or not, refused at the end or not."""
    steps, logged, refused = piece

    async def work(draft: Draft) -> None:
        for number, blob, look in steps:
            key = bytes([32 * number]) * 16
            if look:
                await draft.get_many(Table.ROWS, [key])
            if blob is None:
                draft.delete(Table.ROWS, key)
            else:
                draft.put(Table.ROWS, key, blob)
        if logged:
            draft.log(Act(Action.KEY_MADE, "test"))
        if refused:
            raise ConflictError("test.refused")

    return work


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(groups=st.lists(st.lists(PIECE, min_size=1, max_size=3), max_size=4))
async def test_it_moves_with_every_change(honnin: Bench, groups: list[list[Piece]]) -> None:
    for pieces in groups:
        works = [changing(piece) for piece in pieces]
        await asyncio.gather(*map(honnin.open.writer.write, works), return_exceptions=True)
        assert await agrees(honnin)
    fresh = await persisted(honnin)
    assert fresh.total == honnin.open.commitment.total
    assert await recounts(honnin)


async def test_a_commit_that_failed_moves_nothing(honnin: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(honnin, 1)

    async def full(_: Changes) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as broken:
        broken.setattr(honnin.open.engine, "apply", full)
        with pytest.raises(Exception, match=r"store\.cannot_write"):
            await fill(honnin, 2)
    assert await agrees(honnin)
    await move(honnin, 1, 2)
    assert await agrees(honnin)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_rotation_leaves_the_sum_and_its_key_under_the_newest_generation(
    honnin: Bench, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_steps(monkeypatch, 3)
    await fill(honnin, *range(1, 12))
    await honnin.open.signer.sign()
    await honnin.open.rotations.start(kind)
    await fill(honnin, *range(12, 16))
    await move(honnin, 3, 2)
    await done(honnin)
    assert await agrees(honnin)
    assert await recounts(honnin)
    sealed = (await honnin.open.engine.get_many(Table.META, [KEY]))[KEY]
    assert class_of(sealed) == honnin.open.store.sealer.newest("secret")
    await again(honnin)
    assert await agrees(honnin)


async def test_after_every_kill_of_a_rotation_it_agrees(
    honnin: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_steps(monkeypatch, 2)
    await fill(honnin, *range(1, 9))
    await honnin.open.signer.sign()
    await honnin.open.rotations.start("live")
    while honnin.open.store.tally.older(Table.ROWS, "live.2") > 4:
        await asyncio.sleep(0)
    kept = tmp_path / "killed"
    kept.mkdir()
    await honnin.open.writer.between(lambda: _copied(honnin, kept))
    await honnin.stop()
    for file in honnin.state.glob("register.db*"):
        file.unlink()
    for file in kept.iterdir():
        shutil.copy(file, honnin.state)
    await honnin.start()
    await done(honnin)
    assert await agrees(honnin)


async def _copied(bench: Bench, to: Path) -> None:
    for file in bench.state.glob("register.db*"):
        shutil.copy(file, to)


async def test_a_checkpoint_commits_to_the_rows_of_the_commit_that_it_signs(honnin: Bench) -> None:
    def line(note: str | None) -> tuple[str, ...]:
        assert note is not None
        return Checkpoint.parse(split(note)[0]).extensions

    commitment = honnin.open.commitment
    notes = []
    for number in (1, 2, 3):
        await fill(honnin, number)
        notes.append(line(await honnin.open.signer.sign()))
        commitment.require(notes[-1])
    assert [len(note) for note in notes] == [2, 2, 2]
    for note in notes[:2]:
        with pytest.raises(IntegrityError):
            commitment.require(note)


async def test_the_same_rows_are_shown_under_another_nonce_each_time(honnin: Bench) -> None:
    await fill(honnin, 1)
    first, second = (honnin.open.commitment.line().split() for _ in range(2))
    assert first[0] == second[0] == "rows"
    assert first[1] != second[1]
    assert first[2] != second[2]


async def test_a_group_committed_while_the_token_signs_is_not_in_the_checkpoint(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(honnin, 1)
    working, before = honnin.service.sign_checkpoint, await persisted(honnin)

    async def meanwhile(request: object) -> str:
        await fill(honnin, 2)
        return await working(request)  # type: ignore[arg-type]

    monkeypatch.setattr(honnin.service, "sign_checkpoint", meanwhile)
    monkeypatch.setattr(honnin.service, "witness", _meanwhile(honnin, honnin.service.witness))
    honnin.open.signer._witness = None
    note = await honnin.open.signer.sign()
    assert note is not None
    signed = Checkpoint.parse(split(note)[0])
    assert signed.size == 1
    before.require(signed.extensions)


def _meanwhile(bench: Bench, working: Callable[[], object]) -> Callable[[], object]:
    async def asked() -> object:
        await fill(bench, 3)
        return await working()  # type: ignore[misc]

    return asked


async def test_rows_sealed_anew_after_the_last_entry_do_not_look_replaced(honnin: Bench) -> None:
    await fill(honnin, 1)
    await honnin.open.signer.sign()
    ((key, blob),) = await honnin.open.engine.scan(Table.ROWS, limit=9)
    codec = honnin.open.store.codec

    async def anew(draft: Draft) -> None:
        draft.put(Table.ROWS, key, codec.seal(codec.open(key, blob)))

    await honnin.open.writer.write(anew)
    assert honnin.open.journal.tree.size == honnin.open.signer.signed
    assert (await honnin.open.engine.get_many(Table.ROWS, [key]))[key] != blob
    await again(honnin)
    assert await agrees(honnin)
