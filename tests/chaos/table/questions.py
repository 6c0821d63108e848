"""The columns of the fault table that are info requests: everything that a bot asks the venue.

Most are asked while a bot starts: it has lived before, has an order, a position, and a fill that it has not seen. The
others are asked when something makes the connector ask.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from eth_account import Account
from hummingbot.core.data_type.common import OrderType, TradeType

from hyperliquid_perpetual.sandbox.sandbox import DEMO_ADDRESS
from hyperliquid_perpetual.trading.candles_feed import VenueCandles
from hyperliquid_perpetual.trading.requests import VenueUnavailable
from hyperliquid_perpetual.trading.settings import BuilderSettings, Settings
from hyperliquid_perpetual.venue.networks import Network
from tests.chaos.table.cell import CellWorld, Column
from tests.chaos.table.commands import PAIR, over_http

AGENT_KEY = "0x" + "a2" * 32
AGENT = Account.from_key(AGENT_KEY).address.lower()
BUILDER = "0x" + "b1" * 20
AGAIN_AFTER_SECONDS = 6.0
"""After a 429 nothing is asked for five seconds."""


def _info(kind: str) -> dict[str, Any]:
    return {"path": "/info", "kind": kind}


# --- Asked while a bot starts


async def _lived(world: CellWorld) -> None:
    """Leaves an order and a position behind; of the order, a part fills while the bot is away."""
    world.ids.append(world.place("BTC", "buy", OrderType.LIMIT, "0.98", 2))
    world.place("ETH", "buy", OrderType.MARKET, "1")
    await asyncio.sleep(2)


def _between(world: CellWorld) -> None:
    if world.ids and not world.extra.get("filled"):
        world.extra["filled"] = True
        world.exchange.fill(world.bot.address, world.ids[0], "0.01")


def _ready(world: CellWorld) -> str:
    """What a bot that starts has to know in the end."""
    order = world.bot.connector._order_tracker.find(world.ids[0])
    filled = order.executed_amount_base if order is not None else None
    return "ready" if world.bot.connector.ready and filled == Decimal("0.01") else "not ready"


def _is_ready(world: CellWorld) -> bool:
    return _ready(world) == "ready"


def _at_start(kind: str, about: str = "start", before: Callable[[CellWorld], None] = lambda _world: None) -> Column:
    def before_bot(world: CellWorld) -> None:
        before(world)
        _between(world)

    return Column(
        kind,
        "question",
        about,
        _info(kind),
        at_start=True,
        before_bot=before_bot,
        prepare=_lived,
        state=_ready,
        is_over=_is_ready,
    )


def _with_builder(world: CellWorld) -> None:
    world.set(settings=Settings(builder=BuilderSettings(address=BUILDER, fee_bp=Decimal(1))))


def _with_agent(world: CellWorld) -> None:
    world.exchange.fund(DEMO_ADDRESS, 1)
    with suppress(ValueError):
        world.exchange.approve_agent(DEMO_ADDRESS, AGENT, "bot")
    world.set(
        hyperliquid_perpetual_secret_key=AGENT_KEY,
        hyperliquid_perpetual_address=DEMO_ADDRESS,
        hyperliquid_perpetual_mode="api_wallet",
    )


def _with_vault(world: CellWorld) -> None:
    if world.account == DEMO_ADDRESS:
        world.exchange.fund(DEMO_ADDRESS, 10_000)
        world.account = world.exchange.create_vault(DEMO_ADDRESS, "a vault", 5_000)
    world.set(settings=Settings(vault_or_sub_account=world.account))


def _unified(world: CellWorld) -> None:
    if "unified" not in world.extra:
        world.extra["unified"] = True
        world.exchange.open_account(DEMO_ADDRESS, "unifiedAccount", spot={"USDC": 100_000})


def _without_dexs(world: CellWorld) -> None:
    """The venue refuses to list its dexs each time, so that only its first one is read."""
    if world.ids:
        world.exchange.faults.add("status", code=422, kind="perpDexs", lasts=60)


# --- Asked in the middle of a life


async def _attempt(ask: Awaitable[Any]) -> str:
    try:
        return "right" if await ask else "wrong"
    except VenueUnavailable:
        return "none"


def _asked(kind: str, ask: Callable[[CellWorld], Awaitable[Any]], about: str = "asked") -> Column:
    """A question that is asked twice: once while the fault is there, and once more."""

    def act(world: CellWorld) -> None:
        async def both() -> None:
            world.extra["first"] = await _attempt(ask(world))
            await asyncio.sleep(AGAIN_AFTER_SECONDS)
            world.extra["second"] = await _attempt(ask(world))

        world.extra["task"] = asyncio.create_task(both())

    def state(world: CellWorld) -> str:
        if "second" not in world.extra:
            return "waits"
        return f"{world.extra['first']}, when asked again {world.extra['second']}"

    return Column(kind, "question", about, _info(kind), act=act, state=state, is_over=lambda w: "second" in w.extra)


async def _book(world: CellWorld) -> bool:
    book = await world.bot.connector._orderbook_ds._requests.book("BTC")
    return book is not None and Decimal(book.levels[0][0].px) == world.exchange.book("BTC").bids[0].price


async def _contexts(world: CellWorld) -> bool:
    contexts = await world.bot.connector._orderbook_ds._requests.contexts("")
    return "BTC" in contexts


async def _mids(world: CellWorld) -> bool:
    world.bot.connector._orderbook_ds._requests._mids.clear()
    mids, problems = await world.bot.connector._orderbook_ds.mids_of([""])
    if problems:
        raise problems[""]
    # A mid that cannot be read is left out.
    return mids.get("BTC") in (None, float(world.exchange.book("BTC").mid or 0))


async def _fundings(world: CellWorld) -> bool:
    payments = await world.bot.connector._reader.fundings_since(int(time.time() * 1000) - 7_200_000)
    return payments == []


async def _allowance(world: CellWorld) -> bool:
    await world.bot.connector.request_allowance.refresh()
    return world.bot.connector.request_allowance.limit is not None


async def _setting(world: CellWorld) -> bool:
    return bool((await world.bot.connector._reader.leverage("BTC")).value == 20)


async def _alive(world: CellWorld) -> bool:
    await world.bot.connector._requests.info({"type": "exchangeStatus"})
    return True


def _lost_order(world: CellWorld) -> None:
    world.exchange.faults.add("refuse_before", kind="order", next=1)
    world.ids.append(world.place("BTC", "buy", OrderType.LIMIT, "0.98"))


def _lost_twap(world: CellWorld) -> None:
    world.exchange.faults.add("refuse_before", kind="twapOrder", next=1)
    world.ids.append(world.bot.connector.place_twap(PAIR, TradeType.BUY, Decimal("0.1"), 5))


async def _twap_runs(world: CellWorld) -> None:
    world.ids.append(world.bot.connector.place_twap(PAIR, TradeType.BUY, Decimal("0.1"), 5))
    await asyncio.sleep(2)
    assert world.states() == "PARTIALLY_FILLED"


def _sweep(world: CellWorld) -> None:
    """The next slice is lost on the stream, then it is stopped: its end tells that something is missing."""
    world.exchange.faults.add("lose_fills", lasts=40)

    async def stop() -> None:
        await asyncio.sleep(33)
        world.bot.connector.cancel(PAIR, world.ids[0])

    world.extra["task"] = asyncio.create_task(stop())


def _slices(world: CellWorld) -> str:
    order = world.bot.order(world.ids[0])
    there = sum((fill.size for fill in world.exchange.fills(world.bot.address)), Decimal(0))
    return "all slices" if order.executed_amount_base == there else "slices are missing"


def _all_slices(world: CellWorld) -> bool:
    return world.seconds() > 50 and _slices(world) == "all slices" and world.bot.order(world.ids[0]).is_done


class Candles(VenueCandles):
    """Candles of the sandbox."""

    network = Network.SANDBOX


def _candles(world: CellWorld) -> None:
    feed = world.extra["candles"] = Candles(PAIR, "1m", 5)
    feed.start()

    async def stop() -> None:
        feed.stop()
        await feed.stop_network()

    world.to_close.append(stop)


def _has_candles(world: CellWorld) -> str:
    return "ready" if world.extra["candles"].ready else "not ready"


QUESTIONS = [
    *(
        _at_start(kind)
        for kind in (
            "perpDexs",
            "allPerpMetas",
            "userRole",
            "userAbstraction",
            "userFillsByTime",
            "clearinghouseState",
            "frontendOpenOrders",
        )
    ),
    _at_start("spotMeta", "start without"),
    _at_start("userFees", "start without"),
    _at_start("meta", before=_without_dexs),
    _at_start("spotClearinghouseState", before=_unified),
    _at_start("maxBuilderFee", "start without", before=_with_builder),
    _at_start("extraAgents", before=_with_agent),
    _at_start("vaultDetails", before=_with_vault),
    _asked("userFunding", _fundings),
    _asked("l2Book", _book),
    _asked("metaAndAssetCtxs", _contexts),
    _asked("allMids", _mids),
    _asked("userRateLimit", _allowance),
    _asked("activeAssetData", _setting),
    _asked("exchangeStatus", _alive),
    Column("orderStatus", "question", "asked until known", _info("orderStatus"), act=_lost_order, before_bot=over_http),
    Column("twapHistory", "question", "asked until known", _info("twapHistory"), act=_lost_twap, before_bot=over_http),
    Column(
        "userTwapSliceFills",
        "question",
        "swept",
        _info("userTwapSliceFills"),
        # With the venue telling fills of slices apart, only this question tells them.
        before_bot=lambda world: world.exchange.set_quirk("twap_fills", "apart"),
        prepare=_twap_runs,
        act=_sweep,
        state=_slices,
        is_over=_all_slices,
    ),
    Column(
        "candleSnapshot",
        "question",
        "candles",
        _info("candleSnapshot"),
        act=_candles,
        state=_has_candles,
        is_over=lambda world: bool(world.extra["candles"].ready),
    ),
]
