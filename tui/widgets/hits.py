"""The hits of a search as a table: one row a person, Enter opens the person."""

from daemon.contract.console import Hit
from tui import formats
from tui.widgets.listing import Listing
from tui.words import Words

COLUMNS = ("name", "kana", "birth", "sex", "standing", "address")


class Hits(Listing):
    """Holds the hits only as long as they are shown."""

    def __init__(self, say: Words, *, id: str) -> None:  # noqa: A002 - the toolkit's own name
        super().__init__([say(f"hit.{column}") for column in COLUMNS], id=id)
        self._say = say
        self.hits: list[Hit] = []

    def show(self, hits: list[Hit]) -> None:
        """Show these and nothing else."""
        self.hits = hits
        self.fill([self._values(hit) for hit in hits])

    def at_cursor(self) -> Hit | None:
        """The hit under the cursor."""
        return self.hits[self.cursor_row] if 0 <= self.cursor_row < len(self.hits) else None

    def _values(self, hit: Hit) -> tuple[str, ...]:
        say = self._say
        return (
            hit.name, hit.kana, formats.born(hit, say), say.of("sex", hit.sex), say.of("standing", hit.standing),
            hit.address,
        )  # fmt: skip
