"""二人の承認: a first word counts for a day, for its deed and subject, and what is over is forgotten."""

from datetime import timedelta

import msgspec

from daemon.commands.pairs import ENDS, KEY, Pairs
from daemon.store.draft import Draft
from daemon.store.engine import Table
from tests.commands.notices.test_holds import clerk
from tests.conftest import Bench


async def ask(bench: Bench, who: str, subject: str = "1", deed: str = "deed") -> bool:
    async def work(draft: Draft) -> bool:
        return await Pairs().second(draft, clerk(who), deed, subject)

    return await bench.open.writer.write(work)


async def noted(bench: Bench) -> int:
    held = await bench.open.engine.get_many(Table.META, [KEY])
    return len(msgspec.msgpack.decode(held[KEY])) if held else 0


async def test_the_second_is_another_person_with_the_same_deed_and_subject(honnin: Bench) -> None:
    assert not await ask(honnin, "a")
    assert not await ask(honnin, "a")
    assert not await ask(honnin, "b", subject="2")
    assert not await ask(honnin, "b", deed="other")
    assert await ask(honnin, "b")
    assert not await ask(honnin, "c"), "what is done begins anew"


async def test_a_first_word_that_is_over_counts_no_more_and_goes_with_the_next(honnin: Bench) -> None:
    for subject in ("1", "2", "3"):
        assert not await ask(honnin, "a", subject)
    honnin.clock.advance(ENDS - timedelta(seconds=1))
    assert not await ask(honnin, "a", "4")
    assert await noted(honnin) == 4
    honnin.clock.advance(timedelta(seconds=1))
    assert not await ask(honnin, "b", "1"), "the first word was over"
    assert await noted(honnin) == 2
    assert await ask(honnin, "b", "4")
    assert await noted(honnin) == 1
