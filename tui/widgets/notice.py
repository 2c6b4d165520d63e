"""The place on a screen where it says what happened: busy, done, nothing found, or an error with its code."""

from rich.text import Text
from textual.widgets import Static

from daemon.errors import JukuraError
from tui.words import Words

KINDS = ("info", "empty", "warning", "error")


class Notice(Static):
    """One message at a time. Nothing found never looks like an error."""

    def __init__(self, say: Words, *, id: str = "notice") -> None:  # noqa: A002 - the toolkit's own name
        super().__init__(id=id, classes="-blank")
        self._say = say
        self.kind = "info"
        self.text = ""
        """What stands there, as plain text."""

    def show(self, kind: str, headline: str, more: str = "") -> None:
        """Say `headline`, and `more` below it."""
        self.kind = kind
        self.text = f"{headline}\n{more}".strip()
        for name in KINDS:
            self.set_class(name == kind, f"-{name}")
        self.set_class(not self.text, "-blank")
        self.update(Text.assemble((headline, "bold" if more else ""), f"\n{more}" if more else ""))

    def error(self, headline: str, error: JukuraError, *, where: str = "") -> None:
        """Say what went wrong: the code, the item at fault if one is, and the text with what to do next.

        `where` says it about the item in other words.
        """
        where = where or self._say("search.field", field=self._say.of("search", error.field))
        at = f"  {where}" if error.field else ""
        self.show("error", f"{headline}  {error.code}{at}", self._say.error(error))

    def clear(self) -> None:
        """Say nothing."""
        self.show("info", "")
