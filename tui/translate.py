"""Puts the words of one language into the commands' help: the texts given to typer are keys of the group `cli`."""

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from tui.words import Words


def translate(group: TyperGroup, say: Words) -> TyperGroup:
    """`group` and all its commands, with help in the language of `say`."""
    _translate(group, say)
    for command in group.commands.values():
        if isinstance(command, TyperGroup):
            translate(command, say)
        elif isinstance(command, TyperCommand):
            _translate(command, say)
    return group


def _translate(command: TyperGroup | TyperCommand, say: Words) -> None:
    command.help = say.of("cli", command.help or "")
    for parameter in command.params:
        if isinstance(parameter, TyperOption | TyperArgument):
            parameter.help = say.of("cli", parameter.help or "")
    command.add_help_option = True
    if (helping := command.get_help_option(command.context_class(command))) is not None:
        helping.help = say("cli.help")
