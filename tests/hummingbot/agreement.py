"""A bot, its database and an exchange in virtual time: what may happen to them, and whether they agree afterwards.

What the exchange's own ledger says (``Sandbox.account``, ``order``, ``fills``) is compared with what Hummingbot's
strategies were told and with what its database has. Nothing here asks the connector how it came to know.
"""

import asyncio
import sqlite3
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import aiohttp
from hummingbot import set_data_path
from hummingbot.client.hummingbot_application import HummingbotApplication
from hummingbot.connector.markets_recorder import MarketsRecorder
from hummingbot.core.data_type.common import OrderType, PositionAction
from hummingbot.core.event.events import MarketEvent

from hyperliquid_perpetual.sandbox.faults.chance import draw_parameters
from hyperliquid_perpetual.sandbox.inspection import FillSnapshot, OrderSnapshot
from hyperliquid_perpetual.sandbox.sandbox import DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.sandbox.socket_limits import SessionSettings
from hyperliquid_perpetual.venue.client_ids import is_ours
from tests.bot import Bot, sandbox_at
from tests.recorder import recorder_of
from tests.unit.sandbox.client import Client, order, orders

CONFIG = "conf_1.yml"
DATABASE = "conf_1.sqlite"
_empty_database: list[bytes] = []
COINS = ("BTC", "ETH")
SIZES = {"BTC": "0.01", "ETH": "0.2"}
SETTLE_SECONDS = 5.0
QUIET_SECONDS = 300.0
"""How long everything has to come to agree once nothing goes wrong any more."""

_CREATED = (MarketEvent.BuyOrderCreated, MarketEvent.SellOrderCreated)
_ENDED = {
    MarketEvent.BuyOrderCompleted: "filled",
    MarketEvent.SellOrderCompleted: "filled",
    MarketEvent.OrderCancelled: "canceled",
    MarketEvent.OrderFailure: "failed",
}
OTHER_BOT = "0x48424f54" + "00" * 12
"""A client order id of another bot of this package."""


@dataclass
class Told:
    """What strategies were told in all lives of the bot, up to each kill."""

    events: list[tuple[MarketEvent, Any]] = field(default_factory=list)

    def of(self, *kinds: MarketEvent) -> list[Any]:
        """The events of some kinds, oldest first."""
        return [event for kind, event in self.events if kind in kinds]


