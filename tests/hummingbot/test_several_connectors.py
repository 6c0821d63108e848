"""Several connectors in one process: they share what the venue grants an address, and what it asks of a signer."""

import asyncio
import json
from contextlib import AsyncExitStack
from decimal import Decimal

import pytest
from eth_account import Account
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.socket_limits import SessionSettings
from hyperliquid_perpetual.venue.networks import Network
from tests.bot import Bot, eventually, sandbox_at, trading_bot

OTHER_KEY = "0x" + "2".rjust(64, "0")
OTHER = Account.from_key(OTHER_KEY).address.lower()


def keys(secret_key: str) -> dict[str, str]:
    address = Account.from_key(secret_key).address
    return {"hyperliquid_perpetual_address": address, "hyperliquid_perpetual_secret_key": secret_key}


async def test_two_connectors_of_one_signer_never_use_a_nonce_twice_and_share_the_budget() -> None:
    async with (
        trading_bot("BTC-USD") as one,
        trading_bot("BTC-USD", "ETH-USD", exchange=one.exchange) as other,
    ):
        price = one.price("BTC", "0.9")
        placed = [(bot, bot.place("buy", "BTC-USD", "0.001", price)) for _ in range(40) for bot in (one, other)]
        for bot, order_id in placed:
            await eventually(lambda b=bot, i=order_id: bool(b.events(MarketEvent.BuyOrderCreated, i)), 20)
        assert len(one.exchange.open_orders(one.address)) == 80
        nonces = [json.loads(request.body)["nonce"] for request in one.exchange.requests("/exchange")]
        assert len(set(nonces)) == len(nonces)
        assert one.connector._budget is other.connector._budget
        # Each follows its own orders, and none of the other's.
        assert len(one.connector.in_flight_orders) == len(other.connector.in_flight_orders) == 40
        for bot in (one, other):
            results = await bot.connector.cancel_all(20)
            assert [result.success for result in results] == [True] * 40
        assert not one.exchange.open_orders(one.address)
        assert not one.log.errors


async def test_two_accounts_trade_beside_each_other_and_keep_their_books_apart() -> None:
    async with (
        Sandbox(seed=7, market="still", block_ms=0, accounts=[OTHER]) as exchange,
        trading_bot("BTC-USD", exchange=exchange) as one,
        trading_bot("BTC-USD", exchange=exchange, **keys(OTHER_KEY)) as other,
    ):
        await one.open_order("buy", "BTC-USD", "0.002", one.price("BTC", "0.9"))
        await other.open_order("sell", "BTC-USD", "0.003", one.price("BTC", "1.1"))
        assert [order.size for order in exchange.open_orders(one.address)] == [Decimal("0.002")]
        assert [order.size for order in exchange.open_orders(OTHER)] == [Decimal("0.003")]
        assert len(one.connector.in_flight_orders) == len(other.connector.in_flight_orders) == 1
        assert one.connector._requests._nonces is not other.connector._requests._nonces


async def test_two_exchanges_have_a_budget_and_a_pace_each() -> None:
    async with trading_bot("BTC-USD") as one, trading_bot("BTC-USD") as other:
        assert one.exchange.url != other.exchange.url
        assert one.connector._budget is not other.connector._budget
        order_id = await one.open_order("buy", "BTC-USD", "0.001", one.price("BTC", "0.9"))
        assert one.exchange.order(one.address, order_id) is not None
        assert other.exchange.order(other.address, order_id) is None


def test_domains_sign_and_pay_apart() -> None:
    async def build() -> None:
        connectors = {
            network: HyperliquidPerpetualDerivative(
                trading_pairs=["BTC-USD"], domain=network.value, enable_hip3_markets=False, **keys(OTHER_KEY)
            )
            for network in Network
        }
        assert len({id(connector._budget) for connector in connectors.values()}) == len(Network)
        assert len({id(connector._requests._nonces) for connector in connectors.values()}) == len(Network)

    asyncio.run(build())


@pytest.mark.timeout(180)
async def test_connector_that_finds_no_socket_left_waits_says_so_and_takes_the_next_one_that_is_free() -> None:
    """Each has three sockets, and the venue grants an address ten."""
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(
            Sandbox(seed=7, market="still", block_ms=0, sockets=SessionSettings())
        )
        bots = [await stack.enter_async_context(trading_bot("BTC-USD", exchange=exchange)) for _ in range(3)]
        with sandbox_at(exchange.url):
            late = Bot(exchange, ["BTC-USD"])
            stack.push_async_callback(late.stop)
            await late.start()
            await eventually(lambda: "as many as the venue allows" in str(late.log), 20, lambda: str(late.log))
            assert exchange.sockets == 10
            assert not late.connector.ready
            assert all(bot.connector.ready for bot in bots)
            await bots[0].connector.stop_network()
            await late.ready(30)
        assert exchange.sockets == 9
        assert not late.log.errors
    assert exchange.sockets == 0
