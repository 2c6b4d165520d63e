"""What the screens about keys share: whoever sits there, the calls, and one way to show that one failed."""

from typing import ClassVar

from tui.desk import Desk, Sitting
from tui.key_calls import KeyCalls
from tui.screens.asking import AskingPage


class KeyPage(AskingPage):
    """A screen about the keys of the register that somebody is signed in to."""

    FAILED: ClassVar[str] = "keys.failed"

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self.calls = KeyCalls(sitting.at.client)
