"""A run under way, and how it comes forward: state, findings and parts in one commit, so that a kill loses one step at the most."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, NamedTuple

from msgspec.structs import replace

from daemon.commands.reconciliation.matching import counted
from daemon.commands.reconciliation.prints import Prints
from daemon.commands.reconciliation.runs import PER_PAGE, Part, Run, Runs
from daemon.contract import codec
from daemon.contract.reconciliation import MOST_FINDINGS, Finding, Traffic
from daemon.errors import StateError
from daemon.register.reconcile import Kind
from daemon.store.draft import Draft
from daemon.store.index.residing import Found, Place
from daemon.store.writer import Writer

NOTHING = Traffic()
Pieces = Mapping[tuple[Part, int, int], bytes]
"""Parts by kind, number and piece."""


class People(NamedTuple):
    """People of ours as the projection has them, and where to go on after them."""

    found: Sequence[Found]
    following: Place | None


@dataclass
class Active:
    """A run that has not ended."""

    id: bytes
    run: Run
    """As committed."""
    busy: bool = False
    """Whether somebody works on it."""
    stop: str = ""
    """The code of why it is to end, once somebody asked."""
    traffic: Traffic = field(default_factory=Traffic)
    """What crossed the line since the last commit."""
    prints: Prints = field(default_factory=Prints)
    """`ranges`: what there is in the chunks."""
    ahead: People | None = None
    """Those who are put down next, if they were looked up."""
    left: list[tuple[int, bool]] | None = None
    """`full`: of the part that is worked on the codes that are still to be looked at, and whether they came twice."""

    def taken(self) -> "Taken":
        """To be held by the one who changes it; StateError while somebody else does."""
        return Taken(self)


class Taken:
    """Holds a run for one at a time."""

    def __init__(self, active: Active) -> None:
        self._active = active

    def __enter__(self) -> Active:
        if self._active.busy:
            raise StateError("reconciliation.busy")
        self._active.busy = True
        return self._active

    def __exit__(self, *_: object) -> None:
        self._active.busy = False


class Keeper:
    """Commits steps of runs."""

    def __init__(self, writer: Writer, runs: Runs) -> None:
        self._writer = writer
        self._runs = runs

    async def keep(
        self,
        active: Active,
        *,
        findings: Sequence[Finding] = (),
        pieces: Pieces | None = None,
        traffic: Traffic = NOTHING,
        **changes: Any,  # noqa: ANN401 - fields of Run
    ) -> None:
        """The next state of a run, with what was found and put down on the way."""
        run = active.run
        kept = list(findings[: MOST_FINDINGS - run.findings])
        kinds, fields = counted(findings)
        told, since = plus(active.traffic, _telling(kept)), active.traffic
        after = replace(
            run,
            counts=dict(Counter(run.counts) + kinds),
            items=dict(Counter(run.items) + fields),
            pages=run.pages + ceil(len(kept) / PER_PAGE),
            findings=run.findings + len(kept),
            traffic=plus(plus(run.traffic, told), traffic),
            **changes,
        )

        async def work(draft: Draft) -> Run:
            now = replace(after, touched=draft.now)
            self._runs.put_findings(draft, run, run.pages, kept)
            for (part, number, piece), content in (pieces or {}).items():
                self._runs.put_part(draft, run, part, number, content, piece=piece)
            self._runs.put(draft, active.id, now)
            return now

        active.run = await self._writer.write(work)
        active.traffic = less(active.traffic, since)


def plus(one: Traffic, other: Traffic) -> Traffic:
    """Both together."""
    return Traffic(**{name: getattr(one, name) + getattr(other, name) for name in Traffic.__struct_fields__})


def less(one: Traffic, other: Traffic) -> Traffic:
    """The one without the other."""
    return Traffic(**{name: getattr(one, name) - getattr(other, name) for name in Traffic.__struct_fields__})


def _telling(findings: Sequence[Finding]) -> Traffic:
    """What crosses the line when the municipality fetches these."""
    return Traffic(
        bytes_out=len(codec.encode(findings)) if findings else 0,
        values_out=sum(finding.kind is Kind.DIFFERS for finding in findings),
        codes_out=sum(finding.record == 0 for finding in findings),
    )
