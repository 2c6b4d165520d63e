"""What lies under a key, for whoever wants it destroyed."""

from daemon.crypto.classes import kind
from daemon.store.engine import Engine
from daemon.store.pages import Pages
from daemon.store.rotations import Rotations
from daemon.store.tally import Tally, counted


class Dependents:
    """Counts the values under a key; for the key of a file 1 while that file is in use, or on its way to be."""

    def __init__(self, engine: Engine, tally: Tally, files: dict[str, Pages], rotations: Rotations) -> None:
        self._engine = engine
        self._tally = tally
        self._files = files
        self._rotations = rotations

    def dependents(self, name: str) -> int:
        """How many, from the running count."""
        of = kind(name)
        if of in self._files:
            return int(self._files[of].key.name == name or name in self._rotations.targets())
        return self._tally.under(name)

    async def confirm(self, name: str) -> int:
        """How many, from a look at every value; may take minutes, and nobody waits behind it."""
        if kind(name) in self._files:
            return self.dependents(name)
        return await counted(self._engine.apart, name)
