"""A table that is filled in one go, each column as wide as what stands in it."""

from collections.abc import Sequence

from rich.text import Text
from textual.widgets import DataTable

from tui import formats


class Listing(DataTable[Text]):
    """One row under the cursor.

    Widths are given, not left to the toolkit: it measures when it is idle, and a line that was drawn before then
    stays cut off.
    """

    def __init__(self, titles: Sequence[str], *, id: str) -> None:  # noqa: A002 - the toolkit's own name
        super().__init__(id=id, cursor_type="row", zebra_stripes=True)
        self.title(titles)

    def on_mount(self) -> None:
        self.fill([])

    def title(self, titles: Sequence[str]) -> None:
        """Name the columns of what is filled in next."""
        self._titles = [formats.cell(title) for title in titles]

    def fill(self, rows: Sequence[Sequence[str]]) -> None:
        """Show `rows` and nothing else."""
        cells = [[formats.cell(value) for value in row] for row in rows]
        self.clear(columns=True)
        for place, title in enumerate(self._titles):
            column = (title, *(row[place] for row in cells))
            self.add_column(title, width=max(text.cell_len for text in column))
        for row in cells:
            self.add_row(*row)
