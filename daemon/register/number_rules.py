"""What item 9 (個人番号) of a record must be after the last row (domain.md §2.4, corrections). Pure."""

from daemon.errors import ConflictError, InputError
from daemon.register.rows import HonninRecord, HonninRow, Row
from daemon.register.transitions import Number, Sender, Transition

NUMBER_CHANGED = "reason.number_changed"
_WRITING = (Sender.ANYBODY, Sender.RESTORER)
"""Who writes a person in brings the number along: it may have been changed elsewhere."""


def check_number(record: HonninRecord, transition: Transition, last: Row | None) -> tuple[str, ...]:
    """Codes of what someone should look at; InputError where there can be no number yet, else ConflictError."""
    before = last.kojin_bango if isinstance(last, HonninRow) else ""
    rule = transition.number
    if record.kojin_bango and (rule is Number.NOT_YET or (rule is Number.NOT_YET_AT_FIRST and last is None)):
        raise InputError("reason.number_too_early", field="kojin_bango")
    if rule is Number.GIVEN and before:
        raise ConflictError("reason.number_known", field="kojin_bango")
    if rule is Number.REPLACED and not (before and record.kojin_bango):
        raise ConflictError("reason.number_missing", field="kojin_bango")
    changed = transition.sender in _WRITING and before and before != record.kojin_bango
    return (NUMBER_CHANGED,) if changed else ()
