"""The comparison itself: what was doctored in a database or a ledger has to be found, and nothing else."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hummingbot.model.decimal_type_decorator import SqliteDecimal  # the integers that the database holds

from tests.chaos import audit
from tests.chaos.audit import Books

PAIR = "BTC-USD"
FIRST, SECOND = audit.PREFIX + "1" * 24, audit.PREFIX + "2" * 24


def ledger_fill(
    tid: int, cloid: str | None, price: str = "86000", size: str = "0.002", fee: str = "0.06"
) -> dict[str, Any]:
    return {
        "tid": tid,
        "oid": 7,
        "cloid": cloid,
        "coin": "BTC",
        "side": "B",
        "px": price,
        "sz": size,
        "fee": fee,
        "time": 1_000 + tid,
        "twapId": None,
    }


LEDGER = [
    ledger_fill(1, FIRST),
    ledger_fill(2, FIRST, "86001"),
    ledger_fill(3, SECOND, "86002.5", "0.00013", "-0.0021"),
]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """The tables of Hummingbot, with everything of the ledger in them."""
    from hummingbot.model import get_declarative_base
    from hummingbot.model.funding_payment import FundingPayment
    from hummingbot.model.order import Order
    from hummingbot.model.trade_fill import TradeFill
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    file = tmp_path / "chaos.sqlite"
    engine = create_engine(f"sqlite:///{file}")
    get_declarative_base().metadata.create_all(engine)
    assert SqliteDecimal(6).process_bind_param(Decimal("0.5"), None) == 500_000
    common = {"config_file_path": "x", "strategy": "x", "symbol": PAIR, "base_asset": "BTC", "quote_asset": "USD"}
    with Session(engine) as session:
        for cloid in (FIRST, SECOND):
            session.add(
                Order(
                    id=cloid,
                    market=audit.CONNECTOR,
                    creation_timestamp=1,
                    order_type="LIMIT",
                    amount=Decimal(1),
                    leverage=1,
                    price=Decimal(1),
                    last_status="BuyOrderCompleted",
                    last_update_timestamp=1,
                    exchange_order_id="7",
                    position="OPEN",
                    **common,
                )
            )
        for row in LEDGER:
            session.add(
                TradeFill(
                    market=audit.CONNECTOR,
                    timestamp=row["time"],
                    order_id=row["cloid"],
                    trade_type="BUY",
                    order_type="LIMIT",
                    price=Decimal(row["px"]),
                    amount=Decimal(row["sz"]),
                    leverage=1,
                    trade_fee={
                        "percent": "0",
                        "percent_token": "USDC",
                        "flat_fees": [{"token": "USDC", "amount": row["fee"]}],
                    },
                    trade_fee_in_quote=Decimal(row["fee"]),
                    exchange_trade_id=f"{row['tid']}-{row['time']}",
                    position="OPEN",
                    **common,
                )
            )
        session.add(
            FundingPayment(
                timestamp=3600.000001,
                config_file_path="x",
                market=audit.CONNECTOR,
                rate=0.1,
                symbol=PAIR,
                amount=-0.012,
            )
        )
        session.commit()
    engine.dispose()
    return file


def doctor(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount == 1
        connection.commit()


def found(findings: Iterator[audit.Finding]) -> dict[str, int]:
    return dict(audit.counted(findings))


def fills_found(database: Path, ledger: list[dict[str, Any]] = LEDGER) -> dict[str, int]:
    return found(audit.fills(Books.read(database), ledger))


def test_books_that_agree_have_no_findings(database: Path) -> None:
    assert fills_found(database) == {}
    assert len(Books.read(database).fills) == 3


def test_a_fill_taken_out_of_the_database_is_lost(database: Path) -> None:
    doctor(database, "DELETE FROM TradeFill WHERE exchange_trade_id = '2-1002'")

    assert fills_found(database) == {"lost fill": 1}


@pytest.mark.parametrize(
    "change", ["exchange_trade_id = '2-1003'", f"order_id = '{SECOND}'", "exchange_trade_id = '9-1009'"]
)
def test_a_fill_that_is_twice_in_the_database_is_a_duplicate(database: Path, change: str) -> None:
    column, _, value = change.partition(" = ")
    with closing(sqlite3.connect(database)) as connection:
        names = [row[1] for row in connection.execute("PRAGMA table_info(TradeFill)")]
    values = ", ".join(value if name == column else name for name in names)
    doctor(
        database,
        f"INSERT INTO TradeFill ({', '.join(names)}) SELECT {values} FROM TradeFill WHERE exchange_trade_id = '2-1002'",  # noqa: S608
    )

    assert fills_found(database) == {"duplicate fill": 1}


@pytest.mark.parametrize("change", ["price = price + 1", "amount = amount + 10", "trade_type = 'SELL'"])
def test_a_fill_told_differently_is_lost(database: Path, change: str) -> None:
    doctor(database, f"UPDATE TradeFill SET {change} WHERE exchange_trade_id = '1-1001'")  # noqa: S608

    assert fills_found(database) == {"lost fill": 1}


def test_a_fee_that_differs_in_its_last_digit_is_found(database: Path) -> None:
    ledger = [{**LEDGER[0], "fee": "0.060001"}, *LEDGER[1:]]

    assert fills_found(database, ledger) == {"lost fill": 1}


def test_a_fill_of_an_order_that_the_bot_never_recorded_is_lost_and_says_so(database: Path) -> None:
    unrecorded = ledger_fill(4, audit.PREFIX + "4" * 24)

    (finding,) = audit.fills(Books.read(database), [*LEDGER, unrecorded])

    assert finding.kind == "lost fill"
    assert "killed before Hummingbot had recorded the order" in finding.text


def test_a_bot_without_a_database_has_lost_everything(tmp_path: Path) -> None:
    assert fills_found(tmp_path / "none.sqlite") == {"lost fill": 3}


def test_a_fee_that_could_not_be_converted_is_found(database: Path) -> None:
    assert found(audit.fees_in_quote(Books.read(database))) == {}

    doctor(database, "UPDATE TradeFill SET trade_fee_in_quote = 0 WHERE exchange_trade_id = '2-1002'")

    assert found(audit.fees_in_quote(Books.read(database))) == {"fee in quote": 1}


PAYMENT = {"time": 3_600_000, "delta": {"coin": "BTC", "usdc": "-0.012"}}


def test_funding_payments_are_matched_by_coin_amount_and_about_their_time(database: Path) -> None:
    books = Books.read(database)
    later = {**PAYMENT, "time": 7_200_000}

    assert found(audit.fundings(books, [PAYMENT])) == {}
    assert found(audit.fundings(books, [PAYMENT, later])) == {"funding": 1}
    assert found(audit.fundings(books, [later])) == {"funding": 2}
    assert found(audit.fundings(books, [])) == {"funding": 1}
    (finding,) = audit.fundings(books, [PAYMENT, later])
    assert finding.amount == Decimal("0.012")


VIEW_ORDER = {
    "cloid": FIRST,
    "oid": "7",
    "side": "BUY",
    "price": "86000.0",
    "amount": "0.0050",
    "filled": "0.0020",
}
LEDGER_ORDER = {"cloid": FIRST, "oid": 7, "side": "B", "px": "86000", "sz": "0.003"}


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ([VIEW_ORDER], [LEDGER_ORDER], {}),
        ([], [LEDGER_ORDER], {"orphan": 1}),
        ([VIEW_ORDER], [], {"orphan": 1}),
        ([VIEW_ORDER], [{**LEDGER_ORDER, "sz": "0.005"}], {"open order": 1}),
        ([VIEW_ORDER], [{**LEDGER_ORDER, "px": "86001"}], {"open order": 1}),
        ([VIEW_ORDER], [{**LEDGER_ORDER, "oid": 8}], {"open order": 1}),
        ([], [{**LEDGER_ORDER, "cloid": None}], {}),
    ],
    ids=["same", "unknown to the bot", "unknown to the venue", "size", "price", "oid", "a manual order"],
)
def test_open_orders(mine: list[Any], theirs: list[Any], expected: dict[str, int]) -> None:
    assert found(audit.open_orders({"orders": mine}, {"openOrders": theirs})) == expected


def test_positions_differ_by_their_sum() -> None:
    view = {"positions": {PAIR: {"amount": "0.0020"}, "ETH-USD": {"amount": "-1"}}}

    assert found(audit.positions(view, {"positions": {"BTC": "0.002", "ETH": "-1"}})) == {}
    differences = list(audit.positions(view, {"positions": {"BTC": "-0.001", "SOL": "2"}}))
    assert {finding.amount for finding in differences} == {Decimal("0.003"), Decimal(1), Decimal(2)}


def test_entry_prices_are_compared_where_both_sides_have_a_position() -> None:
    view = {"positions": {PAIR: {"amount": "0.0020", "entry": "86000.50"}, "ETH-USD": {"amount": "1", "entry": "1"}}}

    def compared(entry: str) -> dict[str, int]:
        position = {"coin": "BTC", "szi": "0.002", "entryPx": entry}
        return found(audit.entry_prices(view, {"state": {"assetPositions": [{"position": position}]}}))

    assert compared("86000.5") == {}
    assert compared("86000.51") == {"entry price": 1}


def test_balances_differ_in_total_or_in_what_is_free() -> None:
    view = {"total": {"USDC": "100.50"}, "available": {"USDC": "60"}}

    def compared(total: str, free: str) -> dict[str, int]:
        return found(audit.balances(view, {"state": {"marginSummary": {"accountValue": total}, "withdrawable": free}}))

    assert compared("100.5", "60.0") == {}
    assert compared("100.500001", "60") == {"balance": 1}
    assert compared("100", "61") == {"balance": 2}


def test_a_failure_is_a_phantom_when_the_venue_had_accepted_the_order() -> None:
    def event(name: str, order_id: str) -> dict[str, Any]:
        return {"event": name, "id": order_id, "why": "it said so"}

    events = [
        event("OrderFailure", "rejected"),
        event("OrderFailure", "filled"),
        event("OrderFailure", "never there"),
        event("OrderFailure", "taken back in"),
        event("OrderFilled", "taken back in"),
    ]
    statuses = {"rejected": "badAloPxRejected", "filled": "filled", "taken back in": "filled"}

    (finding,) = audit.phantom_failures(audit.failed_orders(events), statuses)

    assert finding.ids == ("filled",)


def test_an_order_that_ended_otherwise_than_at_the_venue_is_found(database: Path) -> None:
    def row(cloid: str, oid: int, status: str) -> dict[str, Any]:
        return {"order": {"cloid": cloid, "oid": oid}, "status": status}

    books = Books.read(database)
    amended = [row(FIRST, 9, "filled"), row(FIRST, 8, "canceled")]

    assert found(audit.endings(books, amended)) == {}
    assert found(audit.endings(books, [row(FIRST, 8, "marginCanceled")])) == {"ending": 1}
    doctor(database, f"UPDATE \"Order\" SET last_status = 'OrderCancelled' WHERE id = '{FIRST}'")  # noqa: S608
    assert found(audit.endings(Books.read(database), amended)) == {"ending": 1}


def test_a_reduce_only_order_that_the_venue_has_shrunk_and_filled_may_be_cancelled_for_the_bot(database: Path) -> None:
    doctor(database, f"UPDATE \"Order\" SET last_status = 'OrderCancelled' WHERE id = '{FIRST}'")  # noqa: S608
    books = Books.read(database)

    def row(reduce_only: bool) -> dict[str, Any]:
        return {"order": {"cloid": FIRST, "oid": 9, "reduceOnly": reduce_only}, "status": "filled"}

    assert found(audit.endings(books, [row(True)])) == {}
    assert found(audit.endings(books, [row(False)])) == {"ending": 1}
