"""`jukura`: the console and its commands. Exit codes: 0 done, 1 refused by the register, 2 usage, 3 unreachable."""

import os
import sys

import typer

from daemon.errors import JukuraError
from tui import ceremony, cli_card, cli_conformance, cli_search, cli_service, output, stepdown
from tui.called import command_of
from tui.card import Cards, TerminalCards
from tui.cli_boundaries import boundaries
from tui.cli_ceremony import ceremony as open_ceremony
from tui.cli_epoch import epoch
from tui.cli_export import export
from tui.cli_holds import holds
from tui.cli_keys import keys
from tui.cli_log import log
from tui.cli_log_holds import log_holds
from tui.cli_outbox import outbox
from tui.cli_reconciliations import reconciliations
from tui.cli_reports import reports
from tui.cli_rows import rows
from tui.cli_tokens import tokens
from tui.client import ConsoleClient, socket_of
from tui.commands import Opened, exit_code
from tui.options import (
    Given,
    JsonOption,
    LangOption,
    StateOption,
    StatesOption,
    default_state,
)
from tui.output import Output, show_error
from tui.translate import translate
from tui.words import Words, language

# Pretty tracebacks print local variables, and those are personal data.
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=False)
app.add_typer(keys, name="keys", help="keys")
app.add_typer(tokens, name="tokens", help="tokens")
app.add_typer(outbox, name="outbox", help="outbox")
app.add_typer(reports, name="reports", help="reports")
app.add_typer(log, name="log", help="log")
app.add_typer(holds, name="holds", help="holds")
app.add_typer(log_holds, name="log-holds", help="log_holds")
app.add_typer(epoch, name="epoch", help="epoch")
app.add_typer(export, name="export", help="export")
app.add_typer(boundaries, name="boundaries", help="boundaries")
app.add_typer(cli_service.service, name="service", help="service")
app.command("stop-service", help="stop_service")(cli_service.stop)
app.add_typer(reconciliations, name="reconciliations", help="reconciliations")
app.add_typer(rows, name="rows", help="rows")
app.add_typer(cli_card.cards, name="card", help="card")
app.command("ceremony", help="ceremony")(open_ceremony)
app.command("conformance", help="conformance")(cli_conformance.show)
app.command("search", help="search")(cli_search.search)
app.command("lookup", help="lookup")(cli_search.lookup)
app.command("person", help="person")(cli_search.person)


@app.callback(invoke_without_command=True, help="about")
def root(ctx: typer.Context, state: StatesOption = None, lang: LangOption = None) -> None:
    ctx.obj.states = state or []
    if ctx.invoked_subcommand is None:
        _open_console(ctx.obj)


@app.command(help="console")
def console(ctx: typer.Context, state: StatesOption = None, lang: LangOption = None) -> None:
    ctx.obj.states = state or ctx.obj.states
    _open_console(ctx.obj)


@app.command(help="status")
def status(
    ctx: typer.Context, state: StateOption = None, as_json: JsonOption = False, lang: LangOption = None
) -> None:
    command = command_of(ctx, state, as_json=as_json)

    async def act(client: ConsoleClient, _: Opened) -> Output:
        answer = await client.status()
        return Output(answer, output.status(answer, command.say))

    raise typer.Exit(command.run(act))


def _open_console(given: Given) -> None:
    from tui.app import ConsoleApp

    states = given.states or [default_state()]
    sockets = [socket_of(state) for state in states]
    try:
        stepdown.step_down([*sockets, *map(ceremony.socket_of, states)], arguments=sys.argv[1:])
    except JukuraError as error:
        show_error(error, given.say, as_json=False)
        raise typer.Exit(exit_code(error)) from None
    ConsoleApp(
        sockets, lang=given.say.lang, cards=given.cards, card_uri=os.environ.get("JUKURA_CARD", "")
    ).run()


def main(cards: Cards | None = None) -> None:
    say = Words(language(sys.argv[1:], os.environ))
    translate(typer.main.get_group(app), say)(
        prog_name="jukura", obj=Given(say, cards=cards or TerminalCards())
    )


if __name__ == "__main__":
    main()
