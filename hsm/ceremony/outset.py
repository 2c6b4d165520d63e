"""What a ceremony begins with: a sound request, a fresh secret, its shares, and the facts that are kept of them."""

from collections.abc import Callable

from daemon.errors import InputError
from hsm.ceremony import shares
from hsm.ceremony.protocol import Begin, Phase
from hsm.ceremony.record import Record, digest
from hsm.ceremony.secret import Secret

_SALT = 32  # bytes
_IDENT = 16  # bytes


def sound(request: Begin) -> None:
    """Raise unless 2 <= M <= N <= 16, and the names are ones that a person can tell apart."""
    names = request.holders
    holds = {
        "holders": len({name.casefold() for name in names}) == len(names) <= shares.MAX_HOLDERS
        and all(name.isprintable() and name == name.strip() for name in names),
        "threshold": shares.MIN_THRESHOLD <= request.threshold <= len(names),
    }
    for field, good in holds.items():
        if not good:
            raise InputError("ceremony.holders_unsound", field=field)


def set_out(request: Begin, length: int, entropy: Callable[[int], bytes]) -> tuple[Record, list[Secret]]:
    """The facts of a new ceremony, and its shares in the order of the holders."""
    salt, value = entropy(_SALT), entropy(shares.SECRET_SIZE)
    mnemonics = shares.split(value, request.threshold, len(request.holders))
    record = Record(
        id=entropy(_IDENT).hex(),
        uri=request.uri,
        label=request.label,
        threshold=request.threshold,
        holders=request.holders,
        dry_run=request.dry_run,
        phase=Phase.SHARING,
        salt=salt,
        digests=[digest(salt, "share", mnemonic.encode()) for mnemonic in mnemonics],
        secret=digest(salt, "secret", value),
        length=length,
    )
    return record, [Secret(mnemonic.encode()) for mnemonic in mnemonics]
