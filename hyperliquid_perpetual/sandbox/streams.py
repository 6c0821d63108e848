"""All streams together: what can be subscribed to, who hears about what, and when."""

from collections.abc import Callable, Iterable

from hyperliquid_perpetual.sandbox import subscriptions as subs
from hyperliquid_perpetual.sandbox.account_view import AccountView
from hyperliquid_perpetual.sandbox.clock import Clock, Timer
from hyperliquid_perpetual.sandbox.engine.events import Event
from hyperliquid_perpetual.sandbox.engine.exchange import Exchange
from hyperliquid_perpetual.sandbox.hub import Hub, Subscriber
from hyperliquid_perpetual.sandbox.info import is_valid_precision
from hyperliquid_perpetual.sandbox.market_streams import Cadence, MarketStreams, Snapshot
from hyperliquid_perpetual.sandbox.market_view import MarketView
from hyperliquid_perpetual.sandbox.order_view import OrderView
from hyperliquid_perpetual.sandbox.overview_streams import OverviewStreams
from hyperliquid_perpetual.sandbox.overview_view import OverviewView
from hyperliquid_perpetual.sandbox.stream_quirks import InvalidSubscription, check_quirks, no_such_coin
from hyperliquid_perpetual.sandbox.twap_view import TwapView
from hyperliquid_perpetual.sandbox.user_streams import UserStreams


class Streams:
    """Checks subscriptions and hands them to the streams about markets and about accounts."""

    def __init__(
        self,
        exchange: Exchange,
        market_view: MarketView,
        account_view: AccountView,
        order_view: OrderView,
        twap_view: TwapView,
        overview: OverviewView,
        cadence: Cadence,
        name_account: Callable[[str], None],
    ) -> None:
        self.hub = Hub()
        self.quirks = exchange.config.quirks
        self._exchange = exchange
        self._dexes = market_view.market_set.dex_names
        self._name_account = name_account
        self._markets = MarketStreams(exchange, market_view, self.hub, cadence)
        self._overviews = OverviewStreams(overview, self.hub, cadence)
        self.still_books = self._markets.still_books
        self._users = UserStreams(exchange, account_view, order_view, twap_view, self.hub, cadence, self._dexes)

    def start(self, clock: Clock) -> list[Timer]:
        """Begin what is sent at intervals."""
        return self._markets.start(clock) + self._users.start(clock) + self._overviews.start(clock)

    def check(self, subscription: subs.Subscription) -> None:
        """Whether something can be subscribed to.

        :raises SocketDropped: for a coin that is not listed, and for a book precision that there is not.
        :raises InvalidSubscription: for a dex that is not there, and for what the sandbox does not do.
        """
        quirks = self.quirks
        check_quirks(subscription, quirks)
        coin = getattr(subscription, "coin", None)
        if coin is not None and self._exchange.market(coin) is None:
            raise no_such_coin(quirks)
        if isinstance(subscription, subs.L2Book):
            if not is_valid_precision(subscription.nSigFigs, subscription.mantissa):
                raise no_such_coin(quirks)
            if subscription.fast and subscription.nSigFigs is not None:
                raise InvalidSubscription("The sandbox does not do nSigFigs on the fast book.")
        dex = getattr(subscription, "dex", None)
        if dex is not None and dex not in self._dexes:
            raise InvalidSubscription

    def add(self, subscription: subs.Subscription, subscriber: Subscriber) -> Snapshot:
        """Subscribe a socket to something that `check` has let through; returns what it gets at once."""
        if isinstance(subscription, subs.UserSubscription):
            self._name_account(subscription.user)
            self._users.follow(subscription.user)
            if self._overviews.serves(subscription):
                snapshot = self._overviews.snapshot(subscription)
            else:
                snapshot = self._users.snapshot(subscription)
        elif self._overviews.serves(subscription):
            snapshot = self._overviews.snapshot(subscription)
        else:
            snapshot = self._markets.snapshot(subscription)
        self.hub.add(subscription, subscriber)
        return snapshot

    def remove(self, subscription: subs.Subscription, subscriber: Subscriber) -> None:
        """Unsubscribe a socket."""
        if self.hub.remove(subscription, subscriber) and isinstance(subscription, subs.UserSubscription):
            self._users.unfollow(subscription.user)

    def drop(self, subscriber: Subscriber, subscriptions: Iterable[subs.Subscription]) -> None:
        """Forget a socket that had these subscriptions."""
        for subscription in subscriptions:
            self.remove(subscription, subscriber)

    def on_events(self, events: list[Event]) -> None:
        """As a `BlockListener`."""
        self._markets.on_events(events)
        self._users.on_events(events)
        self._overviews.on_events(events)

    def on_block(self, now: int) -> None:
        """As a `BlockListener`."""
        self._markets.on_block(now)
        self._users.on_block(now)
        self._overviews.on_block(now)
