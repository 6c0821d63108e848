"""The comparison of a bot's trade database, made with Hummingbot's own models, with the exchange's ledger."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hummingbot.core.data_type.trade_fee import AddedToCostTradeFee, TokenAmount
from hummingbot.model import get_declarative_base
from hummingbot.model.order import Order
from hummingbot.model.order_status import OrderStatus
from hummingbot.model.trade_fill import TradeFill
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from hyperliquid_perpetual.demo.books import BotBooks, Fill, compare, plain
from hyperliquid_perpetual.homes.configurations import CONNECTOR

CLOID = "0x48424f54000000000000000000000001"
OTHER_CLOID = "0x48424f54000000000000000000000002"
TIME = 1790232216193


def venue_fill(**changes: Any) -> dict[str, Any]:
    """A fill as the exchange reports it."""
    return {
        "coin": "BTC",
        "px": "84143.0",
        "sz": "0.00036",
        "side": "B",
        "time": TIME,
        "startPosition": "0.0",
        "dir": "Open Long",
        "closedPnl": "0.0",
        "oid": 7,
        "crossed": False,
        "fee": "0.004543",
        "feeToken": "USDC",
        "tid": 1045359869404765,
        "cloid": CLOID,
        **changes,
    }


def fill(**changes: Any) -> Fill:
    return Fill.from_venue(venue_fill(**changes))


def write_database(
    path: Path,
    fills: list[dict[str, Any]],
    statuses: dict[str, list[str]],
    market: str = CONNECTOR,
    exchange_order_id: str | None = None,
) -> Path:
    """A trade database as Hummingbot's recorder writes it, with one order per key of `statuses`; or added to one."""
    get_declarative_base()
    engine = create_engine(f"sqlite:///{path}")
    Order.metadata.create_all(engine)
    common = {"config_file_path": "conf.yml", "strategy": "s", "market": market, "quote_asset": "USD"}
    with Session(engine) as session, session.begin():
        for order_id, names in statuses.items():
            session.add(
                Order(
                    id=order_id,
                    symbol="BTC-USD",
                    base_asset="BTC",
                    creation_timestamp=TIME,
                    order_type="LIMIT",
                    amount=Decimal(1),
                    price=Decimal(1),
                    last_status=names[-1],
                    last_update_timestamp=TIME,
                    exchange_order_id=exchange_order_id,
                    **common,
                )
            )
            for name in names:
                session.add(OrderStatus(order_id=order_id, timestamp=TIME, status=name))
        for row in fills:
            fee = AddedToCostTradeFee(
                percent=row.get("percent", Decimal(0)), flat_fees=[TokenAmount("USDC", Decimal(row["fee"]))]
            )
            session.add(
                TradeFill(
                    symbol=f"{row['coin']}-USD",
                    base_asset=row["coin"],
                    timestamp=row["time"],
                    order_id=row["cloid"],
                    trade_type="BUY" if row["side"] == "B" else "SELL",
                    order_type="LIMIT",
                    price=Decimal(row["px"]),
                    amount=Decimal(row["sz"]),
                    trade_fee=fee.to_json(),
                    trade_fee_in_quote=Decimal(row["fee"]),
                    exchange_trade_id=f"{row['tid']}-{row['time']}",
                    **common,
                )
            )
    engine.dispose()
    return path


def test_what_hummingbot_recorded_reads_as_what_the_exchange_reported(tmp_path: Path) -> None:
    rows = [venue_fill(), venue_fill(tid=2, side="A", px="84150.123456", sz="1.00001", fee="-0.000002")]
    database = write_database(tmp_path / "bot.sqlite", rows, {CLOID: ["BuyOrderCreated", "OrderFilled"]})

    assert list(BotBooks.read(database, CONNECTOR).fills) == [Fill.from_venue(row) for row in rows]


def test_slices_are_told_by_the_number_of_their_twap(tmp_path: Path) -> None:
    """The bot's id of a TWAP is unknown to the venue; what both know is the number that the venue gave it."""
    order_id = "twap-30-1a20573b1f2-26af9cc86e"
    rows = [venue_fill(cloid=None, twapId=7), venue_fill(cloid=None, twapId=7, tid=2)]
    database = write_database(
        tmp_path / "bot.sqlite",
        [{**row, "cloid": order_id} for row in rows],
        {order_id: ["BuyOrderCreated"]},
        exchange_order_id="twap:7",
    )
    books = BotBooks.read(database, CONNECTOR)

    assert list(books.fills) == [Fill.from_venue(row) for row in rows]
    other = [Fill.from_venue({**row, "twapId": 8}) for row in rows]
    assert len(compare(books.fills, other, {}).fill_differences) == 2


