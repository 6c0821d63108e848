"""The columns of the fault table that are commands: everything that a bot asks the exchange to do."""

import asyncio
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hummingbot.core.data_type.common import OrderType, TradeType

from hyperliquid_perpetual.trading.settings import Settings
from tests.chaos.table.cell import CellWorld, Column

PAIR = "BTC-USD"


def _place(kind: OrderType, factor: str, tif: str = "") -> Any:
    def act(world: CellWorld) -> None:
        world.ids.append(world.place("BTC", "buy", kind, factor, tif=tif))

    return act


async def _resting(world: CellWorld) -> None:
    world.ids.append(world.place("BTC", "buy", OrderType.LIMIT, "0.98"))
    await asyncio.sleep(1)
    assert world.states() == "OPEN"


def _batch(world: CellWorld) -> None:
    world.ids += [world.place("BTC", "buy", OrderType.LIMIT, factor) for factor in ("0.98", "0.97", "0.96")]


def _cancel(world: CellWorld) -> None:
    world.bot.connector.cancel(PAIR, world.ids[0])


def _replace(world: CellWorld) -> None:
    _cancel(world)
    world.ids.append(world.place("BTC", "buy", OrderType.LIMIT, "0.975"))


def _in_task(world: CellWorld, coroutine: Any) -> None:
    async def run() -> None:
        try:
            world.result = await coroutine
        except Exception as error:
            world.result = error
        world.extra["is done"] = True

    world.extra["task"] = asyncio.create_task(run())


def _is_done(world: CellWorld) -> bool:
    return bool(world.extra.get("is done"))


def _can_take_effect_no_more(world: CellWorld) -> bool:
    """It has, or it has expired: what lies unread in a socket may yet be read."""
    return _is_done(world) and (bool(world.result[0]) or world.seconds() > 35)


def _amend(world: CellWorld) -> None:
    price = Decimal(world.bot.price("BTC", "0.97"))
    _in_task(world, world.bot.connector.amend_order(world.ids[0], price=price))


def _amended(world: CellWorld) -> str:
    order = world.bot.order(world.ids[0])
    return f"{world.states()} at the {'new' if order.price == Decimal(world.bot.price('BTC', '0.97')) else 'old'} price"


def _is_amended(world: CellWorld) -> bool:
    order = world.bot.order(world.ids[0])
    return _is_done(world) and not world.bot.connector._order_tracker.legs.is_pending(order)


def _leverage(world: CellWorld) -> None:
    _in_task(world, world.bot.connector._set_trading_pair_leverage(PAIR, 7))


def _told(world: CellWorld) -> str:
    if not _is_done(world):
        return "waits"
    return "told that it worked" if world.result[0] else "told that it did not, or that it is not known"


def _levered(world: CellWorld) -> str:
    return f"{_told(world)}, {'set' if world.leverage(0) == (True, 7) else 'not set'}"


async def _lost_placement(world: CellWorld) -> None:
    world.exchange.faults.add("refuse_before", kind="order", next=1)


async def _gone_cancel(world: CellWorld) -> None:
    """The venue says of an open order that there is none, when it is named by its client order id."""
    await _resting(world)
    gone = "Order was never placed, already canceled, or filled. asset=0"
    body = json.dumps({"status": "ok", "response": {"type": "cancel", "data": {"statuses": [{"error": gone}]}}})
    world.exchange.faults.add("status", code=200, body=body, kind="cancelByCloid", next=1)


async def _isolated_position(world: CellWorld) -> None:
    order_id = world.place("BTC", "buy", OrderType.MARKET, "1")
    await asyncio.sleep(2)
    assert world.state(order_id) == "FILLED"
    world.extra["margin"] = _isolated_usd(world)


def _isolated_usd(world: CellWorld) -> int:
    account = world.exchange.engine.account(world.bot.address)
    assert account is not None
    return int(account.clearinghouses[""].positions[0].isolated_usd)


def _moved(world: CellWorld) -> str:
    return f"{_told(world)}, {'moved' if _isolated_usd(world) > world.extra['margin'] else 'not moved'}"


def _margin(world: CellWorld) -> None:
    _in_task(world, world.bot.connector.add_isolated_margin(PAIR, Decimal(5)))


async def _armed(world: CellWorld) -> None:
    await _resting(world)
    assert _switch(world) == "OPEN, armed"


def _before_armed(world: CellWorld) -> None:
    # Only accounts that have traded much may use it.
    world.exchange.fund(world.account, 1)
    account = world.exchange.engine.account(world.account)
    assert account is not None
    account.volume = 10**30
    world.set(settings=Settings(dead_mans_switch_seconds=30))


