"""What lies in a token, read once a session in parts and kept up from then on."""

from collections.abc import Awaitable, Callable

from hsm.orders import Destroy, Labels, MakePair, MakeSecret, Names, Order


class Listing:
    """The labels of one session's secrets and pairs."""

    def __init__(self) -> None:
        self._found: set[str] | None = None
        self._changes: list[tuple[str, bool]] = []

    @property
    def names(self) -> Names | None:
        """All of them, sorted; None while they were not read."""
        return None if self._found is None else Names(sorted(self._found))

    def note(self, order: Order) -> None:
        """`order` was carried out."""
        match order:
            case MakeSecret(label) | MakePair(label):
                self._change(label, there=True)
            case Destroy(label):
                self._change(label, there=False)
            case _:
                pass

    async def read(self, ask: Callable[[Labels], Awaitable[Names]]) -> None:
        """Read all parts; what was made or destroyed meanwhile counts as it is now."""
        found: set[str] = set()
        part = await ask(Labels())
        while True:
            found |= set(part.names)
            if not part.next:
                break
            part = await ask(Labels(part.next))
        self._found = found - {""}
        for label, there in self._changes:
            self._change(label, there=there)
        self._changes.clear()

    def _change(self, label: str, *, there: bool) -> None:
        if self._found is None:
            self._changes.append((label, there))
        elif there:
            self._found.add(label)
        else:
            self._found.discard(label)
