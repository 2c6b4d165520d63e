"""`jukura epoch`: let the register go on where its log does not continue what was signed last. Nobody signs in: two custodians sign."""

from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn

import typer
from rich.console import Group
from rich.text import Text

from daemon.contract.keys import Proposal
from daemon.contract.log_epochs import Loss
from daemon.errors import InputError
from tui import epoch_format, key_output
from tui.called import Card, card_of, command_of, confirmed
from tui.client import ConsoleClient
from tui.commands import Command, Opened, read
from tui.epoch_calls import EpochCalls
from tui.options import (
    CardPinFd,
    CardPinFile,
    CardUri,
    JsonOption,
    LangOption,
    ProposalId,
    StateOption,
    Yes,
)
from tui.output import Output, paired, print_aside
from tui.words import Words

epoch = typer.Typer(no_args_is_help=True)
Custodian = Annotated[str, typer.Option("--custodian", help="epoch_custodian")]
HandIn = Callable[[str, str, bytes], Awaitable[Proposal]]


@epoch.command("show", help="epoch_show")
def show(
    ctx: typer.Context, *, state: StateOption = None, as_json: JsonOption = False, lang: LangOption = None
) -> None:
    command = command_of(ctx, state, as_json=as_json)

    async def act(client: ConsoleClient, _: Opened) -> Output:
        found = await EpochCalls(client).offer()
        now = (await client.status()).now
        shown = [key_output.proposal(each, now, command.say) for each in found.proposals]
        return Output(found, Group(paired(list(epoch_format.offer(found, command.say))), *shown))

    _run(command, act)


@epoch.command("propose", help="epoch_propose")
def propose(
    ctx: typer.Context,
    *,
    reason: Annotated[Loss, typer.Option("--reason", help="epoch_reason", metavar="REASON")],
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    command = command_of(ctx, state, as_json=as_json)

    async def act(client: ConsoleClient, _: Opened) -> Output:
        return await _shown(client, await EpochCalls(client).ask(reason), command.say)

    _run(command, act)


def _by_card(
    text: Callable[[Proposal], str], title: str, question: str, hand_in: Callable[[EpochCalls], HandIn]
) -> Callable[..., None]:
    """A command that shows `text`, and once the person has said yes, hands in the card's signature over it."""

    def decide(
        ctx: typer.Context,
        ident: ProposalId,
        *,
        custodian: Custodian,
        card: CardUri = "",
        card_pin_file: CardPinFile = None,
        card_pin_fd: CardPinFd = None,
        yes: Yes = False,
        state: StateOption = None,
        as_json: JsonOption = False,
        lang: LangOption = None,
    ) -> None:
        command = command_of(ctx, state, as_json=as_json)
        own, say = card_of(ctx, command, card, card_pin_file, card_pin_fd), command.say

        async def act(client: ConsoleClient, opened: Opened) -> Output:
            calls = EpochCalls(client)
            proposal = await _found(calls, ident)
            print_aside(key_output.text(text(proposal), say(title)))
            _require_yes(say(question), yes=yes)
            pin = read(own.pin, "card_pin", opened, "")
            signature = await own.cards.sign(own.uri, pin.encode(), text(proposal).encode())
            return await _shown(client, await hand_in(calls)(proposal.id, custodian, signature), say)

        _run(command, act, card=own)

    return decide


epoch.command("sign", help="epoch_sign")(
    _by_card(lambda proposal: proposal.text, "proposal.text", "cli.confirm_sign", lambda calls: calls.sign)
)
epoch.command("cancel", help="epoch_cancel")(
    _by_card(
        lambda proposal: proposal.cancel_text,
        "proposal.cancel_text",
        "cli.confirm_cancel",
        lambda calls: calls.cancel,
    )
)


@epoch.command("open", help="epoch_open")
def carry_out(
    ctx: typer.Context,
    ident: ProposalId,
    *,
    yes: Yes = False,
    state: StateOption = None,
    as_json: JsonOption = False,
    lang: LangOption = None,
) -> None:
    command = command_of(ctx, state, as_json=as_json)
    say = command.say

    async def act(client: ConsoleClient, _: Opened) -> Output:
        calls = EpochCalls(client)
        proposal = await _found(calls, ident)
        print_aside(key_output.text(proposal.text, say("deed.open_epoch")))
        _require_yes(say("cli.confirm_epoch"), yes=yes)
        shown = await _shown(client, await calls.carry_out(proposal.id), say)
        return Output(shown.data, Group(shown.shown, Text(say("epoch.opened"))))

    _run(command, act)


def _run(
    command: Command, act: Callable[[ConsoleClient, Opened], Awaitable[Output]], *, card: Card | None = None
) -> NoReturn:
    raise typer.Exit(command.run(act, card_pin=card.pin if card else None))


async def _shown(client: ConsoleClient, proposal: Proposal, say: Words) -> Output:
    return Output(proposal, key_output.proposal(proposal, (await client.status()).now, say))


async def _found(calls: EpochCalls, given: str) -> Proposal:
    """The proposal whose id begins with `given`; exactly one must."""
    fitting = [each for each in (await calls.offer()).proposals if given and each.id.startswith(given)]
    if len(fitting) != 1:
        raise InputError("console.proposal_ambiguous" if fitting else "console.proposal_unknown", field="id")
    return fitting[0]


def _require_yes(question: str, *, yes: bool) -> None:
    if not (yes or confirmed(question)):
        raise InputError("console.not_confirmed")
