"""A custodian's card at this terminal: it signs what is put before it, and nothing of it goes to the register.

The card is asked through a worker process of its own (`hsm.card`), so that no PKCS#11 module is loaded here. A PIN is
tried once.
"""

from typing import Protocol


class Cards(Protocol):
    """Cards within reach, by their RFC 7512 URI. Errors are those of the tree."""

    async def sign(self, uri: str, pin: bytes, text: bytes) -> bytes:
        """The card's signature over `text`."""
        ...

    async def public(self, uri: str, pin: bytes) -> bytes:
        """The card's public key: SubjectPublicKeyInfo (DER)."""
        ...

    async def make(self, uri: str, pin: bytes) -> bytes:
        """Make the custodian's key pair on the card, if it has none; the public key."""
        ...


class TerminalCards:
    """The cards of this machine."""

    async def sign(self, uri: str, pin: bytes, text: bytes) -> bytes:
        from hsm import card

        return await card.sign(uri, pin, text)

    async def public(self, uri: str, pin: bytes) -> bytes:
        from hsm import card

        return await card.public(uri, pin)

    async def make(self, uri: str, pin: bytes) -> bytes:
        from hsm import card

        await card.make(uri, pin)
        return await card.public(uri, pin)
