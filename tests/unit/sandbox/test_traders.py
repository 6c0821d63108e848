"""Synthetic traders: living books, repeatable, in good form, and fills for a market maker."""

import os
import subprocess
import sys
from decimal import Decimal

import msgspec
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.engine.commands import CancelOrders, OrderIntent, PlaceOrders
from hyperliquid_perpetual.sandbox.engine.records import OrderStatus
from hyperliquid_perpetual.sandbox.engine.state import Order
from hyperliquid_perpetual.sandbox.traders import Regime, Traders

USER = "0x" + "12" * 20
START_MS = 1_800_000_000_000


def virtual(seed: int, market: Regime, **settings: object) -> Sandbox:
    from hyperliquid_perpetual.sandbox.clock import VirtualClock

    return Sandbox(seed=seed, market=market, clock=VirtualClock(START_MS), accounts=[USER], **settings)  # type: ignore[arg-type]


async def make_markets(exchange: Sandbox, coin: str, spread: Decimal, refresh: int, seconds: int) -> None:
    """Keep one bid and one ask of 100 USD around the mid, renewed every few seconds."""
    state = exchange.engine.market(coin)
    assert state is not None
    market = state.market
    for second in range(seconds):
        if second % refresh == 0:
            mid = exchange.book(coin, 1).mid
            assert mid is not None
            bid = market.round_px(int(mid * (1 - spread) * 10**6), False)
            ask = market.round_px(int(mid * (1 + spread) * 10**6), True)
            sz = round(100 / float(mid) * 10**market.sz_decimals)
            stale = tuple((market.asset, entry.oid) for entry in exchange.open_orders(USER))
            quotes = tuple(OrderIntent(market.asset, is_buy, px, sz) for is_buy, px in ((True, bid), (False, ask)))
            exchange.chain.submit_commands([CancelOrders(USER, stale), PlaceOrders(USER, quotes)])
        await exchange.clock.advance(1)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("coin", ["BTC", "ETH", "xyz:TSLA"])
async def test_quotes_five_basis_points_from_the_mid_are_filled_twenty_times_a_minute(seed: int, coin: str) -> None:
    async with virtual(seed, "calm", coins=(coin,)) as exchange:
        await make_markets(exchange, coin, Decimal("0.0005"), refresh=3, seconds=60)
        fills = exchange.fills(USER)
        assert len(fills) >= 20
        assert {fill.is_buy for fill in fills} == {True, False}


@pytest.mark.parametrize("market", ["calm", "trending", "wild"])
async def test_books_stay_alive_deep_and_uncrossed(market: Regime) -> None:
    async with virtual(5, market) as exchange:
        for _ in range(10):
            await exchange.clock.advance(1)
            for coin in exchange.traders.by_coin:
                book = exchange.book(coin)
                assert len(book.bids) >= 4, coin
                assert len(book.asks) >= 4, coin
                assert book.bids[0].price < book.asks[0].price
        assert all(state.trades for state in exchange.engine.markets.values() if not state.market.is_delisted)
        assert exchange.book("MATIC").bids == ()


async def test_same_seed_gives_the_same_trades_and_another_seed_others() -> None:
    async def trades(seed: int) -> list[tuple[int, int, int]]:
        async with virtual(seed, "wild", coins=("ETH",)) as exchange:
            await exchange.clock.advance(10)
            state = exchange.engine.market("ETH")
            assert state is not None
            return [(trade.time, trade.px, trade.sz) for trade in state.trades]

    first = await trades(1)
    assert len(first) > 20
    assert await trades(1) == first
    assert await trades(2) != first


async def test_traders_orders_are_never_refused_for_their_form() -> None:
    """What is refused is what the book or the price does to them, not a bad tick, size or margin."""
    async with virtual(7, "wild") as exchange:
        await exchange.clock.advance(20)
        bad = {
            record.status
            for address in exchange.traders.addresses
            for record in exchange.engine.accounts[address].history.newest_first()
        } - {
            OrderStatus.FILLED,
            OrderStatus.CANCELED,
            OrderStatus.BAD_ALO_PX_REJECTED,
            OrderStatus.IOC_CANCEL_REJECTED,
            OrderStatus.SELF_TRADE_CANCELED,
        }
        assert bad == set()


async def test_regimes_move_prices_differently() -> None:
    async def spread_of_prices(market: Regime) -> float:
        async with virtual(11, market, coins=("BTC",)) as exchange:
            path = exchange.traders.by_coin["BTC"].path
            prices = []
            for _ in range(60):
                await exchange.clock.advance(1)
                prices.append(path.price)
            return (max(prices) - min(prices)) / prices[0]

    calm, wild, still = [await spread_of_prices(market) for market in ("calm", "wild", "still")]
    assert still < 1e-12
    assert 0.0001 < calm < 0.003
    assert wild > 2 * calm


async def test_still_book_is_restored_when_somebody_trades() -> None:
    async with virtual(1, "still") as exchange:
        before = exchange.book("BTC")
        exchange.trade_through("BTC", before.asks[3].price)
        assert exchange.book("BTC").asks[0].price == before.asks[4].price
        await exchange.clock.advance(2)
        assert exchange.book("BTC") == before


async def test_empty_market_has_nobody() -> None:
    async with virtual(1, "empty") as exchange:
        await exchange.clock.advance(60)
        assert exchange.traders.addresses == frozenset()
        assert exchange.book("BTC").bids == ()


async def test_forced_price_moves_oracle_book_and_traders() -> None:
    async with virtual(1, "calm", coins=("BTC",)) as exchange:
        exchange.set_price("BTC", "90000")
        await exchange.clock.advance(5)
        mid = exchange.book("BTC").mid
        assert mid is not None
        assert abs(mid - 90_000) < 200
        state = exchange.engine.market("BTC")
        assert state is not None
        assert abs(state.oracle_px - 90_000_000_000) < 200_000_000
        assert state.mark_px > 89_000_000_000


