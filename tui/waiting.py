"""Shows on standard error how far something long has come: one line that changes, or a line now and then in a pipe."""

import sys
import time
from collections.abc import Callable

EVERY = 5.0  # seconds between two lines where nobody watches them change


class Ticker:
    """One line of progress; silent where the output is for programs."""

    def __init__(self, *, silent: bool, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._silent = silent
        self._monotonic = monotonic
        self._last = ""
        self._at = float("-inf")

    def show(self, line: str) -> None:
        """Say `line`, if it is news."""
        if self._silent or line == self._last:
            return
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K{line}")
        elif self._monotonic() - self._at >= EVERY:
            sys.stderr.write(f"{line}\n")
            self._at = self._monotonic()
        sys.stderr.flush()
        self._last = line

    def end(self) -> None:
        """Leave the line as it is."""
        if self._last and not self._silent and sys.stderr.isatty():
            sys.stderr.write("\n")
