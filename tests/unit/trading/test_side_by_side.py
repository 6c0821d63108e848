"""Coroutines that run together end together, and a cancellation always gets out."""

import asyncio

import pytest

from hyperliquid_perpetual.trading.side_by_side import side_by_side


async def forever(ended: list[str]) -> None:
    try:
        await asyncio.sleep(3600)
    finally:
        await asyncio.sleep(0)
        ended.append("ended")


async def test_the_first_that_fails_ends_the_others_and_its_error_comes_out() -> None:
    ended: list[str] = []

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ValueError("this one")

    with pytest.raises(ValueError, match="this one"):
        await side_by_side(forever(ended), fail(), forever(ended))
    assert ended == ["ended", "ended"]


async def test_one_that_is_done_leaves_the_others_running() -> None:
    done: list[str] = []

    async def say(text: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        done.append(text)

    await side_by_side(say("later", 0.02), say("first", 0))
    assert done == ["first", "later"]


async def test_cancelling_ends_all_of_them() -> None:
    ended: list[str] = []
    task = asyncio.create_task(side_by_side(forever(ended), forever(ended)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["ended", "ended"]


async def test_cancellation_in_the_moment_of_a_failure_is_not_swallowed() -> None:
    """A TaskGroup of Python 3.12.1 raises the failure alone here."""

    async def fail() -> None:
        await asyncio.sleep(0)
        task.cancel()
        raise ValueError("at the same moment")

    task = asyncio.create_task(side_by_side(fail(), forever([])))
    with pytest.raises(asyncio.CancelledError):
        await task
