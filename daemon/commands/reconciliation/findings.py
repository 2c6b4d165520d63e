"""What the last finished comparison of a municipality found, one by one, for 市町課: codes masked, no values, each page an entry."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.caller import Caller, Right
from daemon.commands.inquiries.person import masked
from daemon.commands.reconciliation.municipality import of_register
from daemon.commands.reconciliation.running import Running
from daemon.commands.reconciliation.runs import ID, Run, Runs
from daemon.contract.endpoint import Endpoint
from daemon.contract.findings import FINDINGS, PAGE, FindingLine, FindingLines, FindingsQuery
from daemon.contract.reconciliation import MOST_FINDINGS, Finding
from daemon.errors import ConflictError, JukuraError
from daemon.store.writer import Writer

NUMBER = 4  # bytes of a page's number and of a finding's place in it
NONE = FindingLines(run="", ended=None, counts={}, findings=[], more=False, complete=True)


class Findings:
    """Shows them. They do not change once a run has ended; the next one that ends takes their place."""

    def __init__(self, running: Running, runs: Runs, writer: Writer, municipalities: Sequence[str]) -> None:
        self._running = running
        self._runs = runs
        self._writer = writer
        self._municipalities = municipalities
        self.handlers: Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]] = {FINDINGS: self.listed}

    async def listed(self, caller: Caller, asked: FindingsQuery) -> FindingLines:
        """A page of them, once its entry is written. ConflictError where `after` is of a run whose findings are gone."""
        try:
            caller.require(Right.RECONCILIATIONS_READ)
            municipality = of_register(asked.municipality, self._municipalities)
            await self._running.resumed()
            page = await self._page(municipality, asked.after)
        except JukuraError as error:
            await self._writer.log(_refused(caller, error.code))
            raise
        await self._writer.log(_shown(caller, municipality, page, asked.after))
        return page

    async def _page(self, municipality: str, after: str) -> FindingLines:
        _, done = await self._running.known(municipality)
        name = done[0] if done is not None else b""
        number, at = _following(after, name)
        page = NONE if done is None else await self._lines(*done, number, at)
        # Findings are deleted as soon as another run has taken the place of theirs.
        if self._running.past[municipality].done != name:
            raise _gone()
        return page

    async def _lines(self, name: bytes, run: Run, number: int, at: int) -> FindingLines:
        lines: list[FindingLine] = []
        while number < run.pages and len(lines) <= PAGE:
            # A run keeps a page, full or not, with each of its steps.
            kept = await self._runs.findings(run, number)
            lines += [_line(_id(name, number, place), kept[place]) for place in range(at, len(kept))]
            number, at = number + 1, 0
        return FindingLines(
            run=name.hex(),
            ended=run.ended,
            counts=run.counts,
            findings=lines[:PAGE],
            more=len(lines) > PAGE,
            complete=run.findings < MOST_FINDINGS or run.findings == sum(run.counts.values()),
        )


def _id(name: bytes, number: int, place: int) -> str:
    return (name + number.to_bytes(NUMBER, "big") + place.to_bytes(NUMBER, "big")).hex()


def _following(after: str, name: bytes) -> tuple[int, int]:
    """Page and place of the finding behind the one with the id `after`; ConflictError where that is none of the run `name`."""
    if not after:
        return 0, 0
    given = bytes.fromhex(after)
    if given[:ID] != name:
        raise _gone()
    return int.from_bytes(given[ID:-NUMBER], "big"), int.from_bytes(given[-NUMBER:], "big") + 1


def _gone() -> ConflictError:
    return ConflictError("reconciliation.findings_gone", field="after")


def _line(name: str, finding: Finding) -> FindingLine:
    return FindingLine(
        id=name,
        kind=finding.kind,
        juminhyo_code=masked(finding.juminhyo_code),
        record=finding.record,
        items=finding.items,
        code=finding.code,
        field=finding.field,
    )


def _shown(caller: Caller, municipality: str, page: FindingLines, after: str) -> Act:
    kinds = Counter(str(line.kind) for line in page.findings)
    return Act(
        Action.RECONCILIATION_SHOWN,
        f"operator:{caller.operator}",
        terminal=caller.terminal,
        counts={"municipality": int(municipality), "findings": len(page.findings), **kinds},
        sealed={"run": page.run, "after": after},
    )


def _refused(caller: Caller, code: str) -> Act:
    actor = f"operator:{caller.operator}"
    return Act(
        Action.RECONCILIATION_VIEW_REFUSED, actor, Outcome.REFUSED, terminal=caller.terminal, code=code
    )
