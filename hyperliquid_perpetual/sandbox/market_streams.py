"""Public streams: books, best prices, trades, candles, contexts and mids, each in the venue's rhythm (section 8.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from hyperliquid_perpetual.sandbox import subscriptions as subs
from hyperliquid_perpetual.sandbox.clock import Clock, Timer
from hyperliquid_perpetual.sandbox.engine.events import BookChanged, Event, TradeMade
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.engine.records import Level, Trade
from hyperliquid_perpetual.sandbox.hub import Hub
from hyperliquid_perpetual.sandbox.market_view import MarketView
from hyperliquid_perpetual.sandbox.still_books import StillBooks

RECENT_TRADES = 30

Snapshot = list[tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often what is sent, in milliseconds; the defaults are what was measured on the venue."""

    book_ms: int = 5_400
    fast_book_ms: int = 540
    context_ms: int = 1_000
    candle_ms: int = 1_000
    mids_ms: int = 5_000
    dex_contexts_ms: int = 3_000
    all_contexts_ms: int = 13_600
    account_ms: int = 5_000
    """Account states are sent when something happened to the account, and at least this often."""


class MarketStreams:
    """Listens to the chain, and speaks to the hub."""

    def __init__(self, exchange: Exchange, view: MarketView, hub: Hub, cadence: Cadence) -> None:
        self._exchange = exchange
        self._view = view
        self._hub = hub
        self._cadence = cadence
        self._trades: dict[str, list[Trade]] = {}
        self._changed: dict[int, None] = {}
        self._best: dict[int, tuple[Level | None, Level | None]] = {}
        self.still_books = StillBooks(exchange, view)

    def start(self, clock: Clock) -> list[Timer]:
        """Begin what is sent at intervals."""
        cadence = self._cadence
        repeated: tuple[tuple[int, Callable[[], None], type[subs.Subscription]], ...] = (
            (cadence.book_ms, self._send_books, subs.L2Book),
            (cadence.fast_book_ms, self._send_fast_books, subs.L2Book),
            (cadence.context_ms, self._send_contexts, subs.ActiveAssetCtx),
            (cadence.candle_ms, self._send_candles, subs.Candle),
            (cadence.mids_ms, self._send_mids, subs.AllMids),
            (cadence.dex_contexts_ms, self._send_dex_contexts, subs.AssetCtxs),
            (cadence.all_contexts_ms, self._send_all_contexts, subs.AllDexsAssetCtxs),
        )
        timers = []
        for interval, send, kind in repeated:
            timer = clock.every(interval, send)
            timer.idle = partial(self._is_idle, kind)
            timers.append(timer)
        return timers

    def snapshot(self, subscription: subs.Subscription) -> Snapshot:
        """What a new subscriber gets at once: (channel, data) pairs."""
        match subscription:
            case subs.L2Book() | subs.ActiveAssetCtx() | subs.Candle():
                return [self._now(subscription)]
            case subs.Bbo(coin=coin):
                state = self._exchange.market(coin)
                assert state is not None
                self._best[state.market.asset] = self._view.best(state)
                return [self._now(subscription)]
            case subs.Trades(coin=coin):
                state = self._exchange.market(coin)
                assert state is not None
                if self._exchange.config.quirks.trades_replay == "none":
                    return []
                recent = [self._view.trade(trade) for trade in list(state.trades)[-RECENT_TRADES:]]
                return [("trades", recent)] if recent else []
            case subs.AllMids() | subs.AssetCtxs() | subs.AllDexsAssetCtxs():
                return [self._now(subscription)]
            case _:
                return []

    # ------------------------------------------------------------------ block by block

    def on_events(self, events: list[Event]) -> None:
        """Remember trades and books that changed until the block is done."""
        for event in events:
            if type(event) is TradeMade:
                self._trades.setdefault(event.trade.coin, []).append(event.trade)
            elif type(event) is BookChanged:
                self._changed[event.asset] = None

    def on_block(self, now: int) -> None:
        """Send the block's trades, and the best prices that are not what they were."""
        if self._trades:
            trades, self._trades = self._trades, {}
            for coin, made in trades.items():
                subscription = subs.Trades(coin=coin)
                if self._hub.has(subscription):
                    self._hub.publish(subscription, "trades", [self._view.trade(trade) for trade in made])
        if self._changed:
            changed, self._changed = self._changed, {}
            for asset in changed:
                self._send_best(asset)

    def _send_best(self, asset: int) -> None:
        state = self._exchange.markets[asset]
        if self.still_books and state.market.coin in self.still_books:
            return
        subscription = subs.Bbo(coin=state.market.coin)
        if self._hub.has(subscription):
            best = self._view.best(state)
            if best != self._best.get(asset):
                self._best[asset] = best
                self._hub.publish(subscription, "bbo", self._now(subscription)[1])

    # ------------------------------------------------------------------ at intervals

    def _is_idle(self, kind: type[subs.Subscription]) -> bool:
        return not self._hub.is_followed(kind)

    def _send_books(self) -> None:
        for subscription in self._hub.active(subs.L2Book):
            if not subscription.fast:
                self._publish(subscription)

    def _send_fast_books(self) -> None:
        for subscription in self._hub.active(subs.L2Book):
            if subscription.fast:
                self._publish(subscription)

    def _send_contexts(self) -> None:
        for subscription in self._hub.active(subs.ActiveAssetCtx):
            self._publish(subscription)

    def _send_candles(self) -> None:
        for subscription in self._hub.active(subs.Candle):
            self._publish(subscription)

    def _send_mids(self) -> None:
        for subscription in self._hub.active(subs.AllMids):
            self._publish(subscription)

    def _send_dex_contexts(self) -> None:
        for subscription in self._hub.active(subs.AssetCtxs):
            self._publish(subscription)

    def _send_all_contexts(self) -> None:
        for subscription in self._hub.active(subs.AllDexsAssetCtxs):
            self._publish(subscription)

    def _publish(self, subscription: subs.Subscription) -> None:
        self._hub.publish(subscription, *self._now(subscription))

    def _now(self, subscription: subs.Subscription) -> tuple[str, Any]:
        """Channel and data of a subscription as things stand."""
        view = self._view
        if isinstance(subscription, subs.CoinSubscription):
            state = self._exchange.market(subscription.coin)
            assert state is not None, "unknown coins are refused when they are subscribed to"
            match subscription:
                case subs.L2Book() | subs.Bbo():
                    still = self.still_books.frame(subscription) if self.still_books else None
                    return view.book_frame(state, subscription) if still is None else still
                case subs.ActiveAssetCtx():
                    return "activeAssetCtx", {"coin": subscription.coin, "ctx": view.context(state)}
                case subs.Candle(interval=interval):
                    return "candle", view.open_candle(state, interval)
        dexes = view.market_set.dexes
        match subscription:
            case subs.AllMids(dex=name):
                data: dict[str, Any] = {"mids": view.mids(_named(dexes, name))}
                if name:
                    data["dex"] = name
                return "allMids", data
            case subs.AssetCtxs(dex=name):
                return "assetCtxs", {"dex": name, "ctxs": view.contexts(_named(dexes, name))}
            case subs.AllDexsAssetCtxs():
                return "allDexsAssetCtxs", {"ctxs": [[dex.name, view.contexts(dex)] for dex in dexes]}
        raise TypeError(f"{subscription} is not sent like this")


def _named(dexes: Any, name: str | None) -> Any:
    return next(dex for dex in dexes if dex.name == (name or ""))
