"""Reports to municipalities, as a person here sees them: which are open, and what the 機構 wrote in one."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.commands.caller import Caller, Right
from daemon.commands.correspondence.outgoing import require_sight
from daemon.commands.correspondence.reports import Reports
from daemon.contract import outbox as contract
from daemon.contract.endpoint import Endpoint
from daemon.contract.outbox import PAGE, ReportLine, ReportLines, ReportQuery, ReportShown, ReportsQuery
from daemon.contract.reports import LAW
from daemon.errors import ConflictError
from daemon.store.letters import Kept, Letters
from daemon.store.writer import Writer


@dataclass(frozen=True)
class Reported:
    """The reports of one register, as the console meets them."""

    letters: Letters
    reports: Reports
    writer: Writer
    gate: Callable[[], None]
    """Raises while nobody may be shown people: what the 機構 wrote in a report may name them."""

    @property
    def handlers(self) -> Mapping[Endpoint, Callable[[Caller, Any], Awaitable[Any]]]:
        """The use cases by endpoint."""
        return {contract.REPORT_LIST: self.listed, contract.REPORT: self.show}

    async def listed(self, caller: Caller, asked: ReportsQuery) -> ReportLines:
        """A page of all reports; only a refusal is an entry."""
        await require_sight(caller, Right.REPORTS_SEE, self.writer)
        held = await self.letters.page(bytes.fromhex(asked.after), limit=PAGE + 1)
        lines = [_line(place, kept) for place, kept in held[:PAGE]]
        return ReportLines(overdue=self.reports.overdue(), reports=lines, more=len(held) > PAGE)

    async def show(self, caller: Caller, asked: ReportQuery) -> ReportShown:
        """One report with its words; an entry."""
        await require_sight(caller, Right.REPORTS_READ, self.writer, self.gate)
        place = bytes.fromhex(asked.id)
        kept = await self.letters.find(place)
        if kept is None:
            raise ConflictError("report.unknown", field="id")
        sealed = {"report": asked.id, "subject": kept.report.subject}
        act = Act(
            Action.REPORT_SHOWN, f"operator:{caller.operator}", terminal=caller.terminal, sealed=dict(sealed)
        )
        await self.writer.log(act)
        return ReportShown(report=_line(place, kept), words=kept.report.words)


def _line(place: bytes, kept: Kept) -> ReportLine:
    report = kept.report
    return ReportLine(
        id=place.hex(),
        kind=report.kind,
        law=LAW[report.kind],
        to=kept.to,
        at=kept.at,
        acknowledged=kept.acknowledged,
        person=kept.person.hex(),
        serial=report.serial,
        items=report.items,
        other=report.other,
        reference=report.reference,
        counts=report.counts,
    )
