"""What the register answered instead of what was asked for."""

from daemon.contract.endpoint import Problem
from daemon.errors import JukuraError, StateError


class RemoteError(JukuraError):
    """The register refused. It brings its own text in both languages, and the HTTP status it came with."""

    def __init__(self, problem: Problem, *, http_status: int) -> None:
        super().__init__(problem.code, field=problem.field)
        self.problem = problem
        self.http_status = http_status

    @property
    def signed_out(self) -> bool:
        """Whether the session is over or was never there (401)."""
        return self.http_status == 401  # noqa: PLR2004 - RFC 9110 §15.5.2


class UnreachableError(StateError):
    """The register did not answer: not running, not permitted, cut off, late, or unreadable."""
