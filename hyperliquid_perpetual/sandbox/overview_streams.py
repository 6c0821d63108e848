"""Streams of what pages show: quick prices of all markets, overviews of an account, notifications (8.2, 8.3).

There is no spot and no outcome market here: `spotAssetCtxs` is an empty list, `outcomeMetaUpdates` never has news.
"""

from base64 import b64encode
from typing import Any
from zlib import DEFLATED, compressobj

import msgspec

from hyperliquid_perpetual.sandbox import subscriptions as subs
from hyperliquid_perpetual.sandbox.clock import Clock, Timer
from hyperliquid_perpetual.sandbox.engine import events as ev
from hyperliquid_perpetual.sandbox.hub import Hub
from hyperliquid_perpetual.sandbox.market_streams import Cadence, Snapshot
from hyperliquid_perpetual.sandbox.overview_view import OverviewView
from hyperliquid_perpetual.sandbox.wire import money_text

RAW_DEFLATE = -15
_SUBSCRIPTIONS = (
    subs.FastAssetCtxs
    | subs.SpotAssetCtxs
    | subs.OutcomeMetaUpdates
    | subs.WebData2
    | subs.WebData3
    | subs.Notification
)


class OverviewStreams:
    """Listens to the chain, and speaks to the hub."""

    def __init__(self, view: OverviewView, hub: Hub, cadence: Cadence) -> None:
        self._view = view
        self._hub = hub
        self._cadence = cadence
        self._told: dict[str, dict[str, Any]] = {}
        self._notices: list[tuple[str, str]] = []

    def start(self, clock: Clock) -> list[Timer]:
        """Begin what is sent at intervals."""
        prices = clock.every(self._cadence.context_ms, self._send_prices)
        prices.idle = lambda: not self._hub.is_followed(subs.FastAssetCtxs)
        overviews = clock.every(self._cadence.account_ms, self._send_overviews)
        overviews.idle = lambda: not (self._hub.is_followed(subs.WebData2) or self._hub.is_followed(subs.WebData3))
        return [prices, overviews]

    @staticmethod
    def serves(subscription: subs.Subscription) -> bool:
        """Whether a subscription is one of these."""
        return isinstance(subscription, _SUBSCRIPTIONS)

    def snapshot(self, subscription: subs.Subscription) -> Snapshot:
        """What a new subscriber gets at once."""
        match subscription:
            case subs.FastAssetCtxs():
                prices = self._view.fast_prices()
                if not self._hub.has(subscription):
                    self._told = prices
                return [("fastAssetCtxs", packed(prices))]
            case subs.SpotAssetCtxs():
                return [("spotAssetCtxs", [])]
            case subs.WebData2(user=user):
                return [("webData2", self._view.web_data_2(user))]
            case subs.WebData3(user=user):
                return [("webData3", self._view.web_data_3(user))]
            case _:
                return []

    def on_events(self, events: list[ev.Event]) -> None:
        """Remember what users are notified of: liquidations, and TWAP orders that are over.

        What the venue notifies of, and in which words, is not documented.
        """
        if not self._hub.active(subs.Notification):
            return
        for event in events:
            if isinstance(event, ev.Liquidated):
                self._notices.append((event.account, f"Liquidated: {money_text(event.notional)} USD of positions"))
            elif isinstance(event, ev.TwapUpdated) and event.record.status != "activated":
                state = event.record.state
                self._notices.append((state.account, f"TWAP {state.twap_id} on {state.coin}: {event.record.status}"))

    def on_block(self, now: int) -> None:
        """Notify."""
        if self._notices:
            notices, self._notices = self._notices, []
            for user, text in notices:
                self._hub.publish(subs.Notification(user=user), "notification", {"notification": text})

    def _send_prices(self) -> None:
        """The markets whose prices have changed, each with what has changed.

        Who subscribes in between has the newest prices, and may be told of a change that it has seen already.
        """
        subscription = subs.FastAssetCtxs()
        if not self._hub.has(subscription):
            return
        told, self._told = self._told, self._view.fast_prices()
        changes: dict[str, dict[str, Any]] = {}
        for coin, prices in self._told.items():
            known = told.get(coin, {})
            changed = {name: px for name, px in prices.items() if name not in known or known[name] != px}
            if changed:
                changes[coin] = changed
        if changes:
            self._hub.publish(subscription, "fastAssetCtxs", packed(changes))

    def _send_overviews(self) -> None:
        for old in self._hub.active(subs.WebData2):
            self._hub.publish(old, "webData2", self._view.web_data_2(old.user))
        for new in self._hub.active(subs.WebData3):
            self._hub.publish(new, "webData3", self._view.web_data_3(new.user))


def packed(value: Any) -> str:
    """JSON as base64 of raw deflate (RFC 1951), without a zlib header."""
    packer = compressobj(method=DEFLATED, wbits=RAW_DEFLATE)
    return b64encode(packer.compress(msgspec.json.encode(value)) + packer.flush()).decode()
