"""`jukura search`, `lookup` and `person`: who is found, and one of them in full. Each is recorded by the register."""

import sys
from typing import Annotated

import typer

from daemon.contract.console import Lookup, Match, PersonQuery, Scope, Search
from tui import output
from tui.commands import Command
from tui.criteria import TERMS
from tui.options import Affair, Application, Purpose
from tui.output import Output
from tui.signed import At, Signed, signed
from tui.terms import from_standard_input, given_any, read_terms

Kana = Annotated[str, typer.Argument(help="kana", metavar="KANA", show_default=False)]
Name = Annotated[str, typer.Option("--name", help="name", show_default=False)]
Whole = Annotated[bool, typer.Option("--whole", help="whole")]
Former = Annotated[bool, typer.Option("--former", help="former")]
Birth = Annotated[str, typer.Option("--birth", help="birth", show_default=False)]
Sex = Annotated[str, typer.Option("--sex", help="sex", show_default=False)]
Municipality = Annotated[str, typer.Option("--municipality", help="municipality", show_default=False)]
Town = Annotated[str, typer.Option("--town", help="town", show_default=False)]
Address = Annotated[str, typer.Option("--address", help="address", show_default=False)]
Struck = Annotated[bool, typer.Option("--struck", help="struck")]
AsOf = Annotated[str, typer.Option("--as-of", help="as_of", show_default=False)]
ByCode = Annotated[bool, typer.Option("--code", help="lookup_code")]
ByNumber = Annotated[bool, typer.Option("--number", help="lookup_number")]


@signed
def search(
    of: Signed,
    *,
    affair: Affair,
    purpose: Purpose,
    application: Application,
    kana: Kana = "",
    name: Name = "",
    whole: Whole = False,
    former: Former = False,
    birth: Birth = "",
    sex: Sex = "",
    municipality: Municipality = "",
    town: Town = "",
    address: Address = "",
    struck: Struck = False,
    as_of: AsOf = "",
) -> None:
    # In the order in which they are read from standard input: the help says it.
    given = {
        "kana": kana, "name": name, "birth": birth, "sex": sex, "municipality": municipality, "town": town,
        "address": address, "as_of": as_of,
    }  # fmt: skip
    if not given_any(given, TERMS):
        raise typer.BadParameter(of.command.say("cli.usage_terms"))
    match = Match.WHOLE if whole else Match.PREFIX

    async def act(at: At) -> Output:
        # Not before root is given up: what was read is gone for the process that comes after.
        asked = Search(
            affair=affair, purpose=purpose, application=application, kana_match=match, name_match=match,
            former=former, scope=Scope.STRUCK if struck else Scope.CURRENT, **read_terms(given, from_standard_input),
        )  # fmt: skip
        register = (await at.client.status()).register
        found = await at.client.search(asked)
        return Output(found, output.found(found, asked, register, of.command.say))

    of.run(act)


@signed
def lookup(
    of: Signed,
    *,
    affair: Affair,
    purpose: Purpose,
    application: Application,
    code: ByCode = False,
    number: ByNumber = False,
) -> None:
    if code == number:
        raise typer.BadParameter(of.command.say("cli.usage_one_key"))
    item = "code" if code else "number"

    async def act(at: At) -> Output:
        key = _key(item, of.command)
        asked = Lookup(
            affair=affair,
            purpose=purpose,
            application=application,
            code=key if code else "",
            number=key if number else "",
        )
        register = (await at.client.status()).register
        found = await at.client.lookup(asked)
        return Output(found, output.looked_up(found, register, of.command.say))

    of.run(act)


@signed
def person(
    of: Signed,
    *,
    reference: Annotated[str, typer.Argument(help="reference", metavar="REF")],
    affair: Affair,
    purpose: Purpose,
    application: Application,
    open_code: Annotated[bool, typer.Option("--open-code", help="open_code")] = False,
    open_number: Annotated[bool, typer.Option("--open-number", help="open_number")] = False,
) -> None:
    query = PersonQuery(
        person=reference, affair=affair, purpose=purpose, application=application,
        open_code=open_code, open_number=open_number,
    )  # fmt: skip

    async def act(at: At) -> Output:
        register = (await at.client.status()).register
        answer = await at.client.person(query)
        return Output(answer, output.person(answer, register, of.command.say))

    of.run(act)


def _key(item: str, command: Command) -> str:
    """住民票コード or 個人番号: the first line of standard input, or asked for and not shown."""
    if sys.stdin.isatty():
        return str(typer.prompt(command.say(f"search.{item}"), hide_input=True, err=True)).strip()
    return from_standard_input(item)
