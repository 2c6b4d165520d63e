"""What the console offers is what the register lets through, for each role: a key that would be refused is none."""

from types import SimpleNamespace

import pytest

from daemon.commands.caller import RIGHTS, Right, Role
from tui.offered import Offered

ASKS = {
    "sees_keys": Right.KEYS_SEE,
    "decides_keys": Right.KEYS_DECIDE,
    "sees_holds": Right.HOLDS_SEE,
    "cancels_holds": Right.HOLDS_CANCEL,
    "stops": Right.STOP,
    "confirms": Right.RESUME_CONFIRM,
    "sees_outbox": Right.OUTBOX_SEE,
    "reads_reports": Right.REPORTS_READ,
    "announces": Right.BOUNDARIES,
    "sees_reconciliations": Right.RECONCILIATIONS_SEE,
    "reads_findings": Right.RECONCILIATIONS_READ,
    "reads_log": Right.LOG_READ,
    "sees_exports": Right.EXPORT_SEE,
    "orders_exports": Right.EXPORT,
    "decides_exports": Right.EXPORT_APPROVE,
    "sees_log_holds": Right.LOG_HOLDS_SEE,
    "holds_log": Right.LOG_HOLDS,
    "sees_days": Right.LOG_DAY,
}


@pytest.mark.parametrize("offer", ASKS)
def test_an_offer_is_a_right(offer: str) -> None:
    somebody = Offered()
    for role in Role:
        somebody.session = SimpleNamespace(roles=[str(role)])  # type: ignore[assignment]
        assert getattr(somebody, offer) is (role in RIGHTS[ASKS[offer]]), role


def test_every_offer_is_looked_at() -> None:
    offers = {name for name, each in vars(Offered).items() if isinstance(each, property)}
    assert offers - {"searches", "has_log_duties"} == ASKS.keys()
