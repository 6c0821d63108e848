"""A fleet from start to end: a broker, an exchange, bots with accounts of their own, and the comparison of all books.

Three bots: one for an account, one for a sub-account of it, one for another account, each with an API wallet of its
own, on one machine with one address. All are started, asked and stopped over MQTT, one is reconfigured; one is killed
and comes back. At the end the ledger of the exchange and the database of each bot have to agree to the last digit.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from eth_account import Account

from hyperliquid_perpetual.demo import books
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.socket_limits import SessionSettings
from tests.fleet.bots import FleetBot, Plan
from tests.fleet.broker import broker
from tests.fleet.remote import Remote

# Public keys of a throw-away exchange: two accounts and three API wallets.
FIRST, SECOND = (Account.from_key("0x" + digits.rjust(64, "0")).address.lower() for digits in ("b1", "b2"))
AGENT_KEYS = tuple("0x" + digits.rjust(64, "0") for digits in ("a1", "a2", "a3"))
BIGGER = Decimal("0.003")
RECORDING_SECONDS = 1.0


@dataclass
class Row:
    """How one bot ended."""

    bot: str
    account: str
    lives: int
    orders: int
    comparison: books.Comparison
    open_orders: int
    events: int
    errors: list[str]

    def complaints(self) -> list[str]:
        """What is not as it has to be; empty when all is well."""
        found = list(self.comparison.fill_differences)
        if not self.comparison.fills_exchange:
            found.append("it has never traded")
        if self.comparison.position_difference:
            found.append(f"its position differs by {self.comparison.position_difference}")
        if self.comparison.fee_difference:
            found.append(f"its fees differ by {self.comparison.fee_difference}")
        if self.open_orders:
            found.append(f"{self.open_orders} orders are left open")
        if not self.events:
            found.append("it told no event over MQTT")
        return [f"{self.bot}: {what}" for what in [*found, *self.errors]]


@dataclass
class Result:
    """How the fleet ended."""

    rows: list[Row] = field(default_factory=list)
    refused: int = 0
    """Requests that the exchange answered with 429."""
    turned_away: int = 0
    """Sockets beyond what the venue lets an address have."""
    weight: int = 0
    """Request weight of all of them, in all."""
    seconds: float = 0.0
    statuses: dict[str, str] = field(default_factory=dict)

    def complaints(self) -> list[str]:
        """What is not as it has to be."""
        found = [complaint for row in self.rows for complaint in row.complaints()]
        if self.refused:
            found.append(f"{self.refused} requests were refused for their weight")
        if self.turned_away:
            found.append(f"{self.turned_away} sockets were turned away")
        return found


async def run(folder: Path, seconds: float, tell: Callable[[str], None] = lambda _: None) -> Result:
    """Run the fleet in a folder, which keeps its homes and logs.

    :param seconds: how long the bots trade before one is killed, and again after it has come back.
    """
    began = time.monotonic()
    result = Result()
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(
            # As strict as the venue: weights, sockets, unknown accounts.
            Sandbox(seed=11, accounts=[FIRST, SECOND], limit_weights=True, sockets=SessionSettings())
        )
        made = await stack.enter_async_context(broker(folder / "broker"))
        remote = await stack.enter_async_context(Remote(made))
        let_in: list[bool] = []
        may_connect = exchange.gate.may_connect
        exchange.gate.may_connect = lambda address: let_in.append(may_connect(address)) or let_in[-1]  # type: ignore
        fleet = [FleetBot(plan, folder, exchange, remote, made) for plan in plans(exchange)]
        for bot in fleet:
            stack.push_async_callback(bot.end)
            tell(f"{bot.name}: storing the API wallet's key for {bot.plan.owner}")
            await bot.connect()
        tell("starting three headless Hummingbots")
        await asyncio.gather(*(bot.begin() for bot in fleet))
        for bot in fleet:
            tell(f"{bot.name}: start, over MQTT")
            await bot.start()
        for bot in fleet:
            await bot.until(lambda bot=bot: len(bot.fills()) > 0, "fill")  # type: ignore[misc]
            result.statuses[bot.name] = await bot.status()
        first, second, _ = fleet
        tell(f"{first.name}: its orders shall be larger, over MQTT")
        await first.reconfigure("order_amount", str(BIGGER))
        await first.until(lambda: BIGGER in first.open_orders(), f"order of {BIGGER}")
        await asyncio.sleep(seconds)
        tell(f"{second.name}: killed")
        await second.kill()
        await second.begin()
        before = len(second.fills())
        tell(f"{second.name}: back, start over MQTT")
        await second.start()
        await second.until(lambda: len(second.fills()) > before, "fill after it came back")
        await asyncio.sleep(seconds)
        for bot in fleet:
            trades = await bot.history()
            tell(f"{bot.name}: {len(trades)} trades in its history since it began; stop, over MQTT")
            await bot.stop()
        await asyncio.sleep(RECORDING_SECONDS)
        result.rows = [row_of(bot, remote) for bot in fleet]
        result.refused, result.weight = exchange.api.meter.refused, exchange.api.meter.total
        result.turned_away = let_in.count(False)
    result.seconds = time.monotonic() - began
    return result


def plans(exchange: Sandbox) -> list[Plan]:
    """Who trades what for whom; makes the sub-account and approves the API wallets."""
    sub_account = exchange.create_sub_account(FIRST, "fleet", 20_000)
    for number, (owner, key) in enumerate(zip((FIRST, FIRST, SECOND), AGENT_KEYS, strict=True)):
        exchange.approve_agent(owner, Account.from_key(key).address, f"bot {number}")
    maker, quick = "perpetual_market_making", {"order_refresh_time": 3.0, "bid_spread": 0.02, "ask_spread": 0.02}
    return [
        Plan("main", maker, quick, FIRST, "the first account", AGENT_KEYS[0]),
        Plan(
            "sub",
            maker,
            quick | {"market": "ETH-USD", "order_amount": 0.05},
            sub_account,
            "its sub-account",
            AGENT_KEYS[1],
            is_sub_account=True,
        ),
        Plan("other", "position_executor", {"trading_pair": "SOL-USD"}, SECOND, "the second account", AGENT_KEYS[2]),
    ]


def row_of(bot: FleetBot, remote: Remote) -> Row:
    return Row(
        bot=bot.name,
        account=bot.plan.owner,
        lives=bot.lives,
        orders=bot.recorded().orders_created,
        comparison=bot.compared(),
        open_orders=len(bot.open_orders()),
        events=remote.events[bot.name].total(),
        errors=bot.errors(),
    )