def _switch(world: CellWorld) -> str:
    account = world.exchange.engine.account(world.bot.address)
    assert account is not None
    return f"{world.states()}, {'armed' if account.cancel_at else 'not armed'}"


def _has_lived_on(world: CellWorld) -> bool:
    """Longer than the switch waits, so that one that was not armed again would have fired."""
    return world.seconds() > 100


async def _running_twap(world: CellWorld) -> None:
    _twap(world)
    await asyncio.sleep(2)


def _twap(world: CellWorld) -> None:
    world.ids.append(world.bot.connector.place_twap(PAIR, TradeType.BUY, Decimal("0.1"), 5))


def _bracket(world: CellWorld) -> None:
    def price(factor: str) -> Decimal:
        return Decimal(world.bot.price("BTC", factor))

    bracket = world.bot.connector.place_bracket(
        PAIR, TradeType.BUY, Decimal("0.01"), price("0.98"), take_profit=price("1.1"), stop_loss=price("0.9")
    )
    world.ids += [str(each) for each in (bracket.entry, bracket.take_profit, bracket.stop_loss)]


def _request(kind: str) -> dict[str, Any]:
    return {"path": "/exchange", "kind": kind}


ORDERS = {"channel": "orderUpdates"}


def _command(name: str, kind: str, about: str, act: Any, **more: Any) -> Column:
    more.setdefault("frames", ORDERS)
    return Column(name, "command", about, _request(kind), act=act, **{"over_socket": True, **more})


def over_http(world: CellWorld) -> None:
    """Actions go over HTTP alone, where a reply is lost without a socket."""
    world.set(settings=Settings(actions_over="http"))


def _over_http(*columns: Column) -> list[Column]:
    return [
        replace(column, name=f"{column.name} over HTTP", over_socket=False, before_bot=over_http)
        for column in columns
        if column.name in _ALSO_OVER_HTTP
    ]


_ALSO_OVER_HTTP = ("place limit", "place IOC", "cancel", "modify", "leverage", "TWAP")


def _is_taken(world: CellWorld) -> bool:
    return all(world.state(each) in ("FILLED", "FAILED", "CANCELED") for each in world.ids)


def _runs_or_failed(world: CellWorld) -> bool:
    return all(world.state(each) in ("PARTIALLY_FILLED", "FAILED") for each in world.ids)


_LIMIT, _MAKER = _place(OrderType.LIMIT, "0.98"), _place(OrderType.LIMIT_MAKER, "0.98")
_IOC, _MARKET = _place(OrderType.LIMIT, "1.02", "IOC"), _place(OrderType.MARKET, "1")
_TWAPS = {"channel": "userTwapHistory"}

_OVER_SOCKET = [
    _command("place limit", "order", "place", _LIMIT),
    _command("place post-only", "order", "place", _MAKER),
    _command("place IOC", "order", "take", _IOC, fills=True, is_over=_is_taken),
    _command("place market", "order", "take", _MARKET, fills=True, is_over=_is_taken),
    _command("batch of 3", "order", "place", _batch),
    _command("bracket", "order", "place", _bracket),
    _command("cancel", "cancelByCloid", "cancel", _cancel, prepare=_resting),
    _command("cancel by oid", "cancel", "cancel", _cancel, prepare=_gone_cancel),
    _command("cancel and replace", "batchModify", "replace", _replace, prepare=_resting),
    _command("modify", "batchModify", "modify", _amend, prepare=_resting, state=_amended, is_over=_is_amended),
    _command(
        "leverage",
        "updateLeverage",
        "setting",
        _leverage,
        frames={"channel": "activeAssetData"},
        state=_levered,
        is_over=_can_take_effect_no_more,
    ),
    _command(
        "isolated margin",
        "updateIsolatedMargin",
        "setting",
        _margin,
        frames=None,
        before_bot=lambda world: world.set(settings=Settings(margin_mode="isolated")),
        prepare=_isolated_position,
        state=_moved,
        is_over=_can_take_effect_no_more,
    ),
    _command(
        "noop", "noop", "noop", _LIMIT, frames=None, prepare=_lost_placement, over_socket=False, before_bot=over_http
    ),
    _command(
        "dead man's switch",
        "scheduleCancel",
        "switch",
        lambda _world: None,
        frames=None,
        before_bot=_before_armed,
        prepare=_armed,
        state=_switch,
        is_over=_has_lived_on,
    ),
    _command("TWAP", "twapOrder", "twap", _twap, frames=_TWAPS, is_over=_runs_or_failed),
    _command("stop TWAP", "twapCancel", "stop", _cancel, frames=_TWAPS, prepare=_running_twap),
]
COMMANDS = [*_OVER_SOCKET, *_over_http(*_OVER_SOCKET)]
