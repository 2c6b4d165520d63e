"""The unwrapped class keys, in the register's memory and nowhere else.

They come from the key service when the register unseals, and from then on the register reads and writes with the
token away. What needs the token, signing and new keys, is not here.
"""

from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from daemon.crypto.classes import READABLE, kind
from daemon.errors import StateError
from hsm.client import KeyService


class Keyring:
    """The class keys by name."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}
        self._aead: dict[str, AESGCM] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._keys

    def raw(self, name: str) -> bytes:
        """The 32 bytes of `name`, for what is no AEAD here (page keys); StateError if it is not loaded."""
        if name not in self._keys:
            raise StateError("key.not_loaded", field=name)
        return self._keys[name]

    def aead(self, name: str) -> AESGCM:
        """AES-256-GCM under `name`; StateError if it is not loaded."""
        if name not in self._aead:
            self._aead[name] = AESGCM(self.raw(name))
        return self._aead[name]

    def add(self, keys: dict[str, bytes]) -> None:
        """Take in keys that were unwrapped."""
        self._keys |= keys


async def load(keyring: Keyring, service: KeyService, wanted: Iterable[str]) -> list[str]:
    """Bring every readable key of `service` into `keyring`, after making those `wanted`; return the new ones' names."""
    missing = [name for name in wanted if name not in keyring]
    made = await service.make(missing) if missing else []
    there = [info.name for info in await service.keys() if kind(info.name) in READABLE]
    if lacking := [name for name in there if name not in keyring]:
        keyring.add(await service.unwrap(lacking))
    return made
