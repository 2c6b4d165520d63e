"""One act, before the journal gives it its place in the log."""

from typing import Any

from msgspec import Struct, field

from daemon.audit.action import Action
from daemon.audit.entry import Outcome


class Act(Struct, frozen=True):
    """Who did what, and how it ended. Everything but `sealed` is public: nothing personal may stand there."""

    action: Action
    actor: str
    """`CS:35203`, `operator:<id>`, `zenkoku`, `jukurad`."""
    outcome: Outcome = Outcome.OK
    terminal: str = ""
    affair: str = ""
    code: str = ""
    """The error code of a refusal."""
    counts: dict[str, int] = field(default_factory=dict)
    sealed: dict[str, Any] = field(default_factory=dict)
    """Subject, terms, purpose, references: committed to in the leaf, readable under `log.<fiscal year>` only."""
