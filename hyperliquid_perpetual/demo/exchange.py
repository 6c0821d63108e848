"""What the exchange says about one account: live over its streams while the demo runs, and its ledger at the end.

Read as plain JSON with decimals, not through the connector's parsers: two readings of the same books should not share
their mistakes. Neither the streams nor the sandbox's ledger cost request weight, of which bot and demo would share one.
"""

import asyncio
import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import aiohttp

from hyperliquid_perpetual.demo.books import Fill

REQUEST_SECONDS = 10.0
RETRY_SECONDS = 0.5
PING_SECONDS = 30.0

ZERO = Decimal(0)

# What identifies a fill of one account: a trade id may come back at another time (reference, section 11).
FillKey = tuple[int, str, int, int]


@dataclass(frozen=True)
class DexState:
    """What one dex holds for the account: the signed position per coin, and what all of them have gained."""

    positions: dict[str, Decimal]
    unrealized_pnl: Decimal

    @classmethod
    def from_venue(cls, state: dict[str, Any]) -> Self:
        """From a `clearinghouseState`; flat positions are left out."""
        entries = [item["position"] for item in state["assetPositions"]]
        sizes = {entry["coin"]: Decimal(entry["szi"]) for entry in entries}
        return cls(
            {coin: size for coin, size in sizes.items() if size},
            sum((Decimal(entry["unrealizedPnl"]) for entry in entries), ZERO),
        )


@dataclass
class AccountView:
    """The newest state of one account and its markets, as the streams told it."""

    bids: dict[str, Decimal] = field(default_factory=dict)
    asks: dict[str, Decimal] = field(default_factory=dict)
    #: Each dex tells of its own orders and positions; the first one's name is empty.
    orders: dict[str, int] = field(default_factory=dict)
    states: dict[str, DexState] = field(default_factory=dict)
    fills: dict[FillKey, dict[str, Any]] = field(default_factory=dict)
    funding: dict[tuple[int, str], Decimal] = field(default_factory=dict)

    def mid(self, coin: str) -> Decimal | None:
        """Middle between best bid and ask, None while one is unknown."""
        bid, ask = self.bids.get(coin), self.asks.get(coin)
        return None if bid is None or ask is None else (bid + ask) / 2

    def spread(self, coin: str) -> Decimal | None:
        """Best ask less best bid in USD, None while one is unknown."""
        bid, ask = self.bids.get(coin), self.asks.get(coin)
        return None if bid is None or ask is None else ask - bid

    @property
    def open_orders(self) -> int:
        """How many orders rest, on all dexes."""
        return sum(self.orders.values())

    @property
    def positions(self) -> dict[str, Decimal]:
        """Signed position per coin, on all dexes."""
        return {coin: size for state in self.states.values() for coin, size in state.positions.items()}

    @property
    def unrealized_pnl(self) -> Decimal:
        """What the open positions have gained, in USD."""
        return sum((state.unrealized_pnl for state in self.states.values()), ZERO)

    @property
    def fees(self) -> Decimal:
        """Fees paid in USD, whatever token they were charged in; rebates count negative."""
        return sum((Decimal(fill["fee"]) for fill in self.fills.values()), ZERO)

    @property
    def pnl(self) -> Decimal:
        """Profit in USD since the account was opened: closed and open positions, less fees, plus funding.

        `closedPnl` is before fees (reference, section 11).
        """
        closed = sum((Decimal(fill["closedPnl"]) for fill in self.fills.values()), ZERO)
        return closed + self.unrealized_pnl - self.fees + sum(self.funding.values(), ZERO)

    def apply(self, message: dict[str, Any]) -> None:
        """Take over one stream frame; channels that say nothing about the account pass by."""
        data = message.get("data")
        match message.get("channel"), data:
            case "bbo", {"coin": coin, "bbo": [bid, ask]}:
                _set_or_drop(self.bids, coin, bid)
                _set_or_drop(self.asks, coin, ask)
            case "openOrders", {"dex": dex, "orders": orders}:
                self.orders[dex or ""] = len(orders)
            case "clearinghouseState", {"dex": dex, "clearinghouseState": state}:
                self.states[dex or ""] = DexState.from_venue(state)
            case "userFills", {"fills": fills}:
                for fill in fills:
                    # The snapshot after a reconnection repeats what is known.
                    self.fills[_fill_key(fill)] = fill
            case "userFundings", {"fundings": payments}:
                for payment in payments:
                    self.funding[(payment["time"], payment["coin"])] = Decimal(payment["usdc"])


