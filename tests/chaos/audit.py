"""What Hummingbot wrote down and believes, against the exchange's ledger; to the last unit, and fill by fill.

Nothing of the connector is used here: the database is read as the tables that Hummingbot made, the ledger as JSON.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from hyperliquid_perpetual.demo.books import SCALE, BotBooks, Fill, plain

PREFIX = "0x48424f54"
"""What the client order ids of the connector begin with (`HBOT`)."""

CONNECTOR = "hyperliquid_perpetual_sandbox"
ZERO = Decimal(0)
TOKEN = "USDC"
FAILED = "OrderFailure"
FUNDING_MS = 60_000
"""How far apart the same funding payment may stand in time: Hummingbot's record is moved by microseconds."""


@dataclass(frozen=True)
class Finding:
    """One difference."""

    kind: str
    """`lost fill`, `duplicate fill`, `phantom failure`, `orphan`, `position`, `balance`, `funding`, `ending`..."""
    text: str
    ids: tuple[str, ...] = ()
    """What to look for in the logs."""
    amount: Decimal = ZERO
    """By how much, where it is about an amount."""


@dataclass
class Books:
    """What one bot left behind: its database, and what it was told."""

    fills: list[Fill] = field(default_factory=list)
    orders: set[str] = field(default_factory=set)
    last_status: dict[str, str] = field(default_factory=dict)
    fundings: list[tuple[int, str, Decimal]] = field(default_factory=list)
    fees_in_quote: dict[tuple[str, int, str], Decimal] = field(default_factory=dict)
    """By trade id, time and order: what Hummingbot has converted a fill's fee to."""

    @classmethod
    def read(cls, database: Path) -> "Books":
        """Everything that counts in Hummingbot's database."""
        if not database.exists():
            return cls()
        fills = list(BotBooks.read(database, CONNECTOR).fills)
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute('SELECT id, last_status FROM "Order" WHERE market = ?', (CONNECTOR,)).fetchall()
            payments = connection.execute(
                "SELECT timestamp, symbol, amount FROM FundingPayment WHERE market = ?", (CONNECTOR,)
            ).fetchall()
            converted = connection.execute(
                "SELECT exchange_trade_id, order_id, trade_fee_in_quote FROM TradeFill WHERE market = ?", (CONNECTOR,)
            ).fetchall()
        return cls(
            fills,
            {row[0] for row in rows},
            dict(rows),
            [(_milliseconds(at), symbol, Decimal(repr(float(amount)))) for at, symbol, amount in payments],
            {(*_named(name), order): Decimal(fee or 0).scaleb(-SCALE) for name, order, fee in converted},
        )


def fills(books: Books, ledger: list[dict[str, Any]], told: Container[str] = ()) -> Iterator[Finding]:
    """Every fill of the ledger exactly once, with its price, size and fee, and none besides.

    :param told: orders that Hummingbot was told something of.
    """
    theirs = [Fill.from_venue(row) for row in ledger]
    left: dict[tuple[str, int, str], list[Fill]] = defaultdict(list)
    for fill in theirs:
        if fill.cloid.startswith(PREFIX):
            left[_key(fill)].append(fill)
        else:
            yield Finding("foreign fill", f"the venue did this by itself: {_told(fill)}", (fill.tid,))
    known = {(fill.tid, fill.coin) for fill in theirs}
    for fill in books.fills:
        candidates = left[_key(fill)]
        if not candidates:
            what = (
                "a fill is in the database once more than it happened"
                if (fill.tid, fill.coin) in known
                else ("a fill is in the database that never happened")
            )
            yield Finding("duplicate fill", f"{what}: {_told(fill)}", (fill.cloid, fill.tid))
            continue
        other = candidates.pop()
        if wrong := fill.differences(other):
            yield Finding(
                "lost fill", f"bot and exchange tell {_told(other)} differently: {', '.join(wrong)}", (fill.cloid,)
            )
    for fill in (fill for rest in left.values() for fill in rest):
        never = (
            ""
            if fill.cloid in books.orders or fill.cloid in told
            else " (the bot was killed before Hummingbot had recorded the order)"
        )
        yield Finding("lost fill", f"only the exchange has {_told(fill)}{never}", (fill.cloid, fill.tid))


def fees_in_quote(books: Books) -> Iterator[Finding]:
    """Every fee converted to the quote, of which one is one USDC."""
    for fill in books.fills:
        converted = books.fees_in_quote[_key(fill)]
        if converted != fill.fee:
            told = f"{_told(fill)}: Hummingbot has counted the fee as {plain(converted)} USD"
            yield Finding("fee in quote", told, (fill.cloid, fill.tid))


def positions(view: dict[str, Any], ledger: dict[str, Any]) -> Iterator[Finding]:
    """The signed size of every position."""
    mine = {_coin(pair): Decimal(position["amount"]) for pair, position in view["positions"].items()}
    theirs = {coin: Decimal(size) for coin, size in ledger["positions"].items()}
    for coin in sorted({*mine, *theirs}):
        ours, real = mine.get(coin, ZERO), theirs.get(coin, ZERO)
        if ours != real:
            yield Finding("position", f"{coin}: bot {plain(ours)}, exchange {plain(real)}", (), abs(ours - real))


def entry_prices(view: dict[str, Any], ledger: dict[str, Any]) -> Iterator[Finding]:
    """The average price of every position that both sides have."""
    stated = (item["position"] for item in ledger["state"]["assetPositions"])
    theirs = {position["coin"]: Decimal(position["entryPx"]) for position in stated if Decimal(position["szi"])}
    for pair, position in view["positions"].items():
        ours, real = Decimal(position["entry"]), theirs.get(_coin(pair))
        if real is not None and ours != real:
            yield Finding("entry price", f"{pair}: bot {plain(ours)}, exchange {plain(real)}")