async def trades_of(coin: str, *coins: str) -> list[tuple[int, bool, int, int]]:
    """What is traded in a coin while others are traded as well."""
    async with virtual(4, "calm", coins=(coin, *coins)) as exchange:
        await exchange.clock.advance(20)
        state = exchange.engine.market(coin)
        assert state is not None
        return [(trade.time, trade.is_buy, trade.px, trade.sz) for trade in state.trades]


async def test_what_happens_in_a_market_does_not_depend_on_the_other_markets() -> None:
    alone = await trades_of("ETH")
    assert len(alone) > 30
    assert await trades_of("ETH", "BTC", "xyz:TSLA", "km:US500") == alone


_DIGEST = """
import asyncio, hashlib, msgspec
from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.clock import VirtualClock
from hyperliquid_perpetual.sandbox.many_markets import many_markets

async def main():
    digest = hashlib.sha256()
    class Listener:
        def on_events(self, events): digest.update(msgspec.json.encode(events))
        def on_block(self, now): pass
    clock = VirtualClock(1_800_000_000_000)
    async with Sandbox(seed=9, market="gappy", market_set=many_markets(12), clock=clock) as exchange:
        exchange.chain.listen(Listener())
        await clock.advance(20)
    print(digest.hexdigest())

asyncio.run(main())
"""


def test_two_processes_with_other_hashes_do_the_same_to_the_last_event() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", _DIGEST],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(digests) == 1


async def test_the_touch_moves_while_the_deep_book_rests() -> None:
    async with virtual(2, "calm", coins=("BTC",)) as exchange:
        makers = {maker.address: maker for maker in exchange.traders.by_coin["BTC"].makers}

        def oids(address: str) -> set[int]:
            return set(exchange.engine.accounts[address].open_orders)

        before = {address: oids(address) for address in makers}
        await exchange.clock.advance(4)
        touch, _, deep = [len(before[address] & oids(address)) / len(before[address]) for address in makers]
        assert touch < 0.5
        assert deep > 0.7


async def test_makers_take_their_orders_away_after_a_gap_and_come_back_with_holes() -> None:
    async with virtual(6, "gappy", coins=("BTC",)) as exchange:
        traders = exchange.traders.by_coin["BTC"]

        def quotes() -> list[Order]:
            return [
                order
                for maker in traders.makers
                for order in exchange.engine.accounts[maker.address].open_orders.values()
            ]

        full = len(quotes())
        seen: set[int] = set()
        for _ in range(1_200):
            await exchange.clock.advance(0.5)
            seen.add(len(quotes()))
        assert 0 in seen, "nobody quoted for a while"
        assert any(0 < count < 0.8 * full for count in seen), "there were holes"


async def test_a_quote_that_the_price_has_left_behind_is_taken_by_the_arbitrageur() -> None:
    async with virtual(3, "calm", coins=("BTC",)) as exchange:
        state = exchange.engine.market("BTC")
        assert state is not None
        px = state.market.round_px(state.oracle_px * 9_990 // 10_000, False)
        exchange.chain.apply_now(PlaceOrders(USER, (OrderIntent(0, True, px, 100),)))
        assert exchange.open_orders(USER)
        exchange.set_price("BTC", Decimal(px) / 10**6 * Decimal("0.99"))
        await exchange.clock.advance(1)
        assert [fill.price for fill in exchange.fills(USER)] == [Decimal(px) / 10**6]


async def test_makers_lean_against_what_they_hold() -> None:
    async with virtual(3, "calm", coins=("BTC",)) as exchange:
        touch = exchange.traders.by_coin["BTC"].makers[0]
        assert touch._lean() == 0
        await exchange.clock.advance(30)
        account = exchange.engine.accounts[touch.address]
        state = exchange.engine.market("BTC")
        assert state is not None
        position = account.position(state.market)
        assert position is not None
        position.szi = 10**6
        assert touch._lean() > 0
        position.szi = -(10**6)
        assert touch._lean() < 0


async def test_of_a_synthetic_trader_only_the_newest_records_are_kept() -> None:
    async with virtual(1, "wild", coins=("BTC",)) as exchange:
        await exchange.clock.advance(60)
        for address in exchange.traders.addresses:
            account = exchange.engine.accounts[address]
            assert len(account.history) <= 50
            assert len(account.fills) <= 50


@pytest.mark.parametrize("market", ["calm", "gappy"])
async def test_traders_who_are_loaded_think_what_those_thought_who_were_dumped(market: Regime) -> None:
    async with virtual(8, market, coins=("BTC", "ETH")) as exchange:
        await exchange.clock.advance(7)
        dumped = msgspec.json.decode(msgspec.json.encode(exchange.traders.dump()))
        later = Traders(exchange.chain, market, 8, ("BTC", "ETH"), exchange.market_set.characters)
        later.load(dumped)
        for _ in range(40):
            for coin, traders in exchange.traders.by_coin.items():
                assert later.by_coin[coin].refresh(0.25) == traders.refresh(0.25)
                assert later.by_coin[coin].act(0.25) == traders.act(0.25)
        assert msgspec.json.encode(later.dump()) == msgspec.json.encode(exchange.traders.dump())


async def test_traders_of_another_regime_are_left_as_they_are() -> None:
    async with virtual(8, "calm", coins=("BTC",)) as exchange:
        other = Traders(exchange.chain, "wild", 8, ("BTC",))
        before = msgspec.json.encode(other.dump())
        other.load(exchange.traders.dump())
        assert msgspec.json.encode(other.dump()) == before
