"""Between two new files of the projection there is time for other things, unless too much presses."""

import asyncio

import pytest

from tests.store.test_merging import HEAD, Memory, merged, merger, running


async def test_the_next_new_file_waits_its_time_unless_too_much_presses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On a day with many notices writing new files must not take what the notices need."""
    monkeypatch.setattr("daemon.store.merging.MERGED", 2)
    monkeypatch.setattr("daemon.store.merging.PRESSING", 6)
    monkeypatch.setattr("daemon.store.merging.LEISURE", 1e9)
    memory = Memory()
    follower = merger(memory)
    async with running(follower):
        await follower.follow(HEAD + 1, [object()] * 2, [])  # type: ignore[list-item]
        await merged(memory, 1)
        await follower.follow(HEAD + 2, [object()] * 3, [])  # type: ignore[list-item]
        await asyncio.sleep(0.02)
        assert memory.merges == [2]
        await follower.follow(HEAD + 3, [object()] * 3, [])  # type: ignore[list-item]
        await merged(memory, 2)
    assert memory.merges == [2, 6]


async def test_the_next_new_file_comes_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.store.merging.MERGED", 2)
    memory = Memory()
    follower = merger(memory)
    async with running(follower):
        for commit in (1, 2):
            await follower.follow(HEAD + commit, [object()] * 2, [])  # type: ignore[list-item]
            await merged(memory, commit)
    assert memory.merges == [2, 2]
