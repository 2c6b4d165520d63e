"""How the end of a reconciliation stands in the log, and what the municipality is told of it. Pure."""

from collections.abc import Callable

from daemon.audit.act import Act
from daemon.audit.action import Action
from daemon.audit.entry import Outcome
from daemon.commands.reconciliation.runs import Run
from daemon.contract.reconciliation import Phase, Summary
from daemon.store.draft import Draft

Tell = Callable[[Draft, str, Summary], None]
"""Lets a municipality know, within the piece of work that ends a run."""


def entry(run: Run) -> Act:
    """The entry of a run that ended."""
    stopped = run.phase is Phase.STOPPED
    counts = {str(run.mode): 1, "records": run.received, **run.counts}
    return Act(
        Action.RECONCILIATION_STOPPED if stopped else Action.RECONCILIATION_DONE,
        f"CS:{run.municipality}",
        Outcome.FAILED if stopped else Outcome.OK,
        code=run.code,
        counts=counts,
    )


def summary(name: bytes, run: Run) -> Summary:
    """What its municipality is told."""
    return Summary(
        run=name.hex(),
        mode=run.mode,
        begun=run.begun,
        ended=run.ended or run.touched,
        received=run.received,
        counts=run.counts,
    )
