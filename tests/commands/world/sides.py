"""What differs between the worlds of the two registers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from daemon.register.rows import Register
from tests.commands.world import checks, fuhyo_checks, fuhyo_rules, honnin_rules
from tests.commands.world.fuhyo_lives import FuhyoLives
from tests.commands.world.honnin_lives import HonninLives
from tests.commands.world.lives import Lives
from tests.commands.world.model import Model
from tests.commands.world.rules import Rules
from tests.conftest import Bench


@dataclass(frozen=True)
class Side:
    """One register."""

    register: Register
    lives: Callable[[date], Lives]
    rules: Rules
    found: Callable[[Bench, Model], Awaitable[None]]
    """Holds what a search finds against the model."""


HONNIN = Side(Register.HONNIN, HonninLives, honnin_rules, checks.found)
FUHYO = Side(Register.FUHYO, FuhyoLives, fuhyo_rules, fuhyo_checks.found)
