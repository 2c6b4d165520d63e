"""The unwrapped class keys, in the register's memory and nowhere else.

They come from the key service when the register unseals, and from then on the register reads and writes with the
token away. What needs the token, signing and new keys, is not here.
"""

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from daemon.crypto.classes import READABLE, SEAL, generation, kind, lacking
from daemon.errors import StateError
from hsm.client import KeyService

LABEL = 8  # bytes
_LABELS = b"jukura.jp/label"


class Keyring:
    """The class keys by name."""

    def __init__(self) -> None:
        self._keys: dict[str, bytes] = {}
        self._aead: dict[str, AESGCM] = {}
        self._labels: dict[str, blake2b] = {}
        self._newest: dict[str, str] = {}
        """By kind, while no key comes or goes: each row that is sealed asks for it."""

    def __contains__(self, name: str) -> bool:
        return name in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._keys))

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

    def labels(self, name: str) -> blake2b:
        """A hash of `LABEL` bytes under a key of its own, derived from `name` (HKDF-SHA256, RFC 5869); StateError if it is not loaded."""
        if name not in self._labels:
            derived = HKDF(SHA256(), blake2b.MAX_KEY_SIZE, salt=None, info=_LABELS).derive(self.raw(name))
            self._labels[name] = blake2b(digest_size=LABEL, key=derived)
        return self._labels[name].copy()

    def generations(self, of: str) -> list[str]:
        """The loaded generations of a kind, the newest first."""
        return sorted((name for name in self._keys if kind(name) == of), key=generation, reverse=True)

    def newest(self, of: str) -> str:
        """The generation under which a kind is written now (`live.3` for `live`); StateError if none is loaded."""
        if of not in self._newest:
            found = self.generations(of)
            if not found:
                raise StateError("key.not_loaded", field=of)
            self._newest[of] = found[0]
        return self._newest[of]

    def add(self, keys: dict[str, bytes]) -> None:
        """Take in keys that were unwrapped."""
        self._keys |= keys
        self._newest.clear()

    def forget(self, name: str) -> None:
        """Let go of a key that was destroyed."""
        self._keys.pop(name, None)
        self._aead.pop(name, None)
        self._labels.pop(name, None)
        self._newest.clear()


async def load(keyring: Keyring, service: KeyService, wanted: Iterable[str]) -> list[str]:
    """Bring every readable key of `service` into `keyring`, after making those `wanted`; return the new ones' names."""
    told = await service.keys()
    there = [info.name for info in told.keys]
    # A first generation that was made and destroyed long ago is not wanted again.
    gone = [info.name for info in told.destroyed]
    missing = lacking(wanted, [*there, *gone])
    made = await service.make(missing) if missing else []
    readable = [name for name in [*there, *made] if kind(name) in READABLE]
    if new := [name for name in readable if name not in keyring]:
        keyring.add(await service.unwrap(new))
    return made


async def first_seal(service: KeyService) -> list[str]:
    """Make the pair that signs, if there never was one; its name. Later ones come by the custodians."""
    pairs = (await service.keys()).pairs
    return [] if any(kind(pair.name) == kind(SEAL) for pair in pairs) else await service.make([SEAL])
