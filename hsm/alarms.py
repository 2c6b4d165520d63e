"""Which alarms stand. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hsm import custodians
from hsm.protocol import Alarm, TokenInfo

PIN_REFUSED = frozenset({"hsm.pin_wrong", "hsm.pin_final_try", "hsm.pin_locked"})
PIN_AWAITED = frozenset({"hsm.pin_awaited"})


@dataclass(frozen=True)
class Sight:
    """What the alarms are judged by."""

    tokens: Collection[TokenInfo]
    problems: frozenset[str]
    """Codes by which tokens do not answer."""
    partial: bool
    """Whether a destruction is not confirmed by every token."""
    jumped: bool
    custodians: int


def standing(sight: Sight) -> list[Alarm]:
    """The alarms, in the order of the enum."""
    given: Mapping[Alarm, bool] = {
        Alarm.ONE_TOKEN: len(sight.tokens) < 2,  # noqa: PLR2004 - one is one too few
        Alarm.TOKEN_LACKS: any(token.lacking for token in sight.tokens),
        Alarm.DESTRUCTION_PARTIAL: sight.partial,
        Alarm.CLOCK_JUMPED: sight.jumped,
        Alarm.PIN_REFUSED: bool(sight.problems & PIN_REFUSED),
        Alarm.PIN_AWAITED: bool(sight.problems & PIN_AWAITED),
        Alarm.NO_CUSTODIANS: sight.custodians < custodians.FEWEST,
    }
    return [alarm for alarm in Alarm if given[alarm]]
