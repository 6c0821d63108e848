"""What the venue does by itself is told once, in words; what somebody here asked for is not told at all."""

import logging
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hummingbot.core.data_type.common import OrderType, TradeType
from hummingbot.core.data_type.in_flight_order import InFlightOrder

from hyperliquid_perpetual.trading.account_watch import REASON_SECONDS, AccountWatch
from hyperliquid_perpetual.venue.messages import Fill, OrderUpdate, PositionData

ME, OTHER = "0x" + "11" * 20, "0x" + "22" * 20


class Scene:
    """A watch, its clock and the mark price."""

    def __init__(self, caplog: pytest.LogCaptureFixture, distance: str = "0.1") -> None:
        caplog.set_level(logging.WARNING)
        self._caplog = caplog
        self.now = 0.0
        self.mark: Decimal | None = Decimal(100)
        self.watch = AccountWatch(ME, Decimal(distance), lambda _coin: self.mark, clock=lambda: self.now)

    @property
    def told(self) -> list[str]:
        return [record.getMessage() for record in self._caplog.records]

    def at(self, mark: str, *positions: PositionData) -> int:
        """How many warnings a mark price leads to."""
        before = len(self.told)
        self.mark = Decimal(mark)
        self.watch.on_positions(positions)
        return len(self.told) - before


@pytest.fixture
def scene(caplog: pytest.LogCaptureFixture) -> Scene:
    return Scene(caplog)


def position(szi: str, liquidation: str | None, coin: str = "BTC") -> PositionData:
    raw = {"coin": coin, "szi": szi, "leverage": {"type": "cross", "value": 5}, "liquidationPx": liquidation}
    return msgspec.convert({**raw, "positionValue": str(abs(Decimal(szi)) * 100)}, PositionData, strict=False)


LONG, SHORT = position("1", "80"), position("-1", "120")


def test_nearing_liquidation_price_is_told_once_per_approach(scene: Scene) -> None:
    assert scene.at("100", LONG) == 0
    assert scene.at("88.9", LONG) == 0
    assert scene.at("88.8", LONG) == 1
    assert [scene.at(mark, LONG) for mark in ("85", "81", "90", "84")] == [0, 0, 0, 0]
    assert scene.at("95", LONG) == 0, "clear of it"
    assert scene.at("88", LONG) == 1, "the next approach"
    assert "long position of 1 BTC is 9.9 % away from liquidation" in scene.told[0]


def test_short_position_is_liquidated_above(scene: Scene) -> None:
    assert scene.at("109", SHORT) == 0
    assert scene.at("110", SHORT) == 1
    assert "short position of 1 BTC" in scene.told[0]


def test_flipped_or_new_position_is_told_again(scene: Scene) -> None:
    assert scene.at("85", LONG) == 1
    assert scene.at("115", SHORT) == 1
    assert scene.at("115") == 0
    assert scene.at("115", SHORT) == 1


@pytest.mark.parametrize("liquidation", [None, "0", "-5"])
def test_position_without_a_liquidation_price_is_safe(scene: Scene, liquidation: str | None) -> None:
    assert scene.at("1", position("1", liquidation)) == 0


def test_mark_price_that_is_not_streamed_is_that_of_the_statement(scene: Scene) -> None:
    scene.mark = None
    scene.watch.on_positions([position("1", "95", "km:US500")])
    assert len(scene.told) == 1


def test_distance_of_zero_never_warns(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene(caplog, distance="0")
    assert scene.at("80", LONG) == 0


def fill(oid: int = 1, **fields: Any) -> Fill:
    row = {"coin": "BTC", "px": "90.0", "sz": "1.0", "side": "A", "time": 5, "oid": oid, "fee": "0.1", "tid": oid}
    return msgspec.convert({**row, **fields}, Fill, strict=False)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"liquidation": {"liquidatedUser": ME.upper().replace("0X", "0x"), "method": "market"}}, "Liquidated"),
        ({"liquidation": {"liquidatedUser": ME, "method": "backstop"}, "dir": "Close Long"}, "(backstop)"),
        ({"liquidation": {"markPx": "90.0", "method": "market"}, "dir": "Liquidated Cross Long"}, "Liquidated"),
        ({"dir": "Liquidated Isolated Long"}, "Liquidated"),
        ({"dir": "Auto-Deleveraging"}, "Auto-deleveraged"),
        ({"dir": "Settlement"}, "Settled"),
    ],
)
def test_forced_close_is_told_once_per_order(scene: Scene, fields: dict[str, Any], words: str) -> None:
    for number in range(3):
        scene.watch.on_fill(fill(7, tid=number, **fields))
    assert len(scene.told) == 1
    assert words in scene.told[0]
    scene.watch.on_fill(fill(8, **fields))
    assert len(scene.told) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"dir": "Open Long"},
        {"liquidation": {"liquidatedUser": OTHER, "method": "market"}, "dir": "Open Long"},
        {"liquidation": {"method": "market"}, "dir": "Open Long"},
    ],
)
def test_counterparty_of_a_liquidation_is_not_alarmed(scene: Scene, fields: dict[str, Any]) -> None:
    scene.watch.on_fill(fill(**fields))
    assert not scene.told


def test_liquidation_event_is_told_once_and_only_if_it_is_ours(scene: Scene) -> None:
    event = {"lid": 5, "liquidated_user": OTHER, "liquidated_ntl_pos": "10.0", "liquidated_account_value": "1.0"}
    scene.watch.on_liquidation(event)
    assert not scene.told
    for _ in range(2):
        scene.watch.on_liquidation({**event, "liquidated_user": ME})
    assert len(scene.told) == 1


ORDER = InFlightOrder("0xabc", "BTC-USD", OrderType.LIMIT, TradeType.BUY, Decimal(1), 1.0, Decimal(90))


def ended(status: str, oid: int = 9) -> OrderUpdate:
    order = {"coin": "BTC", "side": "B", "limitPx": "90.0", "sz": "1.0", "oid": oid, "timestamp": 1}
    return msgspec.convert({"order": order, "status": status, "statusTimestamp": 2}, OrderUpdate, strict=False)


@pytest.mark.parametrize(
    "status", ["selfTradeCanceled", "marginCanceled", "reduceOnlyCanceled", "scheduledCancel", "newlyInventedCanceled"]
)
@pytest.mark.parametrize("announced", ["before", "after", "never"])
def test_cancel_by_the_venue_is_told_once_with_the_venues_own_status(scene: Scene, status: str, announced: str) -> None:
    if announced == "before":
        scene.watch.on_venue_cancel(ORDER, 9)
    scene.watch.on_order_update(ORDER, ended(status))
    if announced == "after":
        scene.watch.on_venue_cancel(ORDER, 9)
    scene.now = 2 * REASON_SECONDS
    scene.watch.tick()
    scene.watch.on_order_update(ORDER, ended(status))
    (told,) = scene.told
    assert f"({status})" in told
    assert "0xabc" in told


@pytest.mark.parametrize("status", ["canceled", "siblingFilledCanceled", "filled", "open", "badAloPxRejected"])
def test_end_that_was_asked_for_is_not_told(scene: Scene, status: str) -> None:
    scene.watch.on_order_update(ORDER, ended(status))
    assert not scene.told


def test_cancel_whose_reason_never_comes_is_told_all_the_same(scene: Scene) -> None:
    scene.watch.on_venue_cancel(ORDER, 9)
    scene.watch.tick()
    assert not scene.told
    scene.now = REASON_SECONDS
    scene.watch.tick()
    scene.watch.tick()
    assert len(scene.told) == 1
