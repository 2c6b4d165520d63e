"""The console's side: whatever comes back, it is an answer or an error of ours."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.errors import ConflictError, IntegrityError, JukuraError, StateError
from hsm import frames
from hsm.ceremony.client import COUNT, WORDS, CeremonyClient
from hsm.ceremony.protocol import Phase, Picture, Sheet
from hsm.ceremony.shares import WORDS as WORDS_IN_A_SHARE
from hsm.protocol import Refused


async def told(raw: bytes, *, deadline: float = 5.0) -> Picture:
    """What a client makes of `raw` as the answer to a look."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "desk"

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await frames.read(reader, first=5, rest=5)
            writer.write(raw)
            if raw:
                await writer.drain()
            writer.close()

        async with await asyncio.start_unix_server(serve, path):
            return await CeremonyClient(path, deadline=deadline).look()


async def test_a_picture_is_a_picture() -> None:
    picture = Picture(register="honnin", phase=Phase.IDLE)
    assert await told(frames.pack(picture)) == picture


async def test_a_refusal_is_an_error_with_its_code_and_field() -> None:
    with pytest.raises(ConflictError) as caught:
        await told(frames.pack(Refused(code="ceremony.share_checksum", field="7")))
    assert (caught.value.code, caught.value.field) == ("ceremony.share_checksum", "7")
    with pytest.raises(StateError, match=r"hsm\.token_away"):
        await told(frames.pack(Refused(code="hsm.token_away", away=True)))


async def test_an_answer_to_something_else_is_none() -> None:
    with pytest.raises(IntegrityError, match=r"hsm\.answer_malformed"):
        await told(frames.pack(Sheet(ceremony="", holder=0, words=[])))


@pytest.mark.parametrize("raw", [b"", b"\0\0", b"\0\0\0\x05ab", b"\xff\xff\xff\xff"])
async def test_an_answer_that_is_cut_off_is_none(raw: bytes) -> None:
    with pytest.raises(JukuraError):
        await told(raw)


@given(st.binary(max_size=200))
@settings(max_examples=30, deadline=None)
def test_any_bytes_are_an_answer_or_an_error(body: bytes) -> None:
    with pytest.raises(JukuraError):
        asyncio.run(told(frames.frame(body)))


async def test_a_service_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"ceremony\.unreachable"):
        await CeremonyClient(tmp_path / "nothing").look()


def test_the_words_are_those_of_slip_39() -> None:
    assert len(WORDS) == 1024
    assert len({word[:4] for word in WORDS}) == 1024
    assert COUNT == WORDS_IN_A_SHARE
