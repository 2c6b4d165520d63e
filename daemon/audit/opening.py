"""Which sealed fields an export shows: a stated policy, and what two people ordered beyond it. Whatever neither names is withheld. Pure.

Always open is what says nothing about a person and what an auditor needs to check the log itself.
"""

from collections.abc import Iterable, Mapping

from daemon.audit.action import Action
from daemon.audit.fields import FIELDS
from daemon.contract.exports import Opening
from daemon.errors import InputError

_EXPORT = frozenset(("export", "span", "openings", "file", "manifest"))

ALWAYS: Mapping[Action, frozenset[str]] = {
    Action.KEY_MADE: frozenset(("names",)),
    Action.KEY_ENDED: frozenset(("names",)),
    Action.KEY_DESTROYED: frozenset(("key",)),
    Action.KEY_STATEMENT: frozenset(("note",)),
    Action.MIGRATION_STARTED: frozenset(("digest",)),
    Action.MIGRATION_BATCH: frozenset(("digest",)),
    Action.MIGRATION_DONE: frozenset(("digest",)),
    Action.MIGRATION_STOPPED: frozenset(("digest",)),
    Action.LOG_EPOCH_OPENED: frozenset(("note",)),
    Action.LOG_PURGED: frozenset(("range",)),
    Action.LOG_RELEASED: frozenset(("entries",)),
    Action.LOG_EXPORT_ORDERED: _EXPORT,
    Action.LOG_EXPORT_APPROVED: _EXPORT,
    Action.LOG_EXPORT_DECLINED: _EXPORT,
    Action.LOG_EXPORT_CANCELLED: _EXPORT,
    Action.LOG_EXPORT_MADE: _EXPORT,
    Action.LOG_EXPORTED: _EXPORT,
}
"""Names of keys, what the key service stated, digests over rows of everybody, which entries are gone, and what exports were made."""

_NONE: frozenset[str] = frozenset()


class Openings:
    """Says of each entry which of its fields are open."""

    def __init__(self, ordered: Iterable[Opening] = ()) -> None:
        self._always = {str(action): names & FIELDS[action].sealed for action, names in ALWAYS.items()}
        self._ordered: dict[str, list[Opening]] = {}
        for opening in ordered:
            self._ordered.setdefault(opening.action, []).append(opening)

    def of(self, action: str, seq: int) -> frozenset[str]:
        """The names of the fields that are open in entry `seq`; it need not have them all."""
        names = self._always.get(action, _NONE)
        for opening in self._ordered.get(action, ()):
            if opening.first <= seq and (opening.last is None or seq <= opening.last):
                names = names.union(opening.fields)
        return names


def require_known(openings: Iterable[Opening]) -> None:
    """InputError unless each names an action, and fields that its entries may have."""
    for opening in openings:
        try:
            known = FIELDS[Action(opening.action)].sealed
        except ValueError:
            raise InputError("export.action_unknown", field="openings") from None
        if not opening.fields or not known.issuperset(opening.fields):
            raise InputError("export.field_unknown", field="openings")
        if opening.last is not None and opening.last < opening.first:
            raise InputError("export.range_empty", field="openings")
