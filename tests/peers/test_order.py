"""Whatever is refused, lost, tried again or killed: each person's messages arrive in order, each once, and nobody waits for another."""

from collections.abc import Sequence
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.contract.national import Receipt, ReceiptOutcome, Update
from daemon.errors import StateError
from daemon.store.draft import Draft
from daemon.store.engine import Table
from daemon.store.outbox import Message, enqueue
from tests.conftest import Bench
from tests.peers.nation import Nation, arrive, pump

PEOPLE = 4

Act = tuple[str, int]
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, PEOPLE - 1)),
        st.tuples(st.just("add"), st.integers(0, PEOPLE - 1)),
        st.tuples(st.just("refuse"), st.integers(0, PEOPLE - 1)),
        st.tuples(st.just("accept"), st.integers(0, PEOPLE - 1)),
        st.tuples(st.sampled_from(["pump", "lose", "away", "retry", "restart"]), st.just(0)),
    ),
    max_size=40,
)


class World:
    """A register whose messages are made up, and a server that takes down in which order keys came and were taken."""

    def __init__(self, bench: Bench, row: bytes, base: int) -> None:
        self.bench = bench
        self.nation = Nation()
        self.nation.deliver = self.deliver  # type: ignore[method-assign]
        self.row = row
        self.base = base
        """Keys of this example begin here, so that they are nobody else's."""
        self.sent: list[tuple[int, bytes]] = []
        """Of each message added, in order: whose it is, and its key."""
        self.refused: set[int] = set()
        self.taken: list[str] = []
        self.numbers: dict[int, str] = {}
        self.of = pump(bench, self.nation)

    async def deliver(self, updates: Sequence[Update]) -> list[Receipt]:
        people = [self.whose(update.key) for update in updates]
        assert len(people) == len(set(people)), "two messages of one person in a batch"
        if self.nation.away:
            self.nation.away -= 1
            raise StateError("national.away")
        receipts = [self.take(update) for update in updates]
        if self.nation.lose:
            self.nation.lose -= 1
            raise StateError("national.away")
        return receipts

    def take(self, update: Update) -> Receipt:
        assert self.numbers.setdefault(update.number, update.key) == update.key, "a number used twice"
        if self.whose(update.key) in self.refused:
            return Receipt(key=update.key, outcome=ReceiptOutcome.REFUSED, code="national.bad_row")
        if update.key in self.taken:
            return Receipt(key=update.key, outcome=ReceiptOutcome.DUPLICATE)
        self.taken.append(update.key)
        return Receipt(key=update.key, outcome=ReceiptOutcome.ACCEPTED)

    def whose(self, key: str) -> int:
        return next(person for person, known in self.sent if known.hex() == key)

    async def do(self, act: str, person: int) -> None:
        posting = self.bench.open.post.posting
        if act == "add":
            await self.bench.open.writer.write(lambda draft: self.add(draft, person))
        elif act == "refuse":
            self.refused.add(person)
        elif act == "accept":
            self.refused.discard(person)
        elif act == "retry":
            await self.bench.open.writer.write(lambda draft: posting.aside.want(draft, None))
        elif act == "restart":
            await self.bench.stop()
            await self.bench.start()
            self.of = pump(self.bench, self.nation)
        else:
            await self.pump(act)

    async def add(self, draft: Draft, person: int) -> None:
        key = (self.base + len(self.sent)).to_bytes(32, "big")
        self.sent.append((person, key))
        whose = (self.base + person).to_bytes(16, "big")
        sealer, register = self.bench.open.store.sealer, self.bench.config.register
        enqueue(draft, sealer, register, Message(key, "35203", self.row, whose))

    async def pump(self, how: str) -> None:
        self.nation.lose, self.nation.away = int(how == "lose"), int(how == "away")
        with suppress(StateError):
            await self.of.once()
        self.nation.lose = self.nation.away = 0

    async def drain(self) -> None:
        while await self.of.once():
            pass

    def in_order(self) -> None:
        """What was taken of each person is how their messages begin."""
        for person in range(PEOPLE):
            told = [key.hex() for whose, key in self.sent if whose == person]
            taken = [key for key in self.taken if self.whose(key) == person]
            assert taken == told[: len(taken)]
        assert len(self.taken) == len(set(self.taken))


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    derandomize=True,
)
@given(acts=ACTS)
async def test_every_person_in_order_and_once(honnin: Bench, acts: list[Act]) -> None:
    if not await honnin.open.engine.count(Table.ROWS):
        await arrive(honnin, 0)
        await honnin.open.engine.apply(
            {Table.OUTBOX: {place: None for place, _ in await honnin.open.engine.scan(Table.OUTBOX, limit=9)}}
        )
    ((row, _),) = await honnin.open.engine.scan(Table.ROWS, limit=1)
    base = (
        1000 * (1 + await honnin.open.post.posting.sent.given())
        + (await honnin.open.engine.count(Table.LOG)) * 10**6
    )
    world = World(honnin, row, base)
    for act, person in acts:
        await world.do(act, person)
        world.in_order()
    # Whoever is not refused has waited for nobody else.
    await world.drain()
    world.in_order()
    aside = {held.message.person for _, held in await honnin.open.post.posting.aside.page(b"", limit=999)}
    for person, key in world.sent:
        stuck = (world.base + person).to_bytes(16, "big") in aside
        assert stuck or key.hex() in world.taken
    # And when nothing is refused any more, everything arrives.
    world.refused.clear()
    await world.do("retry", 0)
    await world.drain()
    world.in_order()
    assert len(world.taken) == len(world.sent)
    assert await honnin.open.engine.count(Table.ASIDE) == await honnin.open.engine.count(Table.OUTBOX) == 0
    highest = await honnin.open.post.posting.sent.given()
    assert set(world.numbers) <= set(range(1, highest + 1))
