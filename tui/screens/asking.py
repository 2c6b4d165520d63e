"""What screens share that ask the register for something: whoever sits there, and one way to show that it failed."""

from collections.abc import Awaitable, Callable
from typing import ClassVar, TypeVar

from tui.desk import Desk, Sitting
from tui.errors import RemoteError, UnreachableError
from tui.screens.dialog import ConfirmScreen
from tui.screens.page import Page
from tui.widgets.notice import Notice

T = TypeVar("T")


class AskingPage(Page):
    """A screen of the register that somebody is signed in to."""

    FAILED: ClassVar[str]
    """Words for what could not be done, where the register does not answer."""
    ITEMS: ClassVar[str] = "search"
    """The group of words in which an item at fault has its name."""

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk)
        self.sitting = sitting

    @property
    def notice(self) -> Notice:
        return self.query_one(Notice)

    def when_yes(self, dialog: ConfirmScreen, act: Callable[[], object]) -> None:
        """Ask, and `act` if the person says yes."""

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - a dialog's answer
            if yes:
                act()

        self.app.push_screen(dialog, answered)

    async def asked(self, call: Awaitable[T]) -> T | None:
        """What the register answers; None where it refuses or does not answer, which the notice says."""
        try:
            return await call
        except RemoteError as error:
            if not self.over(error):
                where = self.say("search.field", field=self.say.of(self.ITEMS, error.field))
                self.notice.error(self.say("search.refused"), error, where=where)
        except UnreachableError as error:
            self.notice.error(self.say(self.FAILED), error)
        return None
