"""What capacity is computed from: the venue's limits and what a bot uses, out of the code, and what was measured."""

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from hyperliquid_perpetual import hyperliquid_perpetual_user_stream_data_source as user_stream
from hyperliquid_perpetual.sandbox import address_budget, daily_actions, nonces
from hyperliquid_perpetual.sandbox.engine import agents, request_weight
from hyperliquid_perpetual.sandbox.engine.config import ExchangeConfig
from hyperliquid_perpetual.sandbox.engine.markets import Market
from hyperliquid_perpetual.sandbox.engine.units import MONEY_SCALE
from hyperliquid_perpetual.sandbox.sandbox import BLOCK_MS
from hyperliquid_perpetual.trading import batches, budget, posts
from hyperliquid_perpetual.trading.host_limits import HostLimits
from hyperliquid_perpetual.trading.machine_limits import CONNECTS_PER_MINUTE
from hyperliquid_perpetual.trading.market_data import Feed, MarketData
from hyperliquid_perpetual.trading.market_feed import MarketFeed
from hyperliquid_perpetual.venue import weights
from hyperliquid_perpetual.venue.networks import Network

from .figures import as_shown, number
from .results import Results, Row


class Fact(float):
    """A number that others are computed from, with what it is and where it comes from; it prints as people read it."""

    what: str
    source: str

    def __new__(cls, what: str, value: float, source: str) -> "Fact":
        fact = super().__new__(cls, value)
        fact.what, fact.source = what, source
        return fact

    def __format__(self, spec: str) -> str:
        return number(float(self))


# ---------------------------------------------------------------------------------- the venue

_CONFIG = ExchangeConfig(markets=(Market(coin="BTC", asset=0, sz_decimals=5, max_leverage=40, oracle_px=1),))

WEIGHT = Fact("request weight a minute, of an address", weights.IP_WEIGHT_PER_MINUTE, "9.1")
SOCKETS = Fact("WebSocket connections of an address", weights.MAX_WS_CONNECTIONS, "9.2")
CONNECTS = Fact("new connections a minute", weights.MAX_WS_CONNECTS_PER_MINUTE, "9.2")
SUBSCRIPTIONS = Fact("subscriptions of an address", weights.MAX_WS_SUBSCRIPTIONS, "9.2")
USERS = Fact("accounts in the subscriptions of an address", weights.MAX_WS_USERS, "9.2")
MESSAGES = Fact("messages a minute, of an address", weights.MAX_WS_MESSAGES_PER_MINUTE, "9.2")
POSTS = Fact("posts in flight, of an address", weights.MAX_WS_POSTS_IN_FLIGHT, "9.2")
ALLOWANCE = Fact(
    "requests of an account before it trades; one more for each USD traded", address_budget.ALLOWANCE, "9.3"
)
MORE_CANCELS = Fact("more of them for cancels, at most (and at most twice as many)", address_budget.MORE_CANCELS, "9.3")
SLOW_SECONDS = Fact("seconds between two actions beyond them", address_budget.SLOW_MS / 1000, "9.3")
REQUEST_PRICE = Fact("price of one request more, USDC", request_weight.COST / MONEY_SCALE, "9.3")
DAILY = Fact("actions a day of a unified or portfolio margin account", daily_actions.ACTIONS_PER_DAY, "9.3")
OPEN_ORDERS = Fact("open orders of an account", _CONFIG.open_orders_base, "9.4")
OPEN_ORDERS_STEP = Fact("USD traded for one more", _CONFIG.open_orders_volume_step / MONEY_SCALE, "9.4")
OPEN_ORDERS_MOST = Fact("open orders of an account, however much it trades", _CONFIG.open_orders_max, "9.4")
NONCES = Fact("highest nonces that are remembered of a signer", nonces.REMEMBERED, "5")
WALLETS = Fact("API wallets of an account (one unnamed, the others named)", 1 + agents.MAX_NAMED_AGENTS, "5")
MORE_WALLETS = Fact("more of them for each sub-account", agents.MORE_PER_SUB_ACCOUNT, "5")
BLOCK = Fact("seconds between blocks, and so between two `bbo` or `trades` frames of a pair", BLOCK_MS / 1000, "15")
FAST_BOOK = Fact("seconds between two fast books of a pair", 0.54, "8.2")
DEEP_BOOK = Fact("seconds between two deep books of a pair", 5.4, "8.2")
CONTEXT = Fact("seconds between two `activeAssetCtx` of a pair", 1.0, "8.2")
ANSWER = Fact("seconds until a post is answered, in one report from far away", 1.05, "15")

VENUE = (
    *(WEIGHT, SOCKETS, CONNECTS, SUBSCRIPTIONS, USERS, MESSAGES, POSTS),
    *(ALLOWANCE, MORE_CANCELS, SLOW_SECONDS, REQUEST_PRICE, DAILY),
    *(OPEN_ORDERS, OPEN_ORDERS_STEP, OPEN_ORDERS_MOST, NONCES, WALLETS, MORE_WALLETS),
    *(BLOCK, FAST_BOOK, DEEP_BOOK, CONTEXT, ANSWER),
)