@pytest.mark.parametrize("coin", ["kPEPE", "xyz:XYZ100", "km:US500"])
def test_coins_keep_their_case_and_their_dex(tmp_path: Path, coin: str) -> None:
    rows = [venue_fill(coin=coin, px="0.004321", sz="25000.0", fee="0.016204")]
    database = write_database(tmp_path / "bot.sqlite", rows, {CLOID: ["BuyOrderCreated", "OrderFilled"]})

    result = compare(
        BotBooks.read(database, CONNECTOR).fills, [Fill.from_venue(row) for row in rows], {coin: Decimal(25000)}
    )

    assert (result.fill_differences, result.position_difference, result.fee_difference) == ((), 0, 0)


def test_what_a_second_connector_did_is_not_held_against_the_exchange(tmp_path: Path) -> None:
    path = write_database(tmp_path / "bot.sqlite", [venue_fill()], {CLOID: ["BuyOrderCreated", "OrderFilled"]})
    paper = [venue_fill(tid=9, side="A", cloid="sell://BTC-USD/1")]
    write_database(path, paper, {"sell://BTC-USD/1": ["OrderCancelled"]}, market=f"{CONNECTOR}_PaperTrade")

    assert BotBooks.read(path, CONNECTOR) == BotBooks((fill(),), orders_created=1, orders_cancelled=0)


def test_orders_are_counted_once_whatever_happened_to_them(tmp_path: Path) -> None:
    statuses = {
        CLOID: ["BuyOrderCreated", "OrderFilled", "OrderCancelled", "OrderCancelled"],
        OTHER_CLOID: ["SellOrderCreated", "OrderFailure"],
    }
    own = BotBooks.read(write_database(tmp_path / "bot.sqlite", [], statuses), CONNECTOR)

    assert (own.orders_created, own.orders_cancelled) == (2, 1)


def test_a_bot_without_a_database_has_recorded_nothing(tmp_path: Path) -> None:
    assert BotBooks.read(tmp_path / "missing.sqlite", CONNECTOR) == BotBooks((), 0, 0)
    assert not (tmp_path / "missing.sqlite").exists()


def test_a_percentage_in_the_fee_shows_as_a_difference(tmp_path: Path) -> None:
    row = venue_fill(fee="0")
    own = BotBooks.read(
        write_database(tmp_path / "bot.sqlite", [row | {"percent": Decimal("0.00015")}], {CLOID: ["OrderFilled"]}),
        CONNECTOR,
    )

    result = compare(own.fills, [Fill.from_venue(row)], {"BTC": Decimal("0.00036")})

    assert result.fee_difference == Decimal("84143") * Decimal("0.00036") * Decimal("0.00015")
    assert len(result.fill_differences) == 1


def test_equal_books_have_no_differences() -> None:
    fills = [fill(), fill(tid=2, side="A", sz="0.00016")]

    result = compare(fills, reversed(fills), {"BTC": Decimal("0.00020")})

    assert result.fill_differences == ()
    assert (result.fills_bot, result.fills_exchange) == (2, 2)
    assert plain(result.position_difference) == "0"
    assert plain(result.fee_difference) == "0"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"px": "84143.1"}, "price"),
        ({"sz": "0.00037"}, "size"),
        ({"side": "A"}, "side"),
        ({"fee": "0.004544"}, "fee"),
        ({"coin": "ETH"}, "coin"),
        ({"cloid": OTHER_CLOID}, "cloid"),
        ({"time": TIME + 1}, "time"),
    ],
)
def test_a_fill_told_differently_counts_and_names_what_differs(change: dict[str, Any], word: str) -> None:
    result = compare([fill()], [fill(**change)], {"BTC": Decimal("0.00036")})

    assert len(result.fill_differences) == 1
    assert f"{word} " in result.fill_differences[0]


def test_a_fill_that_the_bot_missed_differs_in_everything() -> None:
    result = compare([], [fill()], {"BTC": Decimal("0.00036")})

    assert len(result.fill_differences) == 1
    assert result.position_difference == Decimal("0.00036")
    assert result.fee_difference == Decimal("-0.004543")


def test_a_fill_booked_twice_is_one_difference() -> None:
    result = compare([fill(), fill()], [fill()], {"BTC": Decimal("0.00036")})

    assert len(result.fill_differences) == 1
    assert result.position_difference == Decimal("0.00036")


def test_a_position_that_no_fill_explains_shows_in_every_coin() -> None:
    result = compare([fill()], [fill()], {"BTC": Decimal("0.00036"), "ETH": Decimal("-2")})

    assert result.fill_differences == ()
    assert result.position_difference == Decimal(2)


def test_both_sides_of_a_trade_with_oneself_are_told_apart_by_their_orders() -> None:
    bought, sold = fill(), fill(side="A", cloid=OTHER_CLOID, fee="0.01")

    assert compare([bought, sold], [sold, bought], {}).fill_differences == ()


def test_two_meetings_of_the_same_orders_are_told_apart_by_time() -> None:
    first, second = fill(), fill(time=TIME + 5, sz="0.1")

    assert compare([first, second], [second, first], {"BTC": Decimal("0.10036")}).fill_differences == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("-0.000", "0"), ("1E+3", "1000"), ("-0.0000120", "-0.000012"), ("1E-7", "0.0000001")],
)
def test_decimals_are_shown_without_exponent(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text
