"""The hits of a search as a table: one row a person, Enter opens the person."""

from daemon.contract.console import Hit
from tui import formats
from tui.widgets.listing import Listing
from tui.words import Words

COLUMNS = ("name", "kana", "birth", "sex", "standing", "address")


class Hits(Listing):
    """Holds the hits only as long as they are shown."""

    def __init__(self, say: Words, *, id: str) -> None:  # noqa: A002 - the toolkit's own name
        super().__init__(formats.hit_titles(COLUMNS, [], say), id=id)
        self._say = say
        self.hits: list[Hit] = []

    def show(self, hits: list[Hit], *, serials: bool = False) -> None:
        """Show these and nothing else; with `serials` also which version was found."""
        self.hits = hits
        columns = formats.hit_columns(("serial", *COLUMNS) if serials else COLUMNS, hits)
        self.title(formats.hit_titles(columns, hits, self._say))
        self.fill([formats.hit(hit, columns, self._say) for hit in hits])

    def at_cursor(self) -> Hit | None:
        """The hit under the cursor."""
        return self.hits[self.cursor_row] if 0 <= self.cursor_row < len(self.hits) else None
