"""What the connector reads: frames, answers to requests, replies to actions, market metadata, its settings file."""

import itertools
import json
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from hyperliquid_perpetual.hyperliquid_perpetual_derivative import HyperliquidPerpetualDerivative
from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS, DEMO_PRIVATE_KEY
from hyperliquid_perpetual.trading.account_reader import AccountReader
from hyperliquid_perpetual.trading.aggregated_book import Precision
from hyperliquid_perpetual.trading.budget import WeightBudget
from hyperliquid_perpetual.trading.builder import BuilderApproval
from hyperliquid_perpetual.trading.candle_history import read_candles
from hyperliquid_perpetual.trading.candle_rows import INTERVALS, rows_of
from hyperliquid_perpetual.trading.credential_check import CredentialCheck
from hyperliquid_perpetual.trading.credentials import CredentialError, load_credentials
from hyperliquid_perpetual.trading.market_data import MarketData
from hyperliquid_perpetual.trading.market_feed import MarketFeed
from hyperliquid_perpetual.trading.market_requests import MarketRequests
from hyperliquid_perpetual.trading.markets_source import MarketsSource
from hyperliquid_perpetual.trading.requests import Requests, VenueUnavailable
from hyperliquid_perpetual.trading.settings import Settings
from hyperliquid_perpetual.trading.subscriptions import Subscription, SubscriptionLedger
from hyperliquid_perpetual.venue import frames, messages
from hyperliquid_perpetual.venue.actions import BuilderCode
from hyperliquid_perpetual.venue.frame_decoding import decode_frame
from hyperliquid_perpetual.venue.frames import PostResponse
from hyperliquid_perpetual.venue.networks import Network
from hyperliquid_perpetual.venue.replies import Rejected
from hyperliquid_perpetual.venue.twaps import TwapRecord, TwapSliceFill
from tests.fuzz.mutations import as_json, sample
from tests.fuzz.target import Target, finish, named

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "tests" / "fixtures" / "recorded"
ADDRESS = DEMO_ADDRESS.lower()
COINS = ("BTC", "ETH", "xyz:TSLA")


def recorded(prefix: str) -> Iterator[tuple[str, bytes]]:
    """Recorded payloads by the part of their name behind the prefix; the largest are cut to a size worth changing."""
    for path in sorted(RECORDINGS.glob(f"{prefix}*.json")):
        value = json.loads(path.read_bytes())
        yield path.stem.removeprefix(prefix).partition("_")[0], json.dumps(_shortened(value)).encode()


def _shortened(value: Any) -> Any:
    if isinstance(value, list):
        return [_shortened(item) for item in value[:8]]
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in itertools.islice(value.items(), 24)}
    return value


# ---------------------------------------------------------------------------------------------- frames

_CHANNELS: dict[str, Any] = {
    "l2Book": messages.L2Book,
    "bbo": messages.Bbo,
    "trades": list[messages.Trade],
    "candle": messages.Candle,
    "activeAssetCtx": messages.ActiveAssetContext,
    "orderUpdates": list[messages.OrderUpdate],
    "activeAssetData": messages.ActiveAssetData,
    "allDexsClearinghouseState": messages.AllDexsClearinghouseState,
    "spotState": messages.SpotState,
    "subscriptionResponse": frames.SubscriptionResponse,
    "error": str,
}
_MEMBERS: dict[str, dict[str, Any]] = {
    "userFills": {"user": str, "isSnapshot": bool, "fills": list[messages.Fill]},
    "userFundings": {"user": str, "isSnapshot": bool, "fundings": list[messages.FundingPayment]},
    "userTwapHistory": {"user": str, "isSnapshot": bool, "history": list[TwapRecord]},
    "userTwapSliceFills": {"user": str, "isSnapshot": bool, "twapSliceFills": list[TwapSliceFill]},
    "clearinghouseState": {"user": str, "dex": str, "clearinghouseState": messages.ClearinghouseState},
    "user": {
        "fills": list[messages.Fill],
        "funding": messages.FundingPayment,
        "liquidation": dict[str, Any],
        "nonUserCancel": list[messages.CanceledByVenue],
        "twapHistory": list[TwapRecord],
        "twapSliceFills": list[TwapSliceFill],
    },
}


