"""A console that is served over a real socket, and the accounts that may sign in."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from argon2 import PasswordHasher

from daemon.commands.caller import Role
from daemon.commands.people import Account
from tests.conftest import Bench

PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ACCOUNTS: tuple[tuple[str, list[Role], list[str]], ...] = (
    ("op1", [Role.OPERATOR], ["plain", "number"]),
    ("clerk1", [Role.CLERK], ["plain"]),
    ("audit1", [Role.AUDITOR], []),
    ("admin1", [Role.ADMINISTRATOR], []),
    ("officer1", [Role.OFFICER], []),
    ("chief1", [Role.CHIEF], []),
    ("key1", [Role.CUSTODIAN], []),
)


def account(name: str, roles: list[Role], affairs: list[str]) -> Account:
    return Account(
        id=name, name="名", department="市町課", roles=roles, affairs=affairs, password=QUICK.hash(PASSWORD)
    )


@dataclass
class Room:
    """A served console."""

    bench: Bench
    path: Path
    uid: int = 1000
    refusal: str = ""
    tokens: dict[str, str] = field(default_factory=dict)

    async def ask(
        self, method: str, path: str, message: object = None, *, token: str = "", raw: bytes | None = None
    ) -> tuple[int, dict[str, object]]:
        content = raw if raw is not None else json.dumps(message or {}).encode()
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self.path))) as session:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with session.request(method, f"http://x{path}", data=content, headers=headers) as answer:
                text = await answer.read()
                lines = text.splitlines()
                return answer.status, json.loads(lines[0]) | {"lines": len(lines)} if lines else {}

    async def content(self, path: str, message: object, *, token: str) -> tuple[int, bytes]:
        """Status and body, whatever it is."""
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(self.path))) as session,
            session.post(
                f"http://x{path}", json=message, headers={"Authorization": f"Bearer {token}"}
            ) as answer,
        ):
            return answer.status, await answer.read()

    async def sign_in(self, operator: str, password: str = PASSWORD) -> str:
        status, answer = await self.ask("POST", "/v1/session", {"operator": operator, "password": password})
        assert status == 200, answer
        return str(answer["token"])

    async def search(self, token: str, **more: object) -> tuple[int, dict[str, object]]:
        asked = {"affair": "plain", "purpose": "p", "application": "A", "kana": "じゅうみん"} | more
        return await self.ask("POST", "/v1/search", asked, token=token)
