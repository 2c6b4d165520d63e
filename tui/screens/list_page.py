"""Screens that are one table: it is read anew on F5, and what the table has no room for is told of the line under the cursor."""

from collections.abc import Iterator, Sequence
from typing import ClassVar, Generic, TypeVar

from rich.console import RenderableType
from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import DataTable, Static

from tui import formats
from tui.desk import Desk, Sitting
from tui.screens.asking import AskingPage
from tui.widgets.listing import Listing

Line = TypeVar("Line")


class ListPage(AskingPage, Generic[Line]):
    """A notice, the table, and below it the line under the cursor in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", key_display="Esc"),
        Binding("f5", "reload", "reload", key_display="F5"),
        Binding("f2", "app.status", "status", key_display="F2", show=False),
        Binding("f3", "app.search", "search", key_display="F3", show=False),
    ]

    NAME: ClassVar[str]
    """Begins the ids of the table (`…-list`) and of what is below it (`…-detail`)."""

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self.lines: list[Line] = []
        """What the table shows."""

    def table(self, titles: Sequence[str]) -> Iterator[Widget]:
        """The table with its columns, and what is below it."""
        yield Listing(titles, id=f"{self.NAME}-list")
        yield Static(id=f"{self.NAME}-detail", markup=False)

    def on_mount(self) -> None:
        self.query_one(Listing).focus()
        self.action_reload()

    def action_reload(self) -> None:
        """Read it anew."""
        raise NotImplementedError

    def detail(self, line: Line) -> RenderableType:
        """What the table has no room for."""
        raise NotImplementedError

    def fill(self, lines: Sequence[Line], rows: Sequence[Sequence[str]]) -> None:
        """Show `lines`, of which `rows` are; the cursor stays in its place as far as there is one."""
        listing = self.query_one(Listing)
        at = listing.cursor_row
        self.lines = list(lines)
        listing.fill(rows)
        listing.move_cursor(row=at)
        self._tell()

    @property
    def at_cursor(self) -> Line | None:
        """The line under the cursor; None where there is none."""
        # A screen that is coming or going has no table.
        rows = (listing.cursor_row for listing in self.query(Listing))
        return next((self.lines[row] for row in rows if 0 <= row < len(self.lines)), None)

    @on(DataTable.RowHighlighted)
    def _tell(self) -> None:
        line = self.at_cursor
        self.query_one(f"#{self.NAME}-detail", Static).update(
            formats.cell("") if line is None else self.detail(line)
        )
        self.refresh_bindings()


class PagedPage(ListPage[Line]):
    """A table that is read a page at a time; the first by itself, each other on F6."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("f6", "next", "next_page", key_display="F6")]

    def __init__(self, desk: Desk, sitting: Sitting) -> None:
        super().__init__(desk, sitting)
        self.after = ""
        """Where the next page begins; empty on the last one."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the next page where there is one."""
        return bool(self.after) if action == "next" else True

    def action_reload(self) -> None:
        """Read anew, from the first page."""
        self.load("")

    def action_next(self) -> None:
        """The page after this one."""
        self.load(self.after)

    def load(self, after: str) -> object:
        """Begin to read the page after `after`, and to show it: `turn`."""
        raise NotImplementedError

    def turn(self, lines: Sequence[Line], rows: Sequence[Sequence[str]], after: str) -> None:
        """Show a page, from its first line."""
        self.after = after
        self.query_one(Listing).fill([])
        self.fill(lines, rows)
