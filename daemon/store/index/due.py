"""What was not counted yet."""

from collections.abc import Iterable
from itertools import islice


class Due:
    """Who has to be counted anew: people with versions here, and rows that went, of people whom the file knows."""

    def __init__(self) -> None:
        self.people: dict[bytes, None] = {}
        self.rows: dict[bytes, None] = {}

    def __bool__(self) -> bool:
        return bool(self.people or self.rows)

    def some(self, most: int) -> tuple[list[bytes], list[bytes]]:
        """Up to so many of each."""
        return list(islice(self.people, most)), list(islice(self.rows, most))

    def done(self, people: Iterable[bytes], rows: Iterable[bytes]) -> None:
        """These are counted."""
        for person in people:
            self.people.pop(person, None)
        for row in rows:
            self.rows.pop(row, None)
