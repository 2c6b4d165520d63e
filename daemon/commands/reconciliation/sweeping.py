"""What the register does by itself in a run, a step at a time: making its digests, and looking for whom it alone has.

Both go through everybody who is present with the municipality and put them down by parts of the range of codes. Then, part by part,
they are either sorted into chunks, of which ranges are answered, or held against the codes that came. Memory: the people of one
part, about 25,000 of ours; of the codes that came a few pieces at a time.

While the loop makes digests of some, the thread of the truth reads others, and the projection's thread looks up those who come next.
"""

import asyncio
from collections.abc import Iterator, Sequence
from operator import attrgetter

from daemon.clock import Clock, day_of
from daemon.commands.reconciliation.keeping import Active, Keeper, People
from daemon.commands.reconciliation.matching import Matching, Side
from daemon.commands.reconciliation.prints import sorted_chunks
from daemon.commands.reconciliation.runs import Part, Run, Runs
from daemon.commands.reconciliation.spill import Spill, codes
from daemon.contract.reconciliation import Finding, Mode
from daemon.register.ranges import digest
from daemon.register.reconcile import Kind, belongs, stated
from daemon.register.rows import Register
from daemon.store.index import Latest
from daemon.store.index.residing import Found, Place
from daemon.store.residents import Residents

PAGE = 5_000  # people, or a few more, put down at once
PIECE = 256  # of them read together: with one statement
AT_ONCE = 3  # pieces that are read, or made digests of
PIECES = 100  # read at once
CANDIDATES = 250  # people looked at at once


class Sweeping:
    """Does the steps."""

    def __init__(
        self,
        register: Register,
        residents: Residents,
        *,
        runs: Runs,
        keeper: Keeper,
        matching: Matching,
        clock: Clock,
    ) -> None:
        self._register = register
        self._residents = residents
        self._runs = runs
        self._keeper = keeper
        self._matching = matching
        self._clock = clock

    async def step(self, active: Active) -> bool:
        """Do some; whether there may be more to do before the run is in its next phase."""
        run = active.run
        if run.place is not None:
            await self._put_down(active, Place(*run.place))
            return True
        if run.part < run.parts:
            await (self._sort(active) if run.mode is Mode.RANGES else self._hold_against(active))
            return True
        return False

    # Everybody, by parts.

    async def _put_down(self, active: Active, place: Place) -> None:
        run, spill = active.run, Spill(active.run.parts)
        ahead, active.ahead = active.ahead, None
        people = ahead or await self._people(run, place)
        _, following = await asyncio.gather(
            self._spilled(run, people.found, spill), self._following(run, people.following)
        )
        ours = {(Part.OURS, run.ours, part): piece for part, piece in spill.pieces().items()}
        await self._keeper.keep(active, pieces=ours, place=people.following, ours=run.ours + 1)
        active.ahead = following

    async def _people(self, run: Run, place: Place) -> People:
        """About as many as are put down at once. Many a page is small: people of one sex in a village."""
        today, found = day_of(self._clock.now()), list[Found]()
        following: Place | None = place
        while following is not None and len(found) < PAGE:
            some, following = await self._residents.page(
                run.municipality, following, on=today, size=PAGE - len(found)
            )
            found += some
        return People(found, following)

    async def _following(self, run: Run, place: Place | None) -> People | None:
        return None if place is None else await self._people(run, place)

    async def _spilled(self, run: Run, found: Sequence[Found], spill: Spill) -> None:
        if run.mode is Mode.FULL:
            for each in found:
                spill.add(each.code)
            return
        # In the order of their keys: neighbours lie on pages that were just decrypted. A few pieces at once: while the loop makes
        # digests of one, the others are read, and whoever else wants the loop does not wait for many.
        order = sorted((each.latest for each in found), key=attrgetter("row"))
        gate = asyncio.Semaphore(AT_ONCE)

        async def some(latest: Sequence[Latest]) -> None:
            async with gate:
                await self._digested(run, latest, spill)

        await asyncio.gather(*(some(order[at : at + PIECE]) for at in range(0, len(order), PIECE)))

    async def _digested(self, run: Run, latest: Sequence[Latest], spill: Spill) -> None:
        today = day_of(self._clock.now())
        for stored in await self._residents.newest(latest):
            if belongs(stored.row, run.municipality, self._register, today):
                print_ = digest(stated(stored.row, self._register), run.key)
                spill.add(int(stored.row.juminhyo_code), print_)

    # Part by part.

    async def _sort(self, active: Active) -> None:
        run = active.run
        chunks = list(sorted_chunks(await self._runs.part(run, Part.OURS, range(run.ours), piece=run.part)))
        pieces = {(Part.CHUNK, number, 0): chunk for number, chunk in enumerate(chunks, start=run.chunks)}
        await self._keeper.keep(active, pieces=pieces, part=run.part + 1, chunks=run.chunks + len(chunks))
        for chunk in chunks:
            active.prints.add(chunk)
            await asyncio.sleep(0)

    async def _hold_against(self, active: Active) -> None:
        run = active.run
        if active.left is None:
            active.left = [code for code in await self._left(run) if code[0] > run.after]
        some, active.left = active.left[:CANDIDATES], active.left[CANDIDATES:]
        if some:
            found = [_twice(code) for code, twice in some if twice]
            found += await self._lacking(run, [f"{code:011}" for code, twice in some if not twice])
            await self._keeper.keep(active, findings=found, after=some[-1][0])
        else:
            active.left = None
            await self._keeper.keep(active, part=run.part + 1, after=-1)

    async def _left(self, run: Run) -> list[tuple[int, bool]]:
        """The people of one part whom nobody sent, and those who were sent twice, in the order of their codes."""
        ours = {
            code
            for piece in await self._runs.part(run, Part.OURS, range(run.ours), piece=run.part)
            for code in codes(piece)
        }
        met, twice = set[int](), set[int]()
        for numbers in _some(run.commits):
            for piece in await self._runs.part(run, Part.SEEN, numbers, piece=run.part):
                for code in codes(piece):
                    if code in ours:
                        (twice if code in met else met).add(code)
        return [(code, code in twice) for code in sorted((ours - met) | twice)]

    async def _lacking(self, run: Run, lacking: list[str]) -> list[Finding]:
        side = Side(run.municipality, run.begun, day_of(self._clock.now()))
        return await self._matching.lacking(side, lacking) if lacking else []


def _some(many: int) -> Iterator[range]:
    return (range(at, min(at + PIECES, many)) for at in range(0, many, PIECES))


def _twice(code: int) -> Finding:
    return Finding(kind=Kind.TWICE, juminhyo_code=f"{code:011}")
