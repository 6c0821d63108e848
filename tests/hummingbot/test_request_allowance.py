"""The account's allowance of requests: read at the start, counted down while sending, spoken of when it runs low."""

from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, Sandbox
from tests.bot import eventually, trading_bot


async def test_allowance_is_read_and_counted_down_with_what_is_sent() -> None:
    async with trading_bot() as bot:
        allowance = bot.connector.request_allowance
        await eventually(lambda: allowance.remaining is not None, 30)
        assert allowance.limit == 10_000
        before = allowance.remaining
        assert before is not None
        orders = [bot.place("buy", "BTC-USD", "0.001", bot.price("BTC", f"0.{900 + n}")) for n in range(7)]
        await eventually(lambda: len(bot.exchange.open_orders(bot.address)) == 7)
        assert allowance.remaining == before - 7
        await bot.connector.cancel_all(10)
        assert allowance.remaining == before - 14
        # The exchange's own count is the same.
        await allowance.refresh()
        assert allowance.remaining == before - 14
        assert orders


async def test_low_allowance_is_told_once() -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        exchange.gatekeeper.budget.used[DEMO_ADDRESS.lower()] = 9_500
        async with trading_bot(exchange=exchange) as bot:
            allowance = bot.connector.request_allowance
            await eventually(lambda: allowance.remaining == 500, 30)
            await allowance.refresh()
            allowance.tell()
            told = [record for record in bot.log.records if record.name.endswith("request_allowance")]
            assert len(told) == 1


async def test_allowance_that_cannot_be_read_keeps_nobody_from_trading() -> None:
    async with Sandbox(seed=7, market="still", block_ms=0) as exchange:
        exchange.faults.status(502, next=100, path="/info", kind="userRateLimit")
        async with trading_bot(exchange=exchange) as bot:
            await eventually(lambda: bool(exchange.requests("/info", "userRateLimit")), 30)
            assert bot.connector.request_allowance.remaining is None
            await bot.open_order("buy", "BTC-USD", "0.001", bot.price("BTC", "0.98"))
