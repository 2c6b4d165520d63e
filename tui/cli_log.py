"""`jukura log`: what was done and by whom, with proofs, as an auditor may read it. Each reading is recorded."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from daemon.contract.log import LogSearch
from tui import daily_files, daily_output, kept_file, log_output, moments
from tui.cli_outbox import After
from tui.daily_files import Form
from tui.log_calls import LogCalls
from tui.output import Output
from tui.signed import At, Signed, signed
from tui.terms import from_standard_input, read_terms

log = typer.Typer(no_args_is_help=True)

Number = Annotated[int, typer.Argument(help="log_number", metavar="N", min=0)]
Since = Annotated[str, typer.Option("--since", help="log_since", show_default=False)]
Until = Annotated[str, typer.Option("--until", help="log_until", show_default=False)]
Actor = Annotated[str, typer.Option("--actor", help="log_actor", show_default=False)]
Terminal = Annotated[str, typer.Option("--terminal", help="log_terminal", show_default=False)]
Action = Annotated[str, typer.Option("--action", help="log_action", show_default=False)]
Outcome = Annotated[str, typer.Option("--outcome", help="log_outcome", show_default=False)]
Affair = Annotated[str, typer.Option("--affair", help="log_affair", show_default=False)]
Subject = Annotated[str, typer.Option("--subject", help="log_subject", show_default=False)]
Reference = Annotated[str, typer.Option("--reference", help="log_reference", show_default=False)]
Purpose = Annotated[str, typer.Option("--purpose", help="log_purpose", show_default=False)]
Application = Annotated[str, typer.Option("--application", help="log_application", show_default=False)]
Month = Annotated[str, typer.Option(help="log_month", show_default=False)]
Day = Annotated[str, typer.Option("--day", help="log_day_day", show_default=False)]
PageTo = Annotated[Path | None, typer.Option("--to", help="log_day_to", readable=False, show_default=False)]
PageForm = Annotated[Form, typer.Option("--format", help="log_day_form")]
To = Annotated[Path | None, typer.Option("--to", help="log_to", readable=False, show_default=False)]


@log.command("search", help="log_search")
@signed
def search(
    of: Signed,
    *,
    since: Since = "",
    until: Until = "",
    actor: Actor = "",
    terminal: Terminal = "",
    action: Action = "",
    outcome: Outcome = "",
    affair: Affair = "",
    subject: Subject = "",
    reference: Reference = "",
    purpose: Purpose = "",
    application: Application = "",
    after: After = "",
) -> None:
    async def act(at: At) -> Output:
        sealed = read_terms({"subject": subject, "reference": reference}, from_standard_input)
        asked = LogSearch(
            since=moments.begins(since, "since"), until=moments.ends(until, "until"), actor=actor, terminal=terminal,
            action=action, outcome=outcome, affair=affair, purpose=purpose, application=application, after=after, **sealed,
        )  # fmt: skip
        found = await LogCalls(at.client).search(asked)
        return Output(found, log_output.page(found, of.command.say))

    of.run(act)


@log.command("show", help="log_show")
@signed
def show(of: Signed, number: Number, *, to: To = None) -> None:
    async def act(at: At) -> Output:
        shown = await LogCalls(at.client).entry(number)
        if "folder" in at.opened:
            register = (await at.client.status()).register
            kept_file.keep_proof(at.opened["folder"], kept_file.proof_name(register, number), shown.proof)
        return Output(shown, log_output.entry(shown, of.command.say))

    of.run(act, folder=(lambda: kept_file.open_folder(to)) if to is not None else None)


@log.command("case", help="log_case")
@signed
def case(of: Signed, number: Number) -> None:
    async def act(at: At) -> Output:
        found = await LogCalls(at.client).case(number)
        return Output(found, log_output.case(found, number, of.command.say))

    of.run(act)


@log.command("statistics", help="log_statistics")
@signed
def statistics(of: Signed, *, since: Month = "", until: Month = "") -> None:
    async def act(at: At) -> Output:
        told = await LogCalls(at.client).statistics(since, until)
        return Output(told, log_output.statistics(told, of.command.say))

    of.run(act)


@log.command("day", help="log_day")
@signed
def day(of: Signed, *, day: Day = "", to: PageTo = None, form: PageForm = Form.HTML) -> None:
    async def act(at: At) -> Output:
        say, asked = of.command.say, moments.begins(day, "day")
        made = await LogCalls(at.client).day(asked.date() if asked else None)
        status = await at.client.status()
        if "folder" in at.opened:
            name = daily_files.keep(at.opened["folder"], form, made, status, say)
            return Output(made, Text(say("daily.kept", file=name)))
        return Output(made, daily_output.report(made, status, say))

    of.run(act, folder=(lambda: kept_file.open_folder(to)) if to is not None else None)


@log.command("keys", help="log_keys")
@signed
def keys(of: Signed) -> None:
    async def act(at: At) -> Output:
        found = await LogCalls(at.client).keys()
        return Output(found, log_output.keys(found, of.command.say))

    of.run(act)