def frame_seeds(chance: random.Random) -> Iterator[bytes]:
    """Recorded frames, one of each channel by its schema, and what the server says besides."""
    for _, text in recorded("ws_"):
        value = json.loads(text)
        for frame in value if isinstance(value, list) else [value]:
            yield as_json(frame)
    for channel, kind in _CHANNELS.items():
        for _ in range(3):
            yield _frame(channel, json.loads(sample(kind, chance)))
    for channel, members in _MEMBERS.items():
        for _ in range(3):
            made = {name: json.loads(sample(kind, chance)) for name, kind in members.items() if chance.random() < 0.8}
            yield _frame(channel, made)
    for price in ("3012.4", "3012"):
        level = {"px": price, "sz": "2", "n": 2}
        yield _frame("bbo", {"coin": "ETH", "time": 5, "bbo": [{**level, "sz": "1.5"}, None]})
        yield _frame("l2Book", {"coin": "ETH", "time": 6, "levels": [[{**level, "px": "3010"}], []]})
    yield b'{"channel":"pong"}'
    yield b"Websocket connection established."
    yield _frame("error", 'Already subscribed: {"type":"bbo","coin":"BTC"}')
    yield _frame("post", {"id": 1, "response": {"type": "action", "payload": {"status": "err", "response": "no"}}})
    yield _frame("subscriptionResponse", {"method": "subscribe", "subscription": {"type": "bbo", "coin": "BTC"}})


def _frame(channel: str, data: Any) -> bytes:
    return json.dumps({"channel": channel, "data": data}).encode()


class _Streams:
    """Everything that frames go to, made like the connector makes it, but for the sockets."""

    def __init__(self) -> None:
        async def make() -> HyperliquidPerpetualDerivative:
            return HyperliquidPerpetualDerivative(
                hyperliquid_perpetual_secret_key=DEMO_PRIVATE_KEY,
                hyperliquid_perpetual_address=ADDRESS,
                trading_pairs=["BTC-USD"],
                domain="hyperliquid_perpetual_sandbox",
                settings=Settings(),
            )

        self.dispatcher = finish(make())._dispatcher
        self.feed = MarketFeed(
            "ws://127.0.0.1:1/ws",
            MarketData(),
            _ignore,
            _ignore,
            _ignore,
            precision_of=lambda coin: Precision(3) if coin == "ETH" else None,
        )
        for coin in COINS:
            self.feed.book(coin)
        self.ledger = SubscriptionLedger()
        for coin, kind in itertools.product(COINS, ("bbo", "trades", "l2Book")):
            self.ledger.add(Subscription({"type": kind, "coin": coin}, required=False))
        for entry in self.ledger.begin(0.0):
            self.ledger.mark_sent(entry, 0.0)

    def take(self, message: frames.Message) -> None:
        match message:
            case frames.SubscriptionResponse():
                self.ledger.acknowledge(message.method, message.subscription)
            case frames.ErrorFrame():
                self.ledger.take_error(message.text)
        self.feed._take_top(message)
        self.feed._take_depth(message)
        self.dispatcher.on_message(message)
        if isinstance(message, frames.Candles):
            rows_of(message.candles, INTERVALS["1m"])


def _ignore(_: Any) -> None: ...


_streams: _Streams | None = None


def _renew_streams() -> None:
    global _streams
    _streams = None


def run_frame(data: bytes) -> None:
    """A frame, as bytes and as the text that a socket hands over, to everything that takes frames."""
    global _streams
    if _streams is None:
        _streams = _Streams()
    for form in (data, data.decode(errors="replace"), data.decode(errors="surrogateescape")):
        message = decode_frame(form)
        repr(message)

        async def take(message: frames.Message = message) -> None:
            assert _streams is not None
            _streams.take(message)

        finish(take())


# ---------------------------------------------------------------------------------------------- answers and replies


class _Answers(Requests):
    """Requests that are answered with given bytes."""

    def __init__(self, body_of: Callable[[str], bytes], status: int = 200) -> None:
        super().__init__(Network.SANDBOX, WeightBudget(10**12), lambda: int(time.time() * 1000))
        self._body_of = body_of
        self._status = status

    async def _post(self, path: str, body: bytes, timeout: float) -> tuple[int, bytes]:
        return self._status, self._body_of(json.loads(body)["type"])


