"""What the tests of several tokens share."""

from datetime import UTC, datetime, timedelta

from daemon.contract import note
from daemon.contract.statement import lines_of
from hsm.fake import FakeKeyService
from hsm.orders import Labels, Names
from hsm.protocol import (
    PairInfo,
)
from hsm.signatures import verifies
from hsm.softtoken import SoftToken
from tests.hsm.kit import grown

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
WAIT = timedelta(hours=72)
NAMES = ["live.1", "store.1", "index.1", "secret.1", "log.2026", "seal.1"]
DATA = NAMES[:-1]


async def labels(token: SoftToken) -> list[str]:
    return (await token.call(Labels(), Names)).names


async def lacking(service: FakeKeyService) -> list[int]:
    return [token.lacking for token in (await service.ping()).tokens]


async def pairs_hang_together(service: FakeKeyService) -> list[PairInfo]:
    """Every pair but the first is endorsed by one before it, in a statement that verifies."""
    pairs = (await service.keys()).pairs
    trusted: list[bytes] = []
    for pair in pairs:
        if not trusted:
            assert pair.endorsement == ""
        else:
            text, ((_, _, signature),) = note.split(pair.endorsement)
            assert any(verifies(public, text, signature) for public in trusted)
            _, kind, fields = lines_of(text)
            assert (kind, fields["name"], fields["serial"]) == ("endorsement", [pair.name], [pair.serial])
        trusted.append(pair.public)
    return pairs


async def signed_by(service: FakeKeyService, size: int, since: int = 0) -> PairInfo:
    """The pair that signs a checkpoint of this size."""
    signed = await service.sign_checkpoint(grown(size, since=since))
    text, ((_, _, signature),) = note.split(signed)
    return next(p for p in (await service.keys()).pairs if verifies(p.public, text, signature))
