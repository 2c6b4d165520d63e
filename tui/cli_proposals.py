"""The custodians' part of `jukura keys`: proposals, signatures by card, carrying out.

A custodian sees the text before it is signed, and says yes to it. The signature is made here, at the terminal.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from daemon.contract.keys import ClearPin, Deed, Proposal, SetClock, SetCustodians
from daemon.errors import InputError
from tui import custodians as custodians_file
from tui import key_formats, key_output
from tui.called import card_of, confirmed
from tui.commands import read
from tui.key_calls import KeyCalls
from tui.options import CardPinFd, CardPinFile, CardUri, ProposalId, Yes
from tui.output import Output, print_aside
from tui.signed import At, Signed, signed
from tui.waiting import Ticker
from tui.words import Words

Custodian = Annotated[str, typer.Option("--custodian", help="custodian", show_default=False)]

HandIn = Callable[[str, str, bytes], Awaitable[Proposal]]
"""Of a proposal's id, a custodian and a signature."""


async def proposed(at: At, deed: Deed, say: Words) -> Output:
    """Propose `deed`, and show what came of it."""
    return await _shown(at, await at.keys.propose(deed), say)


async def _shown(at: At, proposal: Proposal, say: Words) -> Output:
    now = (await at.client.status()).now
    return Output(proposal, key_output.proposal(proposal, now, say))


async def _found(at: At, given: str) -> Proposal:
    """The proposal whose id begins with `given`; exactly one must."""
    fitting = [each for each in (await at.keys.proposals()).proposals if given and each.id.startswith(given)]
    if len(fitting) != 1:
        raise InputError("console.proposal_ambiguous" if fitting else "console.proposal_unknown", field="id")
    return fitting[0]


@signed
def proposals(of: Signed, *, every: Annotated[bool, typer.Option("--all", help="all")] = False) -> None:
    say = of.command.say

    async def act(at: At) -> Output:
        there, now = await at.keys.proposals(), (await at.client.status()).now
        return Output(there, key_output.proposals(there, now, say, closed=every))

    of.run(act)


@signed
def show(of: Signed, ident: ProposalId) -> None:
    async def act(at: At) -> Output:
        return await _shown(at, await _found(at, ident), of.command.say)

    of.run(act)


def _by_card(
    text: Callable[[Proposal], str], title: str, question: str, hand_in: Callable[[KeyCalls], HandIn]
) -> Callable[..., None]:
    """A command that shows `text`, and once the person has said yes, hands in the card's signature over it."""

    @signed
    def decide(
        of: Signed,
        ident: ProposalId,
        *,
        card: CardUri = "",
        custodian: Custodian = "",
        card_pin_file: CardPinFile = None,
        card_pin_fd: CardPinFd = None,
        yes: Yes = False,
    ) -> None:
        own, say = card_of(of.ctx, of.command, card, card_pin_file, card_pin_fd), of.command.say

        async def act(at: At) -> Output:
            proposal = await _found(at, ident)
            print_aside(key_output.text(text(proposal), say(title)))
            _require_yes(say(question), yes=yes)
            pin = read(own.pin, "card_pin", at.opened, "")
            signature = await own.cards.sign(own.uri, pin.encode(), text(proposal).encode())
            after = await hand_in(at.keys)(proposal.id, custodian or of.who.operator, signature)
            return await _shown(at, after, say)

        of.run(act, card=own)

    return decide


def _require_yes(question: str, *, yes: bool) -> None:
    if not (yes or confirmed(question)):
        raise InputError("console.not_confirmed")


sign = _by_card(lambda proposal: proposal.text, "proposal.text", "cli.confirm_sign", lambda calls: calls.sign)
cancel = _by_card(
    lambda proposal: proposal.cancel_text,
    "proposal.cancel_text",
    "cli.confirm_cancel",
    lambda calls: calls.cancel,
)


@signed
def carry_out(of: Signed, ident: ProposalId, *, yes: Yes = False) -> None:
    say = of.command.say

    async def act(at: At) -> Output:
        proposal = await _found(at, ident)
        print_aside(key_output.text(proposal.text, key_formats.deed_name(proposal.deed, say)))
        _require_yes(say("cli.confirm_carry_out"), yes=yes)
        ticker = Ticker(silent=of.command.as_json)
        while proposal.done is None:
            proposal = await at.keys.carry_out(proposal.id)
            ticker.show(say("proposal.progress", done=proposal.steps_done, total=proposal.steps))
        ticker.end()
        return await _shown(at, proposal, say)

    of.run(act)


@signed
def custodians(
    of: Signed,
    new: Annotated[
        Path | None, typer.Option("--set", help="set_file", readable=False, show_default=False)
    ] = None,
) -> None:
    say = of.command.say

    async def act(at: At) -> Output:
        if new is not None:
            return await proposed(at, SetCustodians(custodians_file.read(new)), say)
        there = await at.keys.proposals()
        return Output({"custodians": there.custodians}, key_output.custodians(there, say))

    of.run(act)


@signed
def clock(of: Signed) -> None:
    async def act(at: At) -> Output:
        return await proposed(at, SetClock((await at.client.status()).now), of.command.say)

    of.run(act)


@signed
def clear_pin(of: Signed, label: Annotated[str, typer.Argument(help="token_label", metavar="LABEL")]) -> None:
    async def act(at: At) -> Output:
        return await proposed(at, ClearPin(label), of.command.say)

    of.run(act)


@signed
def statements(
    of: Signed, after: Annotated[int, typer.Option("--after", help="after", min=0, show_default=False)] = 0
) -> None:
    async def act(at: At) -> Output:
        found = await at.keys.statements(after)
        return Output(found, key_output.statements(found))

    of.run(act)


_COMMANDS: dict[str, tuple[str, Callable[..., None]]] = {
    "proposals": ("keys_proposals", proposals),
    "show": ("keys_show", show),
    "sign": ("keys_sign", sign),
    "cancel": ("keys_cancel", cancel),
    "carry-out": ("keys_carry_out", carry_out),
    "custodians": ("keys_custodians", custodians),
    "clock": ("keys_clock", clock),
    "clear-pin": ("keys_clear_pin", clear_pin),
    "statements": ("keys_statements", statements),
}


def add_to(group: typer.Typer) -> None:
    """Put these commands into `jukura keys`."""
    for name, (words, function) in _COMMANDS.items():
        group.command(name, help=words)(function)
