"""Emergency stop (緊急遮断) and planned stops (計画停止), as the console asks for them."""

from datetime import datetime

from msgspec import Struct

from daemon.contract.announcements import Announcement, Moment
from daemon.contract.endpoint import Empty, Endpoint


class StopService(Struct, frozen=True, forbid_unknown_fields=True):
    """Stop at once: municipalities, searches and what goes to the national server. The log goes on."""

    reason: str


class ProposeResumption(Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for the service to be resumed; somebody else confirms it."""

    reason: str


class ConfirmResumption(Struct, frozen=True, forbid_unknown_fields=True):
    """Confirm what another person proposed: then it is served again."""

    proposal: str


class Announce(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Announce a planned stop."""

    begins: Moment
    ends: Moment
    text: str


class Withdraw(Struct, frozen=True, forbid_unknown_fields=True):
    """Take an announced stop back, or end one that has begun."""

    id: str


class Resumption(Struct, frozen=True, kw_only=True):
    """A proposal to serve again."""

    id: str
    by: str
    """The operator's id."""
    at: datetime


class Stopped(Struct, frozen=True, kw_only=True):
    """An emergency stop. Its reason is in the log, sealed."""

    since: datetime
    by: str


class HaltState(Struct, frozen=True, kw_only=True):
    """Whether it is served, and when it will not be."""

    stopped: Stopped | None
    resumption: Resumption | None
    announcements: list[Announcement]


HALT = Endpoint("GET", "/v1/halt", Empty, HaltState)
STOP_SERVICE = Endpoint("POST", "/v1/halt", StopService, HaltState)
PROPOSE_RESUMPTION = Endpoint("POST", "/v1/halt/resumption", ProposeResumption, HaltState)
CONFIRM_RESUMPTION = Endpoint("POST", "/v1/halt/resumption/confirmation", ConfirmResumption, HaltState)
ANNOUNCE = Endpoint("POST", "/v1/announcements", Announce, HaltState)
WITHDRAW = Endpoint("POST", "/v1/announcements/withdrawals", Withdraw, HaltState)
HALT_ENDPOINTS = (HALT, STOP_SERVICE, PROPOSE_RESUMPTION, CONFIRM_RESUMPTION, ANNOUNCE, WITHDRAW)