# ---------------------------------------------------------------------------------- ours


def _streams_of_a_pair() -> list[str]:
    """What the market feed subscribes to for a coin, asked of the feed itself, which is connected to nothing."""
    feed = MarketFeed("ws://localhost:9/ws", MarketData(), *[lambda _news: None] * 3)
    wires = [stream.wire for kind in Feed for stream in feed._streams("BTC", kind)]
    return [f"{wire['type']}{' fast' if wire.get('fast') else ''}" for wire in wires]


def _account_streams_of_a_pair() -> list[str]:
    """The same of the account stream: the leverage setting of each pair."""
    source = user_stream.HyperliquidPerpetualUserStreamDataSource(Network.SANDBOX, "0x0", lambda: None, lambda: None)
    source.follow_settings(["BTC"])
    return [str(subscription.wire["type"]) for subscription in source._settings.values()]


def _default(name: str) -> float:
    default: float = inspect.signature(HostLimits).parameters[name].default
    return default


PAIR_STREAMS = [*_streams_of_a_pair(), *_account_streams_of_a_pair()]
ACCOUNT_STREAMS = [*user_stream.REQUIRED_CHANNELS, *user_stream.OPTIONAL_CHANNELS]

BOT_SOCKETS = Fact(
    "sockets of a bot: account stream 1, market data 1 for each feed", 1 + len(Feed), "`trading/market_data.py` `Feed`"
)
CANDLES_SOCKET = Fact("one more for a process with candles, however many feeds", 1, "`trading/candle_streams.py`")
PAIR_SUBSCRIPTIONS = Fact(
    f"subscriptions of a pair: {', '.join(PAIR_STREAMS)}",
    len(PAIR_STREAMS),
    "`trading/market_feed.py`, `hyperliquid_perpetual_user_stream_data_source.py`",
)
ACCOUNT_SUBSCRIPTIONS = Fact(
    f"subscriptions of an account: {', '.join(ACCOUNT_STREAMS)}",
    len(ACCOUNT_STREAMS),
    "`hyperliquid_perpetual_user_stream_data_source.py`",
)
OUR_CONNECTS = Fact(
    "new connections a minute that we allow ourselves", CONNECTS_PER_MINUTE, "`trading/machine_limits.py`"
)
MESSAGE_RATE = Fact(
    "messages a second that we allow ourselves", _default("messages_per_second"), "`trading/host_limits.py`"
)
MESSAGE_BURST = Fact(
    "messages at once, when none were sent before", _default("message_burst"), "`trading/host_limits.py`"
)
OUR_POSTS = Fact("posts in flight of a bot", posts.MAX_IN_FLIGHT, "`trading/posts.py`")
BATCH = Fact("orders in one action, at most", batches.MAX_BATCH, "`trading/batches.py`")
READS_LEAVE = Fact(
    "weight a minute that reads leave to orders and cancels", budget._RESERVED_FOR_ORDERS, "`trading/budget.py`"
)
ORDERS_LEAVE = Fact("weight a minute that orders leave to cancels", budget._RESERVED_FOR_CANCELS, "`trading/budget.py`")

OURS = (
    *(BOT_SOCKETS, CANDLES_SOCKET, PAIR_SUBSCRIPTIONS, ACCOUNT_SUBSCRIPTIONS),
    *(OUR_CONNECTS, MESSAGE_RATE, MESSAGE_BURST, OUR_POSTS, BATCH, READS_LEAVE, ORDERS_LEAVE),
)

# ---------------------------------------------------------------------------------- what was measured


@dataclass(frozen=True)
class Measured:
    """The figures that capacity is computed from; None for what the results do not have."""

    signing: Row | None
    batch_of_20: Row | None
    book_frame: Row | None
    message: Row | None
    """Processor time of 1,000 messages, as they come."""
    start_weight: Row | None
    minute_weight: Row | None
    memory: Row | None
    """Of a bot's process."""

    @property
    def all(self) -> list[Row]:
        """Those that there are."""
        return [row for row in vars(self).values() if row is not None]


def measured(results: Results) -> Measured:
    """The rows that are needed, by how their names begin, with the digits that the pages show."""
    return Measured(
        signing=_find(results.rows, "order intent to signed bytes"),
        batch_of_20=_find(results.rows, "batch of 20 orders"),
        book_frame=_find(results.rows, "20 ?x ?20 book frame"),
        message=_find(results.rows, r"(CPU|processor time)\b.* 1,?000 messages"),
        start_weight=_find(results.rows, "request weight.* start"),
        minute_weight=_find(results.rows, "request weight.* minute"),
        memory=_find(results.rows, r"(resident )?memory\b.*(bot|process)"),
    )


def _find(rows: Iterable[Row], pattern: str) -> Row | None:
    found = next((row for row in rows if re.match(pattern, row.name, re.IGNORECASE)), None)
    return found and msgspec.structs.replace(found, ours=as_shown(found.ours))
