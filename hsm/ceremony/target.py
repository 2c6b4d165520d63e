"""Which token a ceremony is for, decided from what was found. It never takes one that may hold keys."""

from collections.abc import Sequence

from daemon.errors import ConflictError, InputError
from hsm.orders import TokenFacts
from hsm.uri import TokenUri, exactly_one, meets

_LABEL = "token"


def blank(found: Sequence[TokenFacts], uri: TokenUri, label: str) -> TokenFacts:
    """The one token that was never initialised, among those that `uri` leaves but for its label."""
    there = _leaves(found, uri)
    if any(each.initialised and each.label == label for each in there):
        raise ConflictError("ceremony.label_taken")
    fresh = [each for each in there if not each.initialised]
    if there and not fresh:
        raise ConflictError("ceremony.token_in_use")
    chosen = exactly_one(fresh)
    if chosen.protected_path:
        raise ConflictError("ceremony.protected_path")
    return chosen


def begun(found: Sequence[TokenFacts], uri: TokenUri, label: str) -> TokenFacts:
    """The token whose initialising was interrupted: it has its label already, or is as blank as before."""
    there = _leaves(found, uri)
    ours = [each for each in there if each.initialised and each.label == label]
    return exactly_one(ours or [each for each in there if not each.initialised])


def _leaves(found: Sequence[TokenFacts], uri: TokenUri) -> list[TokenFacts]:
    """Those that meet every criterion of `uri` but the label, which a fresh token does not have yet."""
    criteria = {name: value for name, value in uri.criteria.items() if name != _LABEL}
    if unknown := criteria.keys() - {"slot-id", "serial"}:
        raise InputError("hsm.uri_attribute", field=min(unknown))
    return [each for each in found if meets({"slot-id": each.slot, "serial": each.serial}, criteria)]
