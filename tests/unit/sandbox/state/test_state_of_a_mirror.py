"""Paper trading in a mirrored market that goes on the next day: a state file together with a mirror."""

from pathlib import Path
from typing import Any

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.following.mirror import MirrorPlan
from hyperliquid_perpetual.sandbox.market_streams import Cadence
from hyperliquid_perpetual.sandbox.recording.source import fetch_metadata, source_of
from hyperliquid_perpetual.sandbox.state import StateError
from tests.unit.sandbox.client import Client, order, until, wallet

QUICK = Cadence(book_ms=200, fast_book_ms=60, context_ms=200)
SIZE = "0.5"


def venue() -> Sandbox:
    return Sandbox(seed=4, market="still", coins=["ETH", "BTC"], cadence=QUICK, block_ms=0)


async def mirror(url: str, state: Path, coins: list[str]) -> Sandbox:
    source = source_of(url)
    metadata, found = await fetch_metadata(source, coins)
    return Sandbox(driver=MirrorPlan(source, metadata, found, reconnect_seconds=0.1), state=state)


async def trade_once(url: str, state: Path) -> tuple[Any, Any]:
    """A day of paper trading: a fill, and an order that stays open."""
    sandbox = await mirror(url, state, ["ETH"])
    async with sandbox, Client(sandbox, wallet(41)) as user:
        await until(lambda: sandbox.book("ETH").asks, 20)
        sandbox.fund(user.address)
        best = sandbox.book("ETH", 1).asks[0].price
        await user.place(order(1, True, str(best), SIZE, tif="Ioc"))
        await user.place(order(1, True, str(sandbox.book("ETH").bids[-1].price), SIZE))
        account = sandbox.account(user.address)
        assert len(account.fills) == 1
        assert len(account.open_orders) == 1
        return user.address, account


async def test_mirror_goes_on_with_the_account_and_with_the_books_of_now(tmp_path: Path) -> None:
    state = tmp_path / "paper.state"
    async with venue() as original:
        address, before = await trade_once(original.url, state)
        original.set_price("ETH", "3500")
        await until(lambda: abs(original.book("ETH").mid - 3500) < 10)
        resumed = await mirror(original.url, state, ["ETH"])
        async with resumed:
            await until(lambda: resumed.book("ETH").asks and abs(resumed.book("ETH").asks[0].price - 3500) < 10, 20)
            after = resumed.account(address)
            assert after.fills[: len(before.fills)] == before.fills
            assert resumed.book("ETH").bids[0].price < resumed.book("ETH").asks[0].price
            assert resumed.clients.count(address) == 1


async def test_state_of_a_mirror_resumed_without_it_gets_synthetic_traders(tmp_path: Path) -> None:
    state = tmp_path / "paper.state"
    async with venue() as original:
        address, before = await trade_once(original.url, state)
    async with Sandbox(state=state) as resumed:
        assert resumed.driver.regime == "calm"
        assert any("calm" in notice for notice in resumed.notices)
        assert resumed.account(address).fills == before.fills
        await until(lambda: resumed.book("ETH").bids and resumed.book("ETH").asks)


async def test_mirror_of_other_coins_than_the_state_was_begun_with_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "paper.state"
    async with venue() as original:
        await trade_once(original.url, state)
        with pytest.raises(StateError, match="Use another file"):
            await mirror(original.url, state, ["BTC"])
        again = await mirror(original.url, state, ["ETH"])
        async with again:
            assert again.account(wallet(41).address.lower()).fills
