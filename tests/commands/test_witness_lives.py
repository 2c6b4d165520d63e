"""Any order of a growing log, restarts, and witnesses that fetch, sign, hand in late, twice or never: nothing that was taken is lost."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.audit.action import Action
from daemon.contract.cosignature import find
from daemon.contract.note import origin_of, split
from daemon.errors import InputError, SizeError
from daemon.rehearsal.witness import Log, Witness
from daemon.store.engine import Table
from tests.audit.test_journal import log
from tests.commands.witnessing import checkpoint, hand_in, offered, told, witnessed
from tests.conftest import Bench
from tests.contract.witnessing import Key

ORIGIN = origin_of("honnin", 1)
CODES = ("35201", "35203")
HOURS = 2
WHO = st.integers(0, len(CODES) - 1)
STEP = st.one_of(
    st.tuples(st.just("grow"), st.integers(1, 9)),
    st.tuples(st.just("wait"), st.integers(1, 90)),
    st.tuples(st.just("sign"), st.just(0)),
    st.tuples(st.just("fetch"), WHO),
    st.tuples(st.just("hand_in"), WHO),
    st.tuples(st.just("hand_in_again"), WHO),
    st.tuples(st.just("drop"), WHO),
    st.tuples(st.just("restart"), st.just(0)),
)


@dataclass
class Book:
    """What one witness has in hand, and what was taken of it."""

    witness: Witness
    hand: list[str] = field(default_factory=list)
    """Notes that it signed and has not handed in."""
    taken: list[str] = field(default_factory=list)
    last: tuple[int, int] = (0, 0)
    """Largest size and latest time that the register knows,"""
    heard: float = 0
    """and when (seconds)."""


class Lives:
    """A register with its witnesses, and the model beside it."""

    def __init__(self, bench: Bench, books: list[Book]) -> None:
        self.bench = bench
        self.books = books
        self.cosigned = self.refused = 0

    def now(self) -> float:
        return self.bench.clock.now().timestamp()

    async def grow(self, count: int) -> None:
        await log(self.bench, count)

    async def wait(self, minutes: int) -> None:
        self.bench.clock.advance(timedelta(minutes=minutes))

    async def sign(self, _: int) -> None:
        await self.bench.open.signer.sign()

    async def restart(self, _: int) -> None:
        await self.bench.stop()
        await self.bench.start()

    async def fetch(self, who: int) -> None:
        """It asks, judges, signs, and keeps what it signed before anybody has it."""
        book = self.books[who]
        if not await self.bench.open.engine.count(Table.CHECKPOINTS):
            with pytest.raises(InputError, match=r"witness\.nothing_signed"):
                await offered(self.bench, CODES[who])
            return
        offer = await offered(self.bench, CODES[who], book.witness.last(ORIGIN))
        pairs = (await self.bench.service.keys()).pairs
        trusted = Log(ORIGIN, [pair.public for pair in pairs if pair.name.startswith("seal.")])
        book.hand.append(book.witness.cosign(offer, trusted, self.bench.clock.now()))

    async def drop(self, who: int) -> None:
        """What it has in hand gets lost on the way."""
        self.books[who].hand.clear()

    async def hand_in_again(self, who: int) -> None:
        if self.books[who].taken:
            await self._hand_in(who, self.books[who].taken[0])

    async def hand_in(self, who: int) -> None:
        """The newest first: the others come late."""
        if self.books[who].hand:
            await self._hand_in(who, self.books[who].hand.pop())

    async def _hand_in(self, who: int, note: str) -> None:
        book, there = self.books[who], checkpoint(note)
        made = find(note, book.witness.cosigner)
        assert made is not None
        kept = {size: held for size, held in (await self.kept()).items() if size == there.size}
        if not kept or split(kept[there.size])[0] != there.text():
            with pytest.raises(InputError, match=r"witness\.checkpoint_unknown"):
                await hand_in(self.bench, CODES[who], note)
            self.refused += 1
        elif (there.size - book.last[0]) * (made.at - book.last[1]) < 0:
            with pytest.raises(SizeError, match=r"witness\.contradicts"):
                await hand_in(self.bench, CODES[who], note)
            self.refused += 1
        else:
            await hand_in(self.bench, CODES[who], note)
            before = find(kept[there.size], book.witness.cosigner)
            if before is None or before.at < made.at:
                self.cosigned += 1
                book.taken.append(note)
                book.last = (max(there.size, book.last[0]), max(made.at, book.last[1]))
                book.heard = self.now()

    async def kept(self) -> dict[int, str]:
        held = await self.bench.open.engine.scan(Table.CHECKPOINTS, limit=500)
        return {int.from_bytes(key, "big"): note.decode() for key, note in held}

    async def check(self) -> None:
        """Whatever was taken stands beneath its checkpoint, each witness's own, and the status says so."""
        kept = await self.kept()
        for book in self.books:
            wanted = dict[int, int]()
            for note in book.taken:
                made, size = find(note, book.witness.cosigner), checkpoint(note).size
                assert made is not None
                wanted[size] = max(made.at, wanted.get(size, 0))
                assert split(kept[size])[0] == split(note)[0]
            found = {size: find(note, book.witness.cosigner) for size, note in kept.items()}
            assert {size: made.at for size, made in found.items() if made} == wanted
        states = self.bench.open.witnesses.states()
        assert [each.size for each in states] == [book.last[0] for book in self.books]
        assert [each.overdue for each in states] == [
            self.now() - book.heard > HOURS * 3600 for book in self.books
        ]

    async def end(self) -> None:
        """The log has an entry of each cosignature that was taken, and of each that was not."""
        actions = [action for action, _, _, _ in await told(self.bench)]
        assert actions.count(Action.WITNESS_COSIGNED) == self.cosigned
        assert actions.count(Action.WITNESS_REFUSED) == self.refused


@pytest.mark.timeout(180)
@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(steps=st.lists(STEP, min_size=6, max_size=24))
async def test_whatever_happens_what_was_taken_is_kept(
    honnin: Bench, steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("lives")
    service = type(honnin.service)("honnin", clock=honnin.clock)
    bench = Bench(honnin.config, folder, honnin.clock, service)
    witnesses = [Witness(tmp_path_factory.mktemp("witness"), code) for code in CODES]
    keys = {each.code: Key(each.cosigner, each._key) for each in witnesses}
    await witnessed(bench, keys, hours=HOURS)
    lives = Lives(bench, [Book(each, heard=bench.clock.now().timestamp()) for each in witnesses])
    try:
        for name, argument in steps:
            await getattr(lives, name)(argument)
            await lives.check()
        await lives.end()
    finally:
        await bench.stop()
        await service.close()
