"""Reads a bot's trade database: orders, their states, fills, funding payments and recorded prices.

The schema is Hummingbot's (`hummingbot/model`). Prices and sizes are integers of a millionth there (SqliteDecimal(6)),
fees are JSON with the amounts as the venue charged them. Two times are better than the columns say: Hummingbot stamps a
fill with the second of its clock, while the trade id that this package's connector gives it ends in the venue's own
Unix milliseconds; and funding payments are kept in seconds, moved by microseconds where two pairs are paid at once.
"""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from hyperliquid_perpetual.venue.networks import Network
from hyperliquid_perpetual.venue.numbers import is_plausible

OWN_CONNECTORS = tuple(network.value for network in Network)
NEEDED_TABLES = ("Order", "OrderStatus", "TradeFill")
BUSY_SECONDS = 10.0
ENDS = {
    "OrderCancelled": "cancelled",
    "BuyOrderCompleted": "filled",
    "SellOrderCompleted": "filled",
    "OrderFailure": "failed",
    "OrderExpired": "expired",
}
"""The states that end an order, as Hummingbot's event names, and what they are called here."""

_SCALE = 6
_MS_SINCE_2001 = 1_000_000_000_000
_ZERO = Decimal(0)


class DatabaseError(ValueError):
    """The database cannot be read; the message says what would be valid."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order that the venue has accepted."""

    id: str
    pair: str
    is_buy: bool
    kind: str
    """Hummingbot's order type: `LIMIT`, `LIMIT_MAKER`, `MARKET` and more."""
    amount: Decimal
    price: Decimal
    """In USD; 0 for one without."""
    created_ms: int
    """Unix milliseconds of the clock tick that it was made in."""
    ended_ms: int | None
    """Unix milliseconds at which its end was recorded; None when none was."""
    end: str
    """`filled`, `cancelled`, `failed`, `expired`; empty when none was recorded."""


@dataclass(frozen=True, slots=True)
class Fill:
    """A trade of the bot."""

    trade_id: str
    order_id: str
    pair: str
    is_buy: bool
    kind: str
    price: Decimal
    size: Decimal
    fee: Decimal
    """What was charged, in the quote's worth; negative when the venue paid."""
    fee_token: str
    time_ms: int
    """Unix milliseconds, the venue's where the trade id tells it."""
    is_venue_time: bool

    @property
    def signed_size(self) -> Decimal:
        """What it adds to the position."""
        return self.size if self.is_buy else -self.size

    @property
    def notional(self) -> Decimal:
        """Its worth in USD."""
        return self.price * self.size


@dataclass(frozen=True, slots=True)
class Payment:
    """A funding payment."""

    pair: str
    time_ms: int
    rate: Decimal
    amount: Decimal
    """In USD; negative when the bot paid."""


@dataclass(frozen=True, slots=True)
class Quote:
    """The best prices of the market, where Hummingbot was told to record them (market_data_collection)."""

    pair: str
    time_ms: int
    mid: Decimal


@dataclass(frozen=True)
class Records:
    """What one connector has in a database, each list oldest first."""

    connector: str
    strategies: tuple[str, ...]
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    payments: tuple[Payment, ...]
    quotes: tuple[Quote, ...]
    others: tuple[str, ...]
    """Other connectors that have fills in it."""
    unreadable: int
    """Rows that were passed over."""


def read(database: Path, connector: str | None = None) -> Records:
    """Read all of a database, which a bot may be writing to.

    Each table is read in one short step, for a long one would keep a bot that runs from recording its trades.

    :param connector: whose orders and fills; by default the only one of this package that is in it.
    :raises DatabaseError: when it is no database of Hummingbot, or it is not clear which connector is meant.
    """
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)) as file:
            tables = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            missing = [name for name in NEEDED_TABLES if name not in tables]
            if missing:
                raise DatabaseError(
                    f"{database} is no trade database of Hummingbot: it has no table {', '.join(missing)}"
                )
            names = [name for (name,) in file.execute('SELECT market FROM "Order" UNION SELECT market FROM TradeFill')]
            return _read(file, tables, _choose(names, connector, database), names)
    except sqlite3.Error as error:
        raise DatabaseError(f"{database} cannot be read as a trade database of Hummingbot: {error}") from None


def _choose(names: list[str], wanted: str | None, database: Path) -> str:
    if wanted is not None:
        if wanted not in names:
            raise DatabaseError(
                f"{database} has no orders of {wanted!r}; it has {', '.join(names) or 'no orders at all'}"
            )
        return wanted
    ours = [name for name in names if name in OWN_CONNECTORS]
    if not names:
        raise DatabaseError(f"{database} has no orders and no fills: the bot has not traded")
    if len(ours) != 1:
        which = "several connectors of this package" if ours else "no connector of this package"
        raise DatabaseError(f"{database} has {which}: choose one with --connector. It has {', '.join(names)}")
    return ours[0]


