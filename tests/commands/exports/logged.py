"""Logs of any acts, whose sealed fields are secrets, and a register whose background makes no exports."""

import asyncio
from datetime import timedelta
from random import Random  # noqa: TID251 - seeded

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.audit.fields import FIELDS
from daemon.audit.opening import ALWAYS
from tests.conftest import Bench

SECRET = "住民　ひみつ太郎"
ACTORS = ("operator:op1", "operator:op2", "CS:35203", "zenkoku", "jukurad")


def act(chance: Random) -> Act:
    """Some act; whatever is sealed in it is a secret, unless the policy opens it."""
    action = chance.choice([action for action in Action if not action.startswith(("log.", "key.statement"))])
    outcome = chance.choice([Outcome.OK, Outcome.OK, Outcome.REFUSED, Outcome.FAILED])
    fields = FIELDS[action]
    return Act(
        action, chance.choice(ACTORS), outcome, terminal=chance.choice(["", "T01"]),
        code="" if outcome is Outcome.OK else "some.code",
        counts={name: chance.randrange(100) for name in sorted(fields.counts)[:2] },
        sealed={name: "public" if name in ALWAYS.get(action, ()) else SECRET for name in fields.sealed},
    )  # fmt: skip


async def acts(bench: Bench, count: int, *, seed: int = 1) -> None:
    """Some acts, minutes apart, signed now and then."""
    chance = Random(seed)  # noqa: S311
    for _ in range(count):
        await bench.open.writer.log(act(chance))
        bench.clock.advance(timedelta(minutes=chance.randrange(20)))
        if chance.random() < 0.3:
            await bench.open.signer.sign()


async def stop_making(bench: Bench) -> None:
    """The background makes nothing any more: the test does, a step at a time."""
    for task in asyncio.all_tasks():
        if task.get_name() == "exports":
            task.cancel()
            await asyncio.wait([task])