def _reader(ask: Callable[[AccountReader], Awaitable[Any]]) -> Callable[[Requests], Awaitable[Any]]:
    return lambda requests: ask(AccountReader(requests, ADDRESS))


async def _builder(requests: Requests) -> None:
    await BuilderApproval(requests, ADDRESS, BuilderCode(ADDRESS, 10), False, _ignore).check()


async def _credentials(requests: Requests) -> None:
    credentials = load_credentials(Network.SANDBOX, "0x" + "ab" * 20, DEMO_PRIVATE_KEY, "api_wallet", False, None)
    assert credentials is not None
    try:
        await CredentialCheck(requests, credentials, 14).run()
    except CredentialError as error:
        assert DEMO_PRIVATE_KEY not in str(error)


READERS: dict[str, Callable[[Requests], Awaitable[Any]]] = {
    "clearinghouseState": _reader(lambda account: account.state("")),
    "spotClearinghouseState": _reader(lambda account: account.spot_state()),
    "userRateLimit": _reader(lambda account: account.rate_limit()),
    "userAbstraction": _reader(lambda account: account.mode()),
    "activeAssetData": _reader(lambda account: account.leverage("BTC")),
    "userFees": _reader(lambda account: account.fees()),
    "openOrders": _reader(lambda account: account.open_orders("")),
    "orderStatus": _reader(lambda account: account.order_status(1)),
    "twapHistory": _reader(lambda account: account.twap_history()),
    "userTwapSliceFills": _reader(lambda account: account.twap_fills()),
    "userFills": _reader(lambda account: account.fills_since(0)),
    "userFunding": _reader(lambda account: account.fundings_since(0)),
    "l2Book": lambda requests: MarketRequests(requests).book("BTC"),
    "metaAndAssetCtxs": lambda requests: MarketRequests(requests).contexts(""),
    "allMids": lambda requests: MarketRequests(requests).mids(""),
    "candleSnapshot": lambda requests: read_candles(requests, "BTC", "1m", 0, 2**41),
    "maxBuilderFee": _builder,
    "userRole": _credentials,
}
_ANSWER_TYPES: dict[str, Any] = {
    "clearinghouseState": messages.ClearinghouseState,
    "spotClearinghouseState": messages.SpotClearinghouseState,
    "userRateLimit": messages.UserRateLimit,
    "userAbstraction": str,
    "activeAssetData": messages.ActiveAssetData,
    "userFees": messages.UserFees,
    "openOrders": list[messages.Order],
    "orderStatus": messages.OrderStatus,
    "twapHistory": list[TwapRecord],
    "userTwapSliceFills": list[TwapSliceFill],
    "userFills": list[messages.Fill],
    "userFunding": list[messages.FundingRow],
    "l2Book": messages.L2Book,
    "candleSnapshot": list[messages.Candle],
    "maxBuilderFee": int,
    "userRole": messages.UserRole,
}


def info_seeds(chance: random.Random) -> Iterator[bytes]:
    """Recorded answers and such by the schema, behind the name of who reads them."""
    for name, text in recorded("info_"):
        if name in READERS:
            yield name.encode() + b"\n" + text
    for name, kind in _ANSWER_TYPES.items():
        for _ in range(3):
            yield name.encode() + b"\n" + sample(kind, chance)
    context = json.loads(sample(messages.AssetContext, chance))
    yield b"metaAndAssetCtxs\n" + as_json([{"universe": [{"name": "BTC", "szDecimals": 5}]}, [context]])
    yield b'allMids\n{"BTC":"80000.5","ETH":"3000"}'


def run_info(data: bytes) -> None:
    """An answer to whoever reads such answers: it is of use, or it is `VenueUnavailable`."""
    name, body = named(data)
    wanted = [READERS[name]] if name in READERS else [READERS["userFills"], READERS["l2Book"]]
    for read in wanted:

        async def ask(read: Callable[[Requests], Awaitable[Any]] = read) -> None:
            try:
                await read(_Answers(lambda _kind: body))
            except VenueUnavailable:
                return

        finish(ask())


_STATUSES = (200, 429, 500, 400, 422, 502)


