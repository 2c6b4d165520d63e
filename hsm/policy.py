"""What the key service may do with keys, decided without a token, a disk or a clock. It does not believe the register.

- A name must be one that can exist (`hsm.names`); a destroyed name is refused for ever.
- Pairs sign and never leave; data keys are unwrapped and never sign.
- An operational key is made as the next generation only, at most `LIMITS` of a kind at once; a pair only as the
  first, since later ones come by custodians; a dated key only near its date; `transit` only where the register
  has deliveries of that kind.
- A dated key is destroyed only when its date has passed by the service's own record of the time.

What custodians decide is in `hsm.deeds`, what a checkpoint must prove in `hsm.checkpoints`.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from daemon.errors import AuthorityError, ConflictError, InputError, TooMuchError
from hsm import names
from hsm.pin import PinSource
from hsm.protocol import MAX_NAMES

LIMITS: Mapping[str, int] = dict.fromkeys(names.OPERATIONAL, 8) | {names.HOLD: 64}
"""How many generations of a kind may exist at once."""

NO_BUSINESS: Mapping[str, frozenset[str]] = {"honnin": frozenset({"transit"})}
"""Kinds that a register has no use for: temporary 個人番号 exist in `fuhyo` alone (design, F7)."""


def admit(wanted: Iterable[str]) -> list[str]:
    """`wanted`, each once, in order; raise unless every one can exist."""
    found = list(dict.fromkeys(wanted))
    if len(found) > MAX_NAMES:
        raise TooMuchError("hsm.too_many_names")
    for name in found:
        if not names.sound(name):
            raise InputError("hsm.name_unknown")  # not quoted: it may be anything
    return found


def not_destroyed(wanted: Iterable[str], destroyed: Collection[str]) -> None:
    """Raise if any of them was ever destroyed."""
    for name in wanted:
        if name in destroyed:
            raise ConflictError("hsm.key_destroyed", field=name)


def existing(wanted: Iterable[str], there: Collection[str]) -> None:
    """Raise unless all of them exist."""
    for name in wanted:
        if name not in there:
            raise ConflictError("hsm.key_unknown", field=name)


def may_unwrap(wanted: Iterable[str]) -> None:
    """Raise unless all are data keys."""
    for name in wanted:
        if names.is_pair(name):
            raise AuthorityError("hsm.key_stays", field=name)


def to_make(
    register: str,
    wanted: Iterable[str],
    there: Collection[str],
    destroyed: Collection[str],
    now: datetime,
) -> list[str]:
    """Those of `wanted` that are new, each judged as if those before it were made already."""
    alive, new = set(there), []
    for name in wanted:
        if name not in alive:
            _may_make(register, name, alive, destroyed, now)
            alive.add(name)
            new.append(name)
    return new


def _may_make(
    register: str, name: str, alive: Collection[str], destroyed: Collection[str], now: datetime
) -> None:
    kind = names.kind(name)
    if kind in NO_BUSINESS.get(register, ()):
        raise AuthorityError("hsm.no_business", field=name)
    if kind in names.DATED:
        if not names.in_window(name, now):
            raise AuthorityError("hsm.out_of_window", field=name)
        return
    newest = max(names.newest(kind, alive), names.newest(kind, destroyed))
    if names.number(name) != newest + 1 or (kind in names.PAIRS and newest):
        raise AuthorityError("hsm.not_next_generation", field=name)
    if sum(names.kind(each) == kind for each in alive) >= LIMITS.get(kind, 1):
        raise TooMuchError("hsm.too_many_generations", field=name)


def require_due(wanted: Iterable[str], now: datetime) -> None:
    """Raise unless all are dated keys whose date has passed at `now`."""
    for name in wanted:
        end = names.ends(name)
        if end is None:
            raise AuthorityError("hsm.key_needs_custodians", field=name)
        if now < end:
            raise AuthorityError("hsm.key_not_due", field=name)


def is_softhsm(module: str, model: str) -> bool:
    """Whether this module, or the token behind it (also one behind p11-kit), is SoftHSM: files on a disk."""
    return "softhsm" in module.rpartition("/")[2].lower() or "SoftHSM" in model


def at_rest(source: PinSource, module: str, model: str | None) -> str:
    """`protected` only if the token (its `model`, None while never seen) and the PIN are proven off this disk."""
    token_elsewhere = model is not None and not is_softhsm(module, model)
    return "protected" if token_elsewhere and source.off_disk else "unprotected"
