"""`jukura stop-service` (緊急遮断), and `jukura service`: what is stopped, resuming it by two people, planned stops."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer
from msgspec import Struct

from daemon.contract import halt as contract
from daemon.contract.endpoint import Empty, Endpoint
from daemon.contract.halt import HaltState
from daemon.errors import InputError
from tui import service_format
from tui.formats import JST
from tui.output import Output, paired
from tui.signed import At, Signed, signed

service = typer.Typer(no_args_is_help=True)

Reason = Annotated[str, typer.Option("--reason", help="service_reason")]


def _call(of: Signed, endpoint: Endpoint, asked: Callable[[], Struct]) -> None:
    """Ask, and show how it stands then; `asked` may find that what was typed is not to be sent."""

    async def act(at: At) -> Output:
        state = await at.client.call(endpoint, asked(), HaltState)
        return Output(state, paired(list(service_format.halt(state, of.command.say))))

    of.run(act)


@signed
def stop(of: Signed, *, reason: Reason) -> None:
    _call(of, contract.STOP_SERVICE, lambda: contract.StopService(reason))


@service.command("show", help="service_show")
@signed
def show(of: Signed) -> None:
    _call(of, contract.HALT, Empty)


@service.command("resume", help="service_resume")
@signed
def resume(of: Signed, *, reason: Reason) -> None:
    _call(of, contract.PROPOSE_RESUMPTION, lambda: contract.ProposeResumption(reason))


@service.command("confirm", help="service_confirm")
@signed
def confirm(of: Signed, proposal: Annotated[str, typer.Argument(help="resumption_id", metavar="ID")]) -> None:
    _call(of, contract.CONFIRM_RESUMPTION, lambda: contract.ConfirmResumption(proposal))


@service.command("announce", help="service_announce")
@signed
def announce(
    of: Signed,
    *,
    begins: Annotated[str, typer.Option("--from", help="stop_from")],
    ends: Annotated[str, typer.Option("--until", help="stop_until")],
    text: Annotated[str, typer.Option("--text", help="stop_text")],
) -> None:
    _call(
        of,
        contract.ANNOUNCE,
        lambda: contract.Announce(begins=_moment(begins, "begins"), ends=_moment(ends, "ends"), text=text),
    )


@service.command("withdraw", help="service_withdraw")
@signed
def withdraw(of: Signed, ident: Annotated[str, typer.Argument(help="stop_id", metavar="ID")]) -> None:
    _call(of, contract.WITHDRAW, lambda: contract.Withdraw(ident))


def _moment(text: str, field: str) -> datetime:
    """`2026-12-01T22:00`, in Japanese time unless it says otherwise; InputError that names the field."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise InputError("halt.bad_moment", field=field) from None
    return given if given.tzinfo else given.replace(tzinfo=JST)