def reply_seeds(chance: random.Random) -> Iterator[bytes]:
    """Replies to actions with every kind of status that there is."""
    statuses: list[Any] = [
        {"resting": {"oid": 77738308}},
        {"filled": {"totalSz": "0.02", "avgPx": "1891.4", "oid": 77747314}},
        {"error": "Order must have minimum value of $10. asset=1"},
        "waitingForTrigger",
        "success",
    ]
    for kind in ("order", "cancel"):
        yield b"200\n" + as_json({"status": "ok", "response": {"type": kind, "data": {"statuses": statuses}}})
    for status in statuses:
        yield b"200\n" + as_json({"status": "ok", "response": {"type": "order", "data": {"statuses": [status]}}})
    running = {"status": {"running": {"twapId": 77738308}}}
    yield b"200\n" + as_json({"status": "ok", "response": {"type": "twapOrder", "data": running}})
    yield b"200\n" + as_json({"status": "ok", "response": {"type": "default"}})
    yield b"200\n" + as_json({"status": "err", "response": "User or API Wallet 0x0 does not exist."})
    yield b"422\nFailed to deserialize the JSON body into the target type"
    yield b"429\nnull"


def run_reply(data: bytes) -> None:
    """A reply to an action becomes one outcome per item, and a rejection only by a text of the venue."""
    line, body = named(data)
    status = int(line) if line.isascii() and line.isdigit() and len(line) == 3 else 200
    over_the_socket = PostResponse(1, "error", f"{line} {body.decode(errors='replace')}")
    for items in (1, 3):
        answers = _Answers(lambda _kind: body)
        outcomes = answers._outcomes(status, body, items)
        posted = answers._outcomes_of_post(over_the_socket, items)
        assert len(outcomes) == len(posted) == items
        for outcome in (*outcomes, *posted):
            assert len(repr(outcome)) < 200_000
            if isinstance(outcome, Rejected):
                assert isinstance(outcome.reason, str)
                assert outcome.code is not None


def table_seeds(chance: random.Random) -> Iterator[bytes]:
    """Metadata as an object of the requests that it takes."""
    for name, text in recorded("info_"):
        if name == "meta":
            yield b'{"perpDexs":[null],"allPerpMetas":[' + text + b"]}"
        elif name == "allPerpMetas":
            metas = json.loads(text)
            dexs = [None, *({"name": f"d{number}"} for number in range(1, len(metas)))]
            yield as_json({"perpDexs": dexs, "allPerpMetas": metas, "spotMeta": {"tokens": []}})
    universe = [
        {"name": "BTC", "szDecimals": 5, "maxLeverage": 40, "marginTableId": 56},
        {"name": "OLD", "szDecimals": 0, "maxLeverage": 3, "isDelisted": True, "onlyIsolated": True},
    ]
    tables = [[56, {"description": "", "marginTiers": [{"lowerBound": "0.0", "maxLeverage": 40}]}]]
    builder = {
        "universe": [{"name": "xyz:TSLA", "szDecimals": 3, "maxLeverage": 10, "deployerFeeScale": "1.5"}],
        "marginTables": [],
        "collateralToken": 7,
    }
    yield as_json(
        {
            "perpDexs": [None, {"name": "xyz"}],
            "allPerpMetas": [{"universe": universe, "marginTables": tables, "collateralToken": 0}, builder],
            "spotMeta": {"tokens": [{"name": "USDC", "index": 0}, {"name": "USDE", "index": 7}]},
        }
    )


_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])


def run_table(data: bytes) -> None:
    """Metadata becomes a table that can be used, or is `VenueUnavailable`."""
    try:
        parts = _parts.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        parts = {}

    async def refresh() -> None:
        source = MarketsSource(_Answers(lambda kind: bytes(parts.get(kind, data))), True, lambda: ["btc-usd"])
        try:
            table = await source.refresh()
        except VenueUnavailable:
            return
        for market in table:
            assert table.by_asset_id[market.asset_id] is market
            table.find(market.trading_pair)
        table.near("BTC")

    finish(refresh())


TARGETS = (
    Target("frame", run_frame, frame_seeds, _renew_streams),
    Target("info_answer", run_info, info_seeds),
    Target("action_reply", run_reply, reply_seeds),
    Target("market_table", run_table, table_seeds),
)
