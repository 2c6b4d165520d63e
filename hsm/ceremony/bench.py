"""What a ceremony needs of a token, whoever does it: real workers (`hsm.ceremony.workers`), or a test."""

from typing import Protocol

from hsm.orders import TokenFacts
from hsm.uri import TokenUri


class Bench(Protocol):
    """Where a token is initialised. PINs go to the worker through its pipe; every call ends within a deadline."""

    async def survey(self, module: str) -> list[TokenFacts]:
        """Every token in the module's slots, initialised or not."""
        ...

    async def initialise(
        self, module: str, token: TokenFacts, *, label: str, so_pin: bytes, pin: bytes
    ) -> str:
        """C_InitToken and C_InitPIN on `token`; its serial. Carries on what was interrupted."""
        ...

    async def open(self, place: TokenUri, pin: bytes) -> str:
        """Log in and out again; the token's manufacturer and model."""
        ...


class Benches(Protocol):
    """Which bench a ceremony works at."""

    def at(self, uri: str, *, dry_run: bool) -> tuple[Bench, TokenUri]:
        """The bench, and where the token is: for a dry run the throw-away one, whatever `uri` says."""
        ...

    def clear(self) -> None:
        """Remove the throw-away token, if there is one."""
        ...
