"""`jukura conformance`: what the assessment asks, line by line, and what carries it. It needs no register."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from daemon.contract import codec
from daemon.contract.conformance.document import conformance, written
from daemon.errors import InputError
from tui.commands import exit_code
from tui.options import Given, JsonOption, LangOption
from tui.output import show_error

OutputOption = Annotated[
    Path | None, typer.Option("--output", help="conformance_output", readable=False, show_default=False)
]


def show(
    ctx: typer.Context, *, output: OutputOption = None, as_json: JsonOption = False, lang: LangOption = None
) -> None:
    given: Given = ctx.obj
    text = codec.encode(conformance()).decode() + "\n" if as_json else written()
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, "utf-8")
    except OSError:
        error = InputError("conformance.unwritable", field="output")
        show_error(error, given.say, as_json=as_json)
        raise typer.Exit(exit_code(error)) from None