def _read(file: sqlite3.Connection, tables: set[str], connector: str, names: list[str]) -> Records:
    statuses = file.execute(
        "SELECT s.order_id, s.timestamp, s.status FROM OrderStatus s"
        ' JOIN "Order" o ON o.id = s.order_id WHERE o.market = ? ORDER BY s.id',
        (connector,),
    ).fetchall()
    order_rows = file.execute(
        'SELECT id, symbol, order_type, amount, price, creation_timestamp, strategy FROM "Order" WHERE market = ?'
        " ORDER BY creation_timestamp",
        (connector,),
    ).fetchall()
    fill_rows = file.execute(
        "SELECT exchange_trade_id, order_id, symbol, trade_type, order_type, price, amount, trade_fee, timestamp,"
        " base_asset FROM TradeFill WHERE market = ? ORDER BY rowid",
        (connector,),
    ).fetchall()
    payment_rows = quote_rows = []
    if "FundingPayment" in tables:
        payment_rows = file.execute(
            "SELECT symbol, timestamp, rate, amount FROM FundingPayment WHERE market = ?", (connector,)
        ).fetchall()
    if "MarketData" in tables:
        quote_rows = file.execute(
            "SELECT trading_pair, timestamp, mid_price FROM MarketData WHERE exchange = ?", (connector,)
        ).fetchall()
    reader = _Reader()
    fills = sorted(reader.each(_fill, fill_rows), key=lambda fill: fill.time_ms)
    sides = {fill.order_id: fill.is_buy for fill in fills}
    ends: dict[str, tuple[int, str]] = {}
    for order_id, time, status in statuses:
        if status in ("BuyOrderCreated", "SellOrderCreated"):
            sides[order_id] = status == "BuyOrderCreated"
        elif status in ENDS:
            ends[order_id] = (time, ENDS[status])
    orders = reader.each(lambda row: _order(row, sides, ends), order_rows)
    payments = sorted(reader.each(_payment, payment_rows), key=lambda payment: payment.time_ms)
    quotes = sorted(reader.each(_quote, quote_rows), key=lambda quote: quote.time_ms)
    return Records(
        connector=connector,
        strategies=tuple(dict.fromkeys(row[6] for row in order_rows)),
        orders=tuple(orders),
        fills=tuple(fills),
        payments=tuple(payments),
        quotes=tuple(quotes),
        others=tuple(name for name in names if name != connector),
        unreadable=reader.unreadable,
    )


class _Reader:
    """Turns rows into records; a row that cannot be read costs only itself, and is counted."""

    def __init__(self) -> None:
        self.unreadable = 0

    def each(self, make: Any, rows: list[Any]) -> list[Any]:
        made = []
        for row in rows:
            try:
                made.append(make(row))
            except (ValueError, KeyError, TypeError, InvalidOperation):
                self.unreadable += 1
        return made


def _order(row: Any, sides: dict[str, bool], ends: dict[str, tuple[int, str]]) -> Order:
    order_id, pair, kind, amount, price, created, _strategy = row
    ended, end = ends.get(order_id, (None, ""))
    return Order(order_id, pair, sides[order_id], kind, _unscaled(amount), _unscaled(price), int(created), ended, end)


def _fill(row: Any) -> Fill:
    trade_id, order_id, pair, side, kind, price_int, size_int, fee_json, stamp, base = row
    price, size = _unscaled(price_int), _unscaled(size_int)
    fee, token = _fee(fee_json, price, size, base)
    venue_ms = trade_id.rpartition("-")[2]
    is_venue_time = "-" in trade_id and venue_ms.isdigit() and int(venue_ms) > _MS_SINCE_2001
    return Fill(
        trade_id=trade_id,
        order_id=order_id,
        pair=pair,
        is_buy={"BUY": True, "SELL": False}[side],
        kind=kind,
        price=price,
        size=size,
        fee=fee,
        fee_token=token,
        time_ms=int(venue_ms) if is_venue_time else int(stamp),
        is_venue_time=is_venue_time,
    )


def _fee(text: str, price: Decimal, size: Decimal, base: str) -> tuple[Decimal, str]:
    """The fee in the quote's worth, and its token: collateral tokens stand for USD one to one."""
    fee = json.loads(text) if isinstance(text, str) else text
    parts = [(str(part["token"]), _finite(part["amount"])) for part in fee.get("flat_fees") or []]
    # A percentage is an estimate where the venue has charged an amount; it is counted so that it shows.
    total = _finite(fee.get("percent") or 0) * price * size
    for token, amount in parts:
        total += amount * price if token == base else amount
    return total, parts[0][0] if parts else str(fee.get("percent_token") or "")


def _payment(row: Any) -> Payment:
    pair, stamp, rate, amount = row
    time_ms = int(stamp) if stamp > _MS_SINCE_2001 else round(stamp * 1000)
    # Kept as floats there: their shortest text has the decimals that the venue told.
    return Payment(pair, time_ms, _finite(str(rate)), _finite(str(amount)))


def _quote(row: Any) -> Quote:
    pair, stamp, mid = row
    return Quote(pair, int(_unscaled(stamp)), _unscaled(mid))


def _unscaled(value: int) -> Decimal:
    return Decimal(int(value)).scaleb(-_SCALE)


def _finite(text: object) -> Decimal:
    value = Decimal(str(text))
    if not is_plausible(value):
        raise ValueError(f"expected a finite number, got {text!r}")
    return value + _ZERO
