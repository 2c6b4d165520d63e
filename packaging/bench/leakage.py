"""What a thief of the files learns: from one copy, from hourly copies, and what tokens would have told instead.

    leakage.py [--people 20000] [--hours 100] [--beside 10] [--tokens 100000] [--seed 1]

A real register over a SoftHSM key service is filled with synthetic residents. One copy of its files is tested page by
page. Then hours go by, with known people moving or searched for, and a thief guesses from the changed pages who it was.
Beside that, a table of keyed hashes is robbed of surnames. Figures as JSON on standard output, a table on
standard error; the exit is 1 if a page is told from random bytes.

Ten others beside 20,000 people are as dense as the busiest day of a prefecture (5,000 notices among 1.35 million).
"""

import argparse
import asyncio
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from leak_copy import one_copy, page_count
from leak_files import DATABASES
from leak_hours import Hours
from leak_questions import KINDS, Answer, moved, numbers, returned, searched
from leak_recovery import recovery
from leak_report import Report, table
from stage import Stage, batches, staged

from daemon.clock import SystemClock, day_of
from daemon.rehearsal.dice import Dice
from daemon.rehearsal.residents import Population
from tests.hsm.kit import MODULE

SEARCHES = 5  # in each hour whose searches are asked for
ANEW = "both files anew: "


async def measure(asked: argparse.Namespace, folder: Path) -> Report:
    """The whole report, in `folder`."""
    began = time.perf_counter()
    population = Population(asked.seed, asked.people, day_of(SystemClock().now()))
    state = folder / "state"
    state.mkdir(mode=0o700)
    async with staged(state, population, module=MODULE, environ={}, share=1.0) as stage:
        guessed = await _filled(stage, state)
        await _signed(stage)
        copy = one_copy(state)
        hours = Hours(stage, state, Dice(asked.seed, "hours"))
        answers, errors, kept = await _thief(stage, hours, state, asked)
    robbed = recovery(folder, asked.tokens, asked.seed, population.today)
    return Report(
        people=asked.people,
        seed=asked.seed,
        hours=asked.hours,
        guessed_people=guessed,
        copy=copy,
        answers=answers,
        errors=errors,
        in_place=hours.in_place,
        kept_anew=kept,
        recovery=robbed,
        seconds=round(time.perf_counter() - began, 1),
    )


async def _filled(stage: Stage, state: Path) -> int:
    """Fill the register; how many people a thief makes of its size who has filled one by half himself."""
    notices = batches(stage.population)
    half = len(notices) // 2
    sizes = []
    for part in (notices[:half], notices[half:]):
        await stage.fill(part)
        await _rotated(stage, "index")
        sizes.append(sum(page_count(state, name) for name in DATABASES))
    known = sum(len(batch) for _, batch in notices[:half])
    return round(known * sizes[1] / sizes[0])


async def _signed(stage: Stage) -> None:
    """Wait for the checkpoint over all there is."""
    while stage.parts.signer.signed < stage.parts.journal.tree.size:  # noqa: ASYNC110 - the signer tells nobody
        await asyncio.sleep(0.1)


async def _thief(
    stage: Stage, hours: Hours, state: Path, asked: argparse.Namespace
) -> tuple[list[Answer], dict[str, float], int]:
    dice = Dice(asked.seed, "thief")
    answers = []
    for beside in (0, asked.beside):
        for question in KINDS:
            answers += await moved(hours, question, beside, asked.hours, dice)
        answers += await returned(hours, beside, asked.hours // 2, dice)
    errors = await numbers(hours, asked.hours // 3, dice)
    kept = await _anew(stage, hours, state)
    for question in KINDS:
        for answer in await moved(hours, question, 0, asked.hours, dice):
            answers.append(replace(answer, question=ANEW + answer.question))
    for question in KINDS:
        answers += await searched(hours, question, SEARCHES, asked.hours // 2, dice)
    return answers, errors, kept


async def _anew(stage: Stage, hours: Hours, state: Path) -> int:
    """Have both files written anew, as a change of their keys does; how many pages are as they were.

    The rows then lie in the order of their random ids, not of their arrival, and near keys of the index in near pages.
    """
    hours.look()
    for kind in ("store", "index"):
        await _rotated(stage, kind)
    return sum(page_count(state, name) for name in DATABASES) - len(hours.look())


async def _rotated(stage: Stage, kind: str) -> None:
    """Have one file written anew, whatever memory holds for it included."""
    await stage.parts.rotations.start(kind)
    while stage.parts.rotations.progress():  # noqa: ASYNC110 - as a console looks
        await asyncio.sleep(0.05)


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--hours", type=int, default=100, help="for each question")
    parser.add_argument("--beside", type=int, default=10, help="notices of others in the same hour")
    parser.add_argument("--tokens", type=int, default=100_000, help="people in the table of tokens")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    os.umask(0o077)  # as the register and the key service set it
    with TemporaryDirectory(prefix="bench-") as folder:
        report = asyncio.run(measure(asked, Path(folder)))
    sys.stderr.write(table(report) + "\n")
    json.dump(msgspec.to_builtins(report, str_keys=True), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")
    if not report.copy.uniform:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
