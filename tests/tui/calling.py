"""What a command that was called gives back."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FOR = ("--affair", "passport", "--purpose", "旅券の審査", "--application", "R8-1")


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Jukura = Callable[..., Ran]