@dataclass(frozen=True)
class Ledger:
    """One account in the exchange's books: every fill, the signed position per coin, how many orders rest."""

    fills: tuple[Fill, ...]
    positions: dict[str, Decimal]
    open_orders: int


class Exchange:
    """The exchange at a URL, seen from one account."""

    def __init__(self, url: str, user: str, coins: Iterable[str]) -> None:
        self.url = url
        self.user = user
        self.coins = tuple(coins)
        self.view = AccountView()
        self._session: aiohttp.ClientSession | None = None
        self._streaming: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._streaming is not None:
            self._streaming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._streaming
        if self._session is not None:
            await self._session.close()

    async def answers(self) -> bool:
        """Whether it is up."""
        try:
            await self._get("/sandbox/status")
        except (aiohttp.ClientError, TimeoutError):
            return False
        return True

    async def ledger(self) -> Ledger:
        """The account in the exchange's own books, all of it.

        :raises aiohttp.ClientError: when the exchange does not answer, or with an HTTP error.
        """
        account = await self._get(f"/sandbox/accounts/{self.user}")
        return Ledger(
            fills=tuple(Fill.from_venue(row) for row in account["fillList"]),
            positions={coin: Decimal(size) for coin, size in account["positions"].items()},
            open_orders=len(account["openOrders"]),
        )

    def watch(self) -> None:
        """Keep `view` up to date from now on."""
        self._streaming = asyncio.create_task(self._stream())

    async def _get(self, path: str) -> Any:
        assert self._session is not None
        async with self._session.get(f"{self.url}{path}") as response:
            response.raise_for_status()
            return json.loads(await response.text())

    async def _stream(self) -> None:
        assert self._session is not None
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, ConnectionError):
                async with self._session.ws_connect(f"ws{self.url.removeprefix('http')}/ws") as socket:
                    for subscription in self._subscriptions():
                        await socket.send_json({"method": "subscribe", "subscription": subscription})
                    await self._read(socket)
            await asyncio.sleep(RETRY_SECONDS)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            try:
                frame = await socket.receive(timeout=PING_SECONDS)
            except TimeoutError:
                await socket.send_json({"method": "ping"})
                continue
            if frame.type is not aiohttp.WSMsgType.TEXT:
                return
            # The venue greets with a line that is not JSON (reference, section 8.1).
            with contextlib.suppress(json.JSONDecodeError):
                self.view.apply(json.loads(frame.data))

    def _subscriptions(self) -> list[dict[str, Any]]:
        markets = [{"type": "bbo", "coin": coin} for coin in self.coins]
        # `xyz:TSLA` is a market of the dex `xyz`, `BTC` one of the first, which has no name.
        dexes = dict.fromkeys(coin.rpartition(":")[0] for coin in self.coins)
        kinds = ("openOrders", "clearinghouseState")
        held = [{"type": kind, "user": self.user, "dex": dex} for dex in dexes for kind in kinds]
        happened = [{"type": kind, "user": self.user} for kind in ("userFills", "userFundings")]
        return [*markets, *held, *happened]


def _fill_key(fill: dict[str, Any]) -> FillKey:
    return fill["tid"], fill["coin"], fill["oid"], fill["time"]


def _set_or_drop(prices: dict[str, Decimal], coin: str, level: dict[str, Any] | None) -> None:
    if level is None:
        prices.pop(coin, None)
    else:
        prices[coin] = Decimal(level["px"])
