"""The live view of an account, frame by frame."""

from decimal import Decimal
from typing import Any

import pytest

from hyperliquid_perpetual.demo.exchange import AccountView, DexState


def fills_frame(*fills: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"channel": "userFills", "data": {"user": "0x", "fills": list(fills), **more}}


def fill(tid: int, fee: str = "0.1", closed: str = "0.0", time: int = 1) -> dict[str, Any]:
    return {"tid": tid, "coin": "BTC", "oid": 5, "time": time, "fee": fee, "closedPnl": closed}


def state(**sizes: str) -> dict[str, Any]:
    return {
        "assetPositions": [
            {"type": "oneWay", "position": {"coin": coin, "szi": size, "unrealizedPnl": "1.5"}}
            for coin, size in sizes.items()
        ]
    }


def test_best_prices_give_mid_and_spread() -> None:
    view = AccountView()
    view.apply({"channel": "bbo", "data": {"coin": "BTC", "time": 1, "bbo": [{"px": "100.0"}, {"px": "101.0"}]}})

    assert view.mid("BTC") == Decimal("100.5")
    assert view.spread("BTC") == Decimal(1)
    assert view.mid("ETH") is None


def test_a_side_that_empties_takes_the_mid_away() -> None:
    view = AccountView()
    view.apply({"channel": "bbo", "data": {"coin": "BTC", "time": 1, "bbo": [{"px": "100.0"}, {"px": "101.0"}]}})
    view.apply({"channel": "bbo", "data": {"coin": "BTC", "time": 2, "bbo": [{"px": "100.0"}, None]}})

    assert view.mid("BTC") is None
    assert view.spread("BTC") is None


def test_a_snapshot_after_a_reconnection_counts_no_fill_twice() -> None:
    view = AccountView()
    view.apply(fills_frame(fill(1), isSnapshot=True))
    view.apply(fills_frame(fill(2, fee="-0.02")))
    view.apply(fills_frame(fill(1), fill(2, fee="-0.02"), isSnapshot=True))

    assert len(view.fills) == 2
    assert view.fees == Decimal("0.08")


def test_a_trade_id_that_comes_back_later_is_another_fill() -> None:
    view = AccountView()
    view.apply(fills_frame(fill(1), fill(1, time=2)))

    assert len(view.fills) == 2


def test_profit_is_what_was_closed_and_what_is_open_less_fees_plus_funding() -> None:
    view = AccountView()
    view.apply(fills_frame(fill(1, fee="0.25", closed="2.0")))
    view.apply(
        {"channel": "clearinghouseState", "data": {"dex": "", "clearinghouseState": state(BTC="0.5", ETH="-1.0")}}
    )
    view.apply({"channel": "userFundings", "data": {"fundings": [{"time": 1, "coin": "BTC", "usdc": "-0.5"}]}})

    assert view.pnl == Decimal("2.0") + 2 * Decimal("1.5") - Decimal("0.25") - Decimal("0.5")


def test_open_orders_and_positions_are_replaced_by_each_frame() -> None:
    view = AccountView()
    for orders, position in (([{}, {}], "0.5"), ([], "-0.25")):
        view.apply({"channel": "openOrders", "data": {"dex": "", "orders": orders}})
        view.apply({"channel": "clearinghouseState", "data": {"dex": "", "clearinghouseState": state(BTC=position)}})

    assert view.open_orders == 0
    assert view.positions == {"BTC": Decimal("-0.25")}


@pytest.mark.parametrize(
    "frame",
    [{"channel": "pong"}, {"channel": "subscriptionResponse", "data": {}}, {"channel": "error", "data": "x"}, {}],
)
def test_other_frames_change_nothing(frame: dict[str, Any]) -> None:
    view = AccountView()
    view.apply(frame)

    assert view == AccountView()


def test_a_flat_position_is_none() -> None:
    assert DexState.from_venue(state(BTC="0.0", ETH="1.0")).positions == {"ETH": Decimal(1)}


def test_what_each_dex_tells_counts_beside_the_others() -> None:
    view = AccountView()
    for dex, coin in (("", "BTC"), ("xyz", "xyz:TSLA")):
        view.apply({"channel": "openOrders", "data": {"dex": dex, "orders": [{}]}})
        held = state(**{coin: "2.0"})
        view.apply({"channel": "clearinghouseState", "data": {"dex": dex, "clearinghouseState": held}})

    assert view.open_orders == 2
    assert view.positions == {"BTC": Decimal(2), "xyz:TSLA": Decimal(2)}
    assert view.unrealized_pnl == Decimal(3)
