"""Whether the rows are those that were committed, as the console asks for it: each night all of them are looked at.

Where they are not, nobody is shown anything until two people have said that it is explained: after an inquiry, or after a restore.
"""

from datetime import datetime

from msgspec import Struct

from daemon.contract.endpoint import Endpoint


class Verification(Struct, frozen=True, kw_only=True):
    """How it stands; no personal data."""

    last: datetime | None = None
    """When the last look at all rows began that came to its end,"""
    rows: int = 0
    """and how many it saw."""
    differs: bool = False
    """Whether other rows were found than were committed, and nobody has explained it."""
    done: int | None = None
    """Rows seen by a look that is under way; None where there is none."""
    total: int = 0
    """Rows in all."""


class AcceptRows(Struct, frozen=True, forbid_unknown_fields=True):
    """That what was found is explained: from here on the rows hold as the last look found them."""

    reason: str
    """What the inquiry came to; sealed in the log."""


class RowsAccepted(Struct, frozen=True):
    """Whether it counts now; False where a second person still has to ask for it, within 24 hours."""

    done: bool


ACCEPT_ROWS = Endpoint("POST", "/v1/rows/acceptances", AcceptRows, RowsAccepted)
VERIFICATION_ENDPOINTS = (ACCEPT_ROWS,)