def balances(view: dict[str, Any], ledger: dict[str, Any]) -> Iterator[Finding]:
    """All there is, and what is free of it."""
    state = ledger["state"]
    real = {"total": state["marginSummary"]["accountValue"], "available": state["withdrawable"]}
    for what, text in real.items():
        ours, theirs = Decimal(view[what].get(TOKEN, "0")), Decimal(text)
        if ours != theirs:
            told = f"{what} {TOKEN}: bot {plain(ours)}, exchange {plain(theirs)}"
            yield Finding("balance", told, (), abs(ours - theirs))


def open_orders(view: dict[str, Any], ledger: dict[str, Any]) -> Iterator[Finding]:
    """Every order that rests is known to the bot, with its price and what is left of it, and none besides."""
    mine = {order["cloid"]: order for order in view["orders"]}
    theirs = {order["cloid"]: order for order in ledger["openOrders"] if (order["cloid"] or "").startswith(PREFIX)}
    for cloid in sorted(theirs.keys() - mine.keys()):
        yield Finding("orphan", f"rests at the venue and the bot does not know it: {theirs[cloid]}", (cloid,))
    for cloid in sorted(mine.keys() - theirs.keys()):
        yield Finding("orphan", f"the bot believes in it and the venue does not have it: {mine[cloid]}", (cloid,))
    for cloid in sorted(mine.keys() & theirs.keys()):
        ours, real = mine[cloid], theirs[cloid]
        left = Decimal(ours["amount"]) - Decimal(ours["filled"])
        side = {"BUY": "B", "SELL": "A"}[ours["side"]]
        same = side == real["side"] and Decimal(ours["price"]) == Decimal(real["px"]) and left == Decimal(real["sz"])
        if not same or str(real["oid"]) != str(ours["oid"]):
            yield Finding("open order", f"bot {ours}, exchange {real}", (cloid,))


def fundings(books: Books, ledger: list[dict[str, Any]]) -> Iterator[Finding]:
    """Every payment exactly once."""
    left = [(row["time"], row["delta"]["coin"], Decimal(row["delta"]["usdc"])) for row in ledger]
    for at, pair, amount in books.fundings:
        same = [row for row in left if row[1] == _coin(pair) and row[2] == amount and abs(row[0] - at) < FUNDING_MS]
        if same:
            left.remove(same[0])
        else:
            yield Finding("funding", f"only the bot has a payment of {amount} for {pair} at {at}", (), abs(amount))
    for at, coin, amount in left:
        yield Finding(
            "funding", f"only the exchange has a payment of {plain(amount)} for {coin} at {at}", (), abs(amount)
        )


def failed_orders(events: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Orders of which a failure is the last that Hummingbot was told, with the reason."""
    last = {event["id"]: event for event in events}
    return {order_id: event["why"] or "" for order_id, event in last.items() if event["event"] == FAILED}


def phantom_failures(failed: dict[str, str], statuses: dict[str, str]) -> Iterator[Finding]:
    """Reported as failed, and yet accepted by the exchange.

    :param statuses: what the exchange says of each order that it knows.
    """
    for cloid, why in failed.items():
        status = statuses.get(cloid, "")
        if status and "ejected" not in status:
            yield Finding("phantom failure", f"failed for the bot ({why}), {status} at the venue", (cloid,))


def endings(books: Books, history: list[dict[str, Any]]) -> Iterator[Finding]:
    """An order that the venue has filled is complete in the database, one that it has cancelled is cancelled.

    A reduce-only order may be both: the venue shrinks it with the position, and it ends for the bot with a remainder.
    """
    shrinkable = {row["order"]["cloid"] for row in history if row["order"].get("reduceOnly")}
    for cloid, status in newest_statuses(history).items():
        mine = books.last_status.get(cloid)
        if mine is None or not cloid.startswith(PREFIX):
            continue
        filled, cancelled = status == "filled", "ancel" in status
        if filled and mine == "OrderCancelled" and cloid in shrinkable:
            continue
        if (filled and not mine.endswith("OrderCompleted")) or (cancelled and mine != "OrderCancelled"):
            yield Finding("ending", f"{status} at the venue, {mine} in the database", (cloid,))


def newest_statuses(history: list[dict[str, Any]]) -> dict[str, str]:
    """The status of each order by cloid; an amended one has several oids, of which the newest counts."""
    rows = sorted(history, key=lambda row: row["order"]["oid"])
    return {row["order"]["cloid"]: row["status"] for row in rows if row["order"].get("cloid")}


def counted(findings: Iterable[Finding]) -> Counter[str]:
    """How many there are of each kind."""
    return Counter(finding.kind for finding in findings)


def _key(fill: Fill) -> tuple[str, int, str]:
    return fill.tid, fill.time, fill.cloid


def _named(exchange_trade_id: str) -> tuple[str, int]:
    tid, _, time = exchange_trade_id.partition("-")
    return tid, int(time) if time.isdigit() else 0


def _coin(pair: str) -> str:
    return pair.rpartition("-")[0]


def _milliseconds(timestamp: Any) -> int:
    """Hummingbot's column holds seconds or milliseconds, depending on who wrote it."""
    value = float(timestamp)
    return int(value * 1000) if value < 1e11 else int(value)


def _told(fill: Fill) -> str:
    verb = "bought" if fill.side == "B" else "sold"
    return (
        f"fill {fill.tid} of {fill.cloid}: {verb} {plain(fill.size)} {fill.coin} at {plain(fill.price)}, "
        f"fee {plain(fill.fee)}, at {fill.time}"
    )
