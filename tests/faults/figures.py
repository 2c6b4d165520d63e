"""What a run came to: lost, doubled, and how long recovery took."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from daemon.contract.peer import Outcome
from tests.faults.cycles import Cycle, Fault
from tests.faults.feeder import quantile
from tests.faults.run import Left

SHARES = {"p50": 0.5, "p99": 0.99, "longest": 1.0}


@dataclass(frozen=True)
class Figures:
    """All that is reported; seconds throughout."""

    cycles: dict[str, dict[str, float]]
    """By fault, and of all: how many, and the median, 99th percentile and longest recovery; the same of `covered`."""
    acknowledged: int
    """Notices that the register said it has."""
    rows: int
    applied: int
    """Entries `notice.applied`."""
    delivered: int
    """Messages that the national server took."""
    lost: int
    """Of those, without a row, without an entry, or never acknowledged by the national server."""
    doubled: int
    """Rows, entries and messages beyond one for each notice, and checkpoints beyond one for each size."""
    refused: int
    repeated: int
    """Verdicts that said the register had the notice already: its first answer did not arrive."""
    answer_p99: float
    """Until a request was answered, retries included, whatever was broken meanwhile."""
    answer_longest: float
    entries: int
    checkpoints: int
    verified: bool
    """Whether jukura-verify takes the export."""

    def json(self) -> dict[str, object]:
        """For a report."""
        return asdict(self)


def figures(left: Left) -> Figures:
    """Add everything up."""
    acknowledged = len(left.answers.acknowledged)
    applied = sum(leaf["action"] == "notice.applied" for leaf in left.leaves)
    accepted = Counter(entry.accepted for entry in left.ledger.values())
    found = (left.rows, applied, accepted[1])
    seconds = left.answers.seconds
    return Figures(
        cycles={
            "all": _recovery(left.cycles),
            **{fault: _recovery(c for c in left.cycles if c.fault is fault) for fault in Fault},
        },
        acknowledged=acknowledged,
        rows=left.rows,
        applied=applied,
        delivered=accepted[1],
        lost=sum(max(0, acknowledged - count) for count in found),
        doubled=sum(max(0, count - acknowledged) for count in found)
        + accepted.total() - accepted[0] - accepted[1]
        + len(left.sizes) - len(set(left.sizes)),
        refused=left.answers.outcomes[Outcome.REFUSED],
        repeated=left.answers.outcomes[Outcome.DUPLICATE],
        answer_p99=round(quantile(seconds, 0.99), 3),
        answer_longest=round(max(seconds, default=0.0), 3),
        entries=len(left.leaves),
        checkpoints=len(left.sizes),
        verified=left.verify.returncode == 0,
    )  # fmt: skip


def _recovery(cycles: Iterable[Cycle]) -> dict[str, float]:
    some = list(cycles)
    first, covered = [cycle.recovery for cycle in some], [cycle.covered for cycle in some]
    return {
        "cycles": len(some),
        **{name: round(quantile(first, share), 3) for name, share in SHARES.items()},
        **{f"covered_{name}": round(quantile(covered, share), 3) for name, share in SHARES.items()},
    }
