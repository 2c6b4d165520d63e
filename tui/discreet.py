"""What every console of ours keeps to itself: nothing is copied from the screen, and a fault shows no values."""

import sys
import traceback
from pathlib import Path

from rich.text import Text
from textual.app import App

from tui.words import Words


class DiscreetApp(App[None]):
    """An app whose screens show what is nobody else's business."""

    ENABLE_COMMAND_PALETTE = False
    # What is on the screen is personal data, or a share: it is neither selected nor copied (C16).
    ALLOW_SELECT = False

    say: Words
    _told = False
    """Whether a fault was told already: the first is the cause of the others."""

    def copy_to_clipboard(self, text: str) -> None:
        """Copy nothing: say why."""
        self.notify(self.say("app.copy_off"), severity="warning")

    def action_help_quit(self) -> None:
        self.notify(self.say("app.quit_how"))

    def _fatal_error(self) -> None:
        """Say where the console broke. The toolkit would print local variables, and those may be anything."""
        if self._told:
            return
        self._told = True
        kind, _, trace = sys.exc_info()
        last = traceback.extract_tb(trace)[-1:]
        where = "".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in last)
        self.panic(Text(self.say("app.broken", kind=kind.__name__ if kind else "", where=where)))
