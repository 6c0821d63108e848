"""Two sets of books compared: the fills in the bot's own trade database, and those in the exchange's ledger."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from hyperliquid_perpetual.report.text import plain as plain

# Hummingbot stores prices and sizes as integers of a millionth (SqliteDecimal(6) in its TradeFill).
SCALE = 6
SIDES = {"BUY": "B", "SELL": "A"}
# What the exchange order id of a TWAP begins with.
TWAP = "twap:"

ZERO = Decimal(0)


@dataclass(frozen=True)
class Fill:
    """One trade of ours, as either side of the comparison tells it."""

    tid: str
    #: Unix milliseconds on the venue's clock. A trade id alone is not unique (reference, section 11).
    time: int
    coin: str
    #: ``B`` bought, ``A`` sold.
    side: str
    price: Decimal
    size: Decimal
    #: In the collateral token; negative when the venue paid us.
    fee: Decimal
    #: The client order id; for a slice of a TWAP, which has none at the venue, ``twap:`` and the TWAP's number.
    cloid: str

    @classmethod
    def from_venue(cls, row: dict[str, Any]) -> Self:
        """From a fill as the exchange reports it (reference, section 11)."""
        return cls(
            tid=str(row["tid"]),
            time=row["time"],
            coin=row["coin"],
            side=row["side"],
            price=Decimal(row["px"]),
            size=Decimal(row["sz"]),
            fee=Decimal(row["fee"]),
            cloid=f"{TWAP}{row['twapId']}" if row.get("twapId") is not None else row.get("cloid") or "",
        )

    @property
    def signed_size(self) -> Decimal:
        """What it adds to the position."""
        return self.size if self.side == "B" else -self.size

    def differences(self, other: Self) -> list[str]:
        """What the other telling has different, in words; empty when both agree."""
        names = ("time", "coin", "side", "price", "size", "fee", "cloid")
        pairs = ((name, getattr(self, name), getattr(other, name)) for name in names)
        return [f"{name} {_shown(mine)} against {_shown(theirs)}" for name, mine, theirs in pairs if mine != theirs]


@dataclass(frozen=True)
class BotBooks:
    """What a bot's trade database says about one run."""

    fills: tuple[Fill, ...]
    orders_created: int
    orders_cancelled: int

    @classmethod
    def read(cls, database: Path, connector: str) -> "BotBooks":
        """Read the sqlite file of a bot; one that does not exist means a bot that recorded nothing.

        :param connector: whose orders and fills count. Those of a second connector, such as Hummingbot's paper trade,
            are in no ledger of the exchange.
        """
        if not database.exists():
            return cls((), 0, 0)
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            created = connection.execute('SELECT count(*) FROM "Order" WHERE market = ?', (connector,)).fetchone()[0]
            cancelled = connection.execute(
                "SELECT count(DISTINCT order_id) FROM OrderStatus WHERE status = 'OrderCancelled'"
                ' AND order_id IN (SELECT id FROM "Order" WHERE market = ?)',
                (connector,),
            ).fetchone()[0]
            rows = connection.execute(
                "SELECT exchange_trade_id, f.symbol, trade_type, f.price, f.amount, trade_fee, order_id,"
                ' exchange_order_id FROM TradeFill f LEFT JOIN "Order" o ON o.id = order_id'
                " WHERE f.market = ? ORDER BY f.timestamp",
                (connector,),
            ).fetchall()
        return cls(tuple(_from_trade_fill(*row) for row in rows), created, cancelled)


@dataclass(frozen=True)
class Comparison:
    """Where two sets of books differ. Nothing is rounded: a difference of one unit in the last place is one."""

    fills_bot: int
    fills_exchange: int
    #: One line per fill that only one side knows, or that both tell differently.
    fill_differences: tuple[str, ...]
    #: Sum over all coins of the size by which the positions differ, in coins.
    position_difference: Decimal
    #: Fees in the bot's books less those in the exchange's.
    fee_difference: Decimal


def compare(bot: Iterable[Fill], exchange: Iterable[Fill], positions: dict[str, Decimal]) -> Comparison:
    """Compare fill by fill, by trade id.

    :param positions: the exchange's signed position per coin, to which all fills of the bot must add up.
    """
    mine, theirs = list(bot), list(exchange)
    return Comparison(
        fills_bot=len(mine),
        fills_exchange=len(theirs),
        fill_differences=tuple(_fill_differences(mine, theirs)),
        position_difference=_position_difference(mine, positions),
        fee_difference=sum((fill.fee for fill in mine), ZERO) - sum((fill.fee for fill in theirs), ZERO),
    )


def _fill_differences(bot: list[Fill], exchange: list[Fill]) -> list[str]:
    unmatched: dict[str, list[Fill]] = defaultdict(list)
    for fill in exchange:
        unmatched[fill.tid].append(fill)
    found = []
    for fill in bot:
        # Both orders of a trade carry its id, and two orders can meet twice: then order and time tell the fills apart.
        candidates = sorted(unmatched[fill.tid], key=lambda other: (other.cloid != fill.cloid, other.time != fill.time))
        if not candidates:
            found.append(f"trade {fill.tid}: only the bot knows it ({_told(fill)})")
            continue
        other = candidates[0]
        unmatched[fill.tid].remove(other)
        if wrong := fill.differences(other):
            found.append(f"trade {fill.tid}: bot and exchange differ: {', '.join(wrong)}")
    rest = (fill for fills in unmatched.values() for fill in fills)
    return [*found, *(f"trade {fill.tid}: only the exchange knows it ({_told(fill)})" for fill in rest)]


def _position_difference(fills: list[Fill], positions: dict[str, Decimal]) -> Decimal:
    sizes: dict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        sizes[fill.coin] += fill.signed_size
    return sum((abs(sizes.get(coin, ZERO) - positions.get(coin, ZERO)) for coin in {*sizes, *positions}), ZERO)


def _from_trade_fill(
    trade_id: str,
    symbol: str,
    trade_type: str,
    price: int,
    amount: int,
    trade_fee: str,
    order_id: str,
    exchange_order_id: str | None,
) -> Fill:
    notional = Decimal(price).scaleb(-SCALE) * Decimal(amount).scaleb(-SCALE)
    tid, _, time = trade_id.partition("-")  # the connector's name of a fill: trade id and time
    fee = json.loads(trade_fee)
    flat = sum((Decimal(part["amount"]) for part in fee["flat_fees"]), ZERO)
    return Fill(
        tid=tid,
        time=int(time) if time.isdigit() else 0,
        coin=symbol.rpartition("-")[0],
        side=SIDES[trade_type],
        price=Decimal(price).scaleb(-SCALE),
        size=Decimal(amount).scaleb(-SCALE),
        # A percentage is an estimate where the exchange has charged an amount; it is counted so that it shows.
        fee=flat + Decimal(fee["percent"]) * notional,
        cloid=exchange_order_id if exchange_order_id and exchange_order_id.startswith(TWAP) else order_id,
    )


def _shown(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def _told(fill: Fill) -> str:
    verb = "bought" if fill.side == "B" else "sold"
    return f"{verb} {plain(fill.size)} {fill.coin} at {plain(fill.price)}, fee {plain(fill.fee)}"
