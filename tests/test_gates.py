"""What is let through on a full disk, and from a store that is not trusted: each gate by itself."""

import pytest

from daemon.contract import inbound
from daemon.contract.announcements import ANNOUNCEMENTS
from daemon.contract.endpoint import Endpoint
from daemon.contract.peer import ENDPOINTS
from daemon.errors import IntegrityError, StateError
from daemon.peers.answers import refused
from tests.conftest import Bench

ROOM = 10**12


def full(bench: Bench, room: int = 0) -> None:
    space = bench.open.space
    space.free = lambda: room
    space.look()


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each is not ANNOUNCEMENTS], ids=str)
async def test_a_full_disk_keeps_municipalities_out_and_lets_them_in_again(
    honnin: Bench, endpoint: Endpoint
) -> None:
    desk = honnin.open.peer_desk
    full(honnin)
    for gate in (desk.admit, desk.still):
        with pytest.raises(StateError, match=r"state\.disk_notices"):
            gate(endpoint)
        gate(ANNOUNCEMENTS)
    full(honnin, ROOM)
    for gate in (desk.admit, desk.still):
        gate(endpoint)


@pytest.mark.parametrize("endpoint", inbound.ENDPOINTS, ids=str)
async def test_it_keeps_the_national_server_out_too(honnin: Bench, endpoint: Endpoint) -> None:
    full(honnin)
    with pytest.raises(StateError, match=r"state\.disk_notices"):
        honnin.open.national_desk.admit(endpoint)


async def test_less_room_than_disclosures_need_keeps_no_municipality_out(honnin: Bench) -> None:
    full(honnin, honnin.config.disk.disclosures - 1)
    for endpoint in ENDPOINTS:
        honnin.open.peer_desk.admit(endpoint)


async def test_nothing_goes_out_of_a_store_that_is_not_trusted(honnin: Bench) -> None:
    pump, writer = honnin.open.pump, honnin.open.writer
    assert pump._may()
    full(honnin)
    assert pump._may()  # what the national server acknowledges makes room
    writer.bar(IntegrityError("store.file_gone"))
    assert not pump._may()


async def test_the_first_reason_why_nothing_is_written_stays(honnin: Bench) -> None:
    writer = honnin.open.writer
    writer.bar(IntegrityError("store.file_gone"))
    writer.bar(IntegrityError("store.damaged"))
    assert writer.barred is not None
    assert writer.barred.code == "store.file_gone"


@pytest.mark.parametrize(("code", "seconds"), [("state.disk_notices", "60"), ("state.untrusted", "600")])
def test_whoever_is_kept_out_is_told_when_to_come_again(code: str, seconds: str) -> None:
    answer = refused(StateError(code))
    assert (answer.status, answer.headers["Retry-After"]) == (503, seconds)
