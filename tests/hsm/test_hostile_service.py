"""The whole service over a token that does anything wrong: what was acknowledged stays, nothing is signed twice.

More examples: HOSTILE_EXAMPLES=500 (default 10).
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.errors import IntegrityError, StateError
from hsm import ckr, softhsm
from hsm.client import KeyClient
from tests.hsm.hostile.control import USED, Fault, Hostile, Kind, hostile
from tests.hsm.kit import folder, grown, served, token_in
from tests.hsm.tokens import made_in

EXAMPLES = int(os.environ.get("HOSTILE_EXAMPLES", "10"))
DEADLINE = 1.0  # seconds, of a call
LITTLE = 0.75  # seconds over it that a busy machine may take
BACK = 2.0  # seconds, until it answers after the fault has ended
START = 15.0  # seconds, on a busy machine


@asynccontextmanager
async def service(
    state: Path, control: Hostile, *, deadline: float = 5.0, open_deadline: float = 8.0
) -> AsyncIterator[KeyClient]:
    if not softhsm.token_folder(state).exists():
        made_in(state)
    token = token_in(
        state,
        create=False,
        module=control.module,
        environ=control.environ,
        deadline=deadline,
        open_deadline=open_deadline,
    )
    async with served(state, token=token) as running:
        client = KeyClient(running.path)
        try:
            yield client
        finally:
            await client.close()


async def test_two_hundred_milliseconds_a_call_are_no_obstacle() -> None:
    with folder() as state, hostile(state) as control:
        async with service(state, control) as client:
            names = ["live.1", "log.2026", "case.2026"]
            await client.make(["seal.1", *names])
            control.delay(200)
            assert await client.make(["store.1", "index.1", "secret.1"]) == ["store.1", "index.1", "secret.1"]
            assert len(await client.unwrap([*names, "store.1"])) == 4
            note = await client.sign_checkpoint(grown(1))
            assert await client.sign_checkpoint(grown(1)) == note


async def test_a_checkpoint_costs_one_order_of_three_calls() -> None:
    with folder() as state, hostile(state) as control:
        async with service(state, control) as client:
            await back(client, within=START)
            await client.make(["seal.1"])
            await client.sign_checkpoint(grown(1))
            before, orders = control.count("Sign"), (await client.ping()).token_calls
            control.delay(20)
            started = asyncio.get_running_loop().time()
            for size in range(2, 7):
                await client.sign_checkpoint(grown(size, since=size - 1))
            taken = asyncio.get_running_loop().time() - started
            assert (await client.ping()).token_calls - orders == 5
            assert control.count("Sign") - before == 2 * 5  # once for the length
            assert taken > 5 * 3 * 0.02


CODES = [0x80000001, *(number for name, number in ckr.NUMBERS.items() if name not in ckr.PIN_REFUSED)]
FAULTS = st.builds(
    Fault,
    kind=st.sampled_from([*[Kind.ANSWER] * 6, Kind.ABORT, Kind.EXIT, Kind.HANG]),
    value=st.sampled_from(CODES),
    after=st.booleans(),
)
TROUBLE = st.tuples(st.sampled_from([*USED, ""]), FAULTS, st.integers(1, 4), st.integers(1, 3))
STEPS = st.lists(
    st.tuples(st.sampled_from(["make", "unwrap", "sign", "again"]), st.none() | TROUBLE),
    min_size=3,
    max_size=8,
)


class Account:
    """What the service has acknowledged."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.keys: dict[str, bytes] = {}
        self.notes: dict[int, set[str]] = {}
        self.size = 0

    async def step(self, client: KeyClient, what: str) -> None:
        """One request; what comes back is taken down."""
        match what:
            case "make":
                self.made += await client.make([f"expire.{2030 + len(self.made)}"])
            case "unwrap":
                self.take(await client.unwrap(self.made[-3:]))
            case "sign":
                size = self.size + 1
                note = await client.sign_checkpoint(grown(size, since=self.size))
                self.size = size
                self.notes.setdefault(size, set()).add(note)
            case _:
                if self.size:
                    self.notes[self.size].add(await client.sign_checkpoint(grown(self.size)))

    def take(self, keys: dict[str, bytes]) -> None:
        """A key that was opened before opens to the same bytes."""
        for name, key in keys.items():
            assert self.keys.setdefault(name, key) == key


async def endure(steps: list[tuple[str, tuple[str, Fault, int, int] | None]]) -> None:
    account = Account()
    with folder() as state, hostile(state) as control:
        async with service(state, control, deadline=DEADLINE, open_deadline=2.0) as client:
            await back(client, within=START)
            await client.make(["seal.1"])
            for what, trouble in steps:
                if trouble is not None:
                    function, fault, nth, times = trouble
                    control.order(function, fault, nth=nth, times=times)
                started = asyncio.get_running_loop().time()
                with suppress(StateError, IntegrityError):
                    await account.step(client, what)
                assert asyncio.get_running_loop().time() - started < 9 + LITTLE
            control.behave()
            await back(client)
            account.take(await client.unwrap(account.made))
            await account.step(client, "again")
            assert account.keys.keys() >= set(account.made)
        async with service(state, control) as client:
            await back(client, within=START)
            account.take(await client.unwrap(account.made))
            await account.step(client, "again")
            await account.step(client, "sign")
    assert all(len(notes) == 1 for notes in account.notes.values())


async def back(client: KeyClient, *, within: float = BACK + 2 * LITTLE) -> None:
    async with asyncio.timeout(within):
        while not (await client.ping()).token:
            await asyncio.sleep(0.02)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_nothing_acknowledged_is_lost_and_nothing_signed_twice(
    steps: list[tuple[str, tuple[str, Fault, int, int] | None]],
) -> None:
    asyncio.run(endure(steps))