class World:
    """Everything there is. ``begin`` and ``end`` it; in between, whatever else."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self._folder = folder
        self._settings = settings
        self.told = Told()
        self.kills = 0
        self.placed: list[str] = []
        self.foreign: list[int] = []
        self._nonce = 0
        self._environment = ExitStack()

    async def begin(self) -> None:
        """Opens the exchange and starts the bot."""
        set_data_path(str(self._folder))
        if _empty_database:
            (self._folder / DATABASE).write_bytes(_empty_database[0])
        # Hummingbot's logger makes the whole application, tasks and all, to show a warning in it.
        self._environment.enter_context(mock.patch.object(HummingbotApplication, "main_application"))
        self.exchange = Sandbox(
            seed=7,
            market="still",
            block_ms=0,
            coins=COINS,
            limit_weights=True,
            sockets=SessionSettings(),
            allowance=None,
        )
        await self.exchange.start()
        self._environment.enter_context(sandbox_at(self.exchange.url))
        self._others = await Client(self.exchange, _account()).__aenter__()
        await self._start()
        if not _empty_database:
            # Made once: Hummingbot takes longer to make it than a bot takes to live an hour here.
            _empty_database.append((self._folder / DATABASE).read_bytes())
        await self._until(lambda: self.bot.connector.ready, 30)

    async def _start(self) -> None:
        self.bot = Bot(self.exchange, [f"{coin}-USD" for coin in COINS], **self._settings)
        self.recorder = recorder_of(self.bot.connector, CONFIG)
        self.recorder.restore_market_states(CONFIG, self.bot.connector)
        self.recorder.start()
        await self.bot.start()

    async def end(self) -> None:
        """Stops everything."""
        await self.bot.stop()
        await self._others.__aexit__(None, None, None)
        await self.exchange.stop()
        self._environment.close()
        self.recorder.sql_manager.engine.dispose()
        MarketsRecorder._shared_instance = None

    # --- What the bot does

    def place(
        self, coin: str, side: str, kind: OrderType, factor: str, times: int = 1, *, closes: bool = False, tif: str = ""
    ) -> str:
        """An order at some distance from the mid."""
        book, pair = self.exchange.book(coin), f"{coin}-USD"
        price = "NaN" if kind is OrderType.MARKET or book.mid is None else str(book.mid * Decimal(factor))
        action = PositionAction.CLOSE if closes else PositionAction.OPEN
        send = self.bot.connector.buy if side == "buy" else self.bot.connector.sell
        extra = {"time_in_force": tif} if tif else {}
        order_id = str(send(pair, Decimal(SIZES[coin]) * times, kind, Decimal(price), position_action=action, **extra))
        self.placed.append(order_id)
        return order_id

    def cancel(self, which: int) -> None:
        """Cancels one of the orders that the bot thinks of as open."""
        open_orders = list(self.bot.connector.in_flight_orders.values())
        if open_orders:
            chosen = open_orders[which % len(open_orders)]
            self.bot.connector.cancel(chosen.trading_pair, chosen.client_order_id)

    async def cancel_all(self) -> None:
        """Cancels everything, as a strategy does when it stops."""
        await self.bot.connector.cancel_all(10.0)

    async def kill(self, seconds: float) -> None:
        """SIGKILL, as far as the outside can see: nothing is recorded any more, nothing is sent any more."""
        self.told.events += self.bot.history
        self.recorder.stop()
        self.bot.history = []
        self.kills += 1
        connector = self.bot.connector
        connector._flow.resolver.watch = connector._bookmark.write = _nothing
        await self.bot.stop()
        self.recorder.sql_manager.engine.dispose()
        MarketsRecorder._shared_instance = None
        await asyncio.sleep(seconds)
        await self._start()

    # --- What the world does

    def fill(self, which: int, parts: int) -> None:
        """Somebody trades with one of the bot's resting orders, with all of it or a part."""
        resting = [row for row in self.exchange.open_orders(self.bot.address) if not _is_other(row)]
        if resting and not self.exchange.chain.is_halted:
            row = resting[which % len(resting)]
            part = (Decimal(SIZES[row.coin]) / parts).quantize(Decimal("0.001"))
            self.exchange.fill(self.bot.address, row.oid, row.remaining if parts == 1 else min(row.remaining, part))

    def move(self, coin: str, factor: str) -> None:
        """The market moves."""
        mid = self.exchange.book(coin).mid
        if mid is not None:
            self.exchange.set_price(coin, (mid * Decimal(factor)).quantize(Decimal(1)))

    async def manual_order(self, coin: str, side: str, *, other_bot: bool) -> None:
        """The user, or another bot, rests an order on the same account, far from the market."""
        mid = self.exchange.book(coin).mid
        if mid is None or self.exchange.chain.is_halted or self.exchange.faults.armed:
            return
        price = (mid * Decimal("0.7" if side == "buy" else "1.3")).quantize(Decimal(1))
        asset = COINS.index(coin)
        self._nonce += 1
        cloid = OTHER_BOT[:-8] + f"{self._nonce:08x}" if other_bot else None
        row = order(asset, side == "buy", str(price), SIZES[coin], cloid=cloid)
        nonce = int(time.time() * 1000) - 10_000 - self._nonce
        try:
            reply = await self._others.act(orders(row), nonce=nonce)
        except (aiohttp.ClientError, ValueError):
            return
        if reply["status"] == "ok":
            self.foreign += [s["resting"]["oid"] for s in reply["response"]["data"]["statuses"] if "resting" in s]

    def go_wrong(self, kind: str, seed: int) -> None:
        """A fault of a kind, with parameters drawn from a seed."""
        said = draw_parameters(kind, Random(seed))
        if "next" in said:
            said.setdefault("lasts", 20)
        self.exchange.faults.add(kind, **said)

    # --- Whether they agree

    async def settle(self) -> None:
        """Nothing goes wrong any more: waits until everything agrees."""
        self.exchange.faults.clear()
        # What the last command sets off has not begun yet: both sides may agree because neither knows of it.
        await asyncio.sleep(SETTLE_SECONDS)
        await self._until(lambda: self.bot.connector.ready and not self.differences(), QUIET_SECONDS)

    def differences(self) -> list[str]:
        """All that bot, database and exchange disagree on."""
        told = Told(self.told.events + self.bot.history)
        ours = [row for row in self._orders() if row.cloid is not None and is_ours(row.cloid) and not _is_other(row)]
        return [
            *self._readiness(),
            *self._fills(told),
            *self._ends(told, ours),
            *self._open(ours),
            *self._account(),
            *self._foreign(),
        ]

    def _readiness(self) -> list[str]:
        return [] if self.bot.connector.ready else [f"not ready: {self.bot.connector.status_dict}"]

    def _orders(self) -> list[OrderSnapshot]:
        account = self.exchange.engine.account(self.bot.address)
        assert account is not None
        oids = [row.oid for row in self.exchange.open_orders(self.bot.address)]
        oids += [record.oid for record in account.history.newest_first()]
        found = [self.exchange.order(self.bot.address, oid) for oid in dict.fromkeys(oids)]
        return [row for row in found if row is not None]

    def _fills(self, told: Told) -> list[str]:
        there = Counter(
            _fill_key(fill) for fill in self.exchange.fills(self.bot.address) if fill.cloid and not _is_other(fill)
        )
        here = Counter(
            (event.order_id, event.price, event.amount, event.trade_fee.flat_fees[0].amount, event.exchange_trade_id)
            for event in told.of(MarketEvent.OrderFilled)
        )
        recorded = Counter(self._column("exchange_trade_id", "TradeFill"))
        expected = Counter(key[-1] for key in there.elements())
        return [
            *(f"fill lost: {key}" for key in (there - here)),
            *(f"fill told that was none, or twice: {key}" for key in (here - there)),
            *(f"fill not in the database: {key}" for key in (expected - recorded)),
            *(f"fill in the database that was none, or twice: {key}" for key in (recorded - expected)),
        ]

    def _ends(self, told: Told, ours: list[OrderSnapshot]) -> list[str]:
        """Each order of the bot is told to have begun once at most, and to have ended once, as it ended."""
        problems = []
        created = Counter(event.order_id for event in told.of(*_CREATED))
        problems += [f"{count} times created: {order_id}" for order_id, count in created.items() if count > 1]
        ends: dict[str, list[str]] = {}
        for kind, event in told.events:
            if kind in _ENDED:
                found = ends.setdefault(event.order_id, [])
                end = _ENDED[kind]
                # Hummingbot does not save its state when an order fails: the next life restores it, to end again.
                if end != "failed" or not (self.kills and found == [end]):
                    found.append(end)
        by_cloid: dict[str, list[OrderSnapshot]] = {}
        for row in ours:
            assert row.cloid is not None
            by_cloid.setdefault(row.cloid, []).append(row)
        taken_back = self.bot.connector._returned.taken_back
        for cloid, legs in by_cloid.items():
            # A replacement that was refused says nothing of the order that it was to replace.
            last = max([row for row in legs if _end_of(row) != "failed"] or legs, key=lambda row: row.oid)
            expected = _end_of(last)
            found = ends.get(cloid, [])
            if len(found) > 1:
                problems.append(f"ended {found}: {cloid}")
            if expected is None or cloid not in created:
                continue  # still open; or refused, or ended before a life knew of it
            if last.reduce_only and expected == "filled" and found == ["canceled"]:
                continue  # the venue has shrunk it to the position: for Hummingbot it did not fill completely
            if found != [expected] and not (taken_back and found == ["failed"]):
                problems.append(f"ended as {expected} at the venue, told {found}: {cloid} {last.status}")
        for cloid, found in ends.items():
            if found != ["failed"] and cloid not in by_cloid:
                problems.append(f"unknown at the venue, told {found}: {cloid}")
            if found == ["failed"] and any(row.status != "rejected" for row in by_cloid.get(cloid, [])):
                statuses = [row.status for row in by_cloid[cloid]]
                if not all(status.endswith("Rejected") for status in statuses) and not taken_back:
                    problems.append(f"phantom failure: {cloid} is {statuses}")
        return problems

    def _open(self, ours: list[OrderSnapshot]) -> list[str]:
        there = {row.cloid for row in ours if row.status in ("open", "triggered")}
        tracker = self.bot.connector._order_tracker
        here = {order_id for order_id, order in self.bot.connector.in_flight_orders.items() if order.is_open}
        pending = {order_id for order_id in here if tracker.find(order_id).is_pending_create}
        return [
            *(f"orphan: {cloid}" for cloid in sorted(there - here, key=str)),
            *(f"open here alone: {cloid}" for cloid in sorted(here - there, key=str)),
            *(f"still pending: {cloid}" for cloid in sorted(pending)),
        ]

    def _account(self) -> list[str]:
        account, connector = self.exchange.account(self.bot.address), self.bot.connector
        there = {position.coin: position.size for position in account.positions}
        here = {p.trading_pair.split("-")[0]: p.amount for p in connector.account_positions.values()}
        problems = [f"positions {here}, at the venue {there}"] if here != there else []
        # Values come with six decimals; the exchange itself has more.
        if abs(connector.get_balance("USD") - account.account_value) > Decimal("0.000001"):
            problems.append(f"balance {connector.get_balance('USD')}, at the venue {account.account_value}")
        engine = self.exchange.engine.account(self.bot.address)
        assert engine is not None
        paid = Counter((row.coin, row.time) for row in engine.fundings)
        booked = Counter(
            (event.trading_pair.split("-")[0], round(event.timestamp * 1000))
            for event in Told(self.told.events + self.bot.history).of(MarketEvent.FundingPaymentCompleted)
        )
        late = {key for key in booked if key not in paid}
        missing = {key for key in paid if key not in booked}
        return [
            *problems,
            *(f"funding told that was none: {key}" for key in late),
            *(f"funding lost: {key}" for key in missing),
            *(f"funding told {count} times: {key}" for key, count in booked.items() if count > 1),
        ]

    def _foreign(self) -> list[str]:
        problems = []
        for oid in self.foreign:
            row = self.exchange.order(self.bot.address, oid)
            if row is None or row.status == "canceled":
                problems.append(f"an order that is not this bot's was cancelled: {oid}")
        return problems

    def _column(self, name: str, table: str) -> list[str]:
        with sqlite3.connect(self._folder / DATABASE) as database:
            rows = [row[0] for row in database.execute(f"SELECT {name} FROM {table}")]  # noqa: S608 - names of ours
        database.close()
        return rows

    async def _until(self, condition: Any, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:  # noqa: ASYNC110 - it is asked, not told
            await asyncio.sleep(1.0)


def tasks_left(loop: asyncio.AbstractEventLoop) -> list[str]:
    """What still runs on a loop."""
    left = []
    for task in asyncio.all_tasks(loop):
        coroutine: Any = task.get_coro()
        if coroutine.__name__ == "safe_wrapper" and coroutine.cr_frame is not None:
            coroutine = coroutine.cr_frame.f_locals["c"]
        if not task.done():
            left.append(repr(coroutine))
    return left


def _fill_key(fill: FillSnapshot) -> tuple[str, Decimal, Decimal, Decimal, str]:
    return (str(fill.cloid), fill.price, fill.size, fill.fee, f"{fill.tid}-{fill.time}")


def _is_other(row: OrderSnapshot | FillSnapshot) -> bool:
    return row.cloid is None or row.cloid.startswith(OTHER_BOT[:-8])


def _end_of(row: OrderSnapshot) -> str | None:
    if row.status in ("open", "triggered"):
        return None
    if row.status == "filled":
        return "filled"
    return "failed" if row.status.lower().endswith("rejected") else "canceled"


def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """What a dead process does."""


def _account() -> Any:
    from eth_account import Account

    return Account.from_key(DEMO_PRIVATE_KEY)
