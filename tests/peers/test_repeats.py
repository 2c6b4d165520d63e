"""Messages n to m again: rebuilt from the rows, marked, under their old numbers and keys; also after a kill, and where rows are gone."""

import pytest

from daemon.audit.action import Action
from daemon.contract.inbound import Again, AgainTaken
from daemon.contract.national import Update
from daemon.errors import ConflictError, InputError, StateError
from daemon.store.draft import Draft
from daemon.store.engine import Table
from tests.commands.notices.test_notices import entries, size
from tests.conftest import Bench
from tests.peers.nation import Nation, arrive, code, emptied, life, move, pump


async def ask(bench: Bench, first: int, last: int) -> AgainTaken:
    return await bench.open.post.inbound.again("zenkoku", Again(first=first, last=last))


def same(repeat: Update, first: Update) -> bool:
    """Whether a repeat is what came the first time, but for its mark."""
    return (repeat.number, repeat.key, repeat.sender, repeat.row) == (
        first.number, first.key, first.sender, first.row,
    )  # fmt: skip


async def test_they_come_again_as_they_came_though_rows_were_succeeded(honnin: Bench) -> None:
    nation = Nation()
    await life(honnin)
    await move(honnin, 1, 3)
    of = pump(honnin, nation)
    await emptied(of)
    answer = await ask(honnin, 2, 4)
    assert answer == AgainTaken(first=2, last=4, kept=1, given=5)
    await emptied(of)
    assert [update.number for update in nation.repeats] == [2, 3, 4]
    assert all(map(same, nation.repeats, nation.accepted[1:4]))
    assert not any(update.erased for update in nation.repeats)
    assert await honnin.open.post.posting.sent.asked() == []
    acts = [(entry.header.action, entry.header.counts) for entry in await entries(honnin)]
    assert (Action.NATIONAL_AGAIN, {"messages": 3}) in acts
    assert acts[-1] == (Action.OUTBOX_REPEATED, {"messages": 3, "erased": 0, "refused": 0})


async def test_a_row_that_was_erased_is_said_to_be(honnin: Bench) -> None:
    nation = Nation()
    await life(honnin)
    of = pump(honnin, nation)
    await emptied(of)
    (gone,) = await honnin.open.post.posting.sent.between(2, 2, limit=9)

    async def erase(draft: Draft) -> None:
        draft.delete(Table.ROWS, gone.row)

    await honnin.open.writer.write(erase)
    await ask(honnin, 1, 3)
    await emptied(of)
    assert [(update.number, update.erased, update.row == {}) for update in nation.repeats] == [
        (1, False, False),
        (2, True, True),
        (3, False, False),
    ]
    assert (await entries(honnin))[-1].header.counts == {"messages": 3, "erased": 1, "refused": 0}


async def test_a_long_range_goes_out_in_batches_and_goes_on_after_a_restart(
    honnin: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.peers.repeats.MAX_UPDATES", 3)
    nation = Nation()
    for number in range(8):
        await arrive(honnin, number)
    await emptied(pump(honnin, nation))
    await ask(honnin, 1, 8)
    await pump(honnin, nation).once()
    nation.lose = 1
    with pytest.raises(StateError):
        await pump(honnin, nation).once()
    await honnin.stop()
    await honnin.start()
    await arrive(honnin, 9)
    await emptied(pump(honnin, nation))
    assert [update.number for update in nation.repeats] == [1, 2, 3, 4, 5, 6, 4, 5, 6, 7, 8]
    assert [update.number for update in nation.accepted] == [*range(1, 10)]


async def test_a_number_of_a_refused_message_is_nobodys(honnin: Bench) -> None:
    nation = Nation()
    nation.refuse = lambda update: update.row["juminhyo_code"] == code(2)
    for number in (1, 2, 3):
        await arrive(honnin, number)
    of = pump(honnin, nation)
    await emptied(of)
    await ask(honnin, 1, 3)
    await emptied(of)
    assert [update.number for update in nation.repeats] == [1, 3]


async def test_what_can_come_is_answered_at_once(honnin: Bench) -> None:
    nation = Nation()
    assert await ask(honnin, 1, 9) == AgainTaken(first=1, last=0, kept=1, given=0)
    await life(honnin)
    await emptied(pump(honnin, nation))
    assert await ask(honnin, 3, 99) == AgainTaken(first=3, last=4, kept=1, given=4)
    assert await ask(honnin, 50, 99) == AgainTaken(first=50, last=4, kept=1, given=4)
    with pytest.raises(InputError, match=r"messages\.range_reversed"):
        await ask(honnin, 3, 2)


async def test_ranges_that_wait_are_bounded_and_asked_once(honnin: Bench) -> None:
    nation = Nation()
    for number in range(20):
        await arrive(honnin, number)
    await emptied(pump(honnin, nation))
    for _ in range(3):
        await ask(honnin, 1, 2)
    for number in range(3, 18):
        await ask(honnin, number, number)
    await ask(honnin, 2, 2)
    with pytest.raises(ConflictError, match=r"messages\.too_many_ranges"):
        await ask(honnin, 18, 18)
    await emptied(pump(honnin, nation))
    assert [update.number for update in nation.repeats] == [*range(1, 18)]


@pytest.mark.parametrize("alone", [True, False])
async def test_a_repeat_that_is_refused_is_logged_and_is_no_obstacle(honnin: Bench, *, alone: bool) -> None:
    nation = Nation()
    for number in range(5):
        await arrive(honnin, number)
    of = pump(honnin, nation)
    await emptied(of)
    if alone:
        nation.refuse = lambda update: update.number == 3
    else:
        nation.poison = lambda update: update.number == 3
    await ask(honnin, 1, 5)
    await emptied(of)
    assert [update.number for update in nation.repeats] == [1, 2, 4, 5]
    assert await size(honnin, Table.ASIDE) == 0
    refused = [e for e in await entries(honnin) if e.header.action is Action.OUTBOX_REPEAT_REFUSED]
    assert [entry.fields["key"].value for entry in refused] == [nation.accepted[2].key]
