"""What the user sees while the demo runs: a live table on a terminal, plain lines anywhere else."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from rich.console import Console
from rich.live import Live
from rich.table import Table

from hyperliquid_perpetual.demo.exchange import AccountView
from hyperliquid_perpetual.report.text import plain

PLAIN_LINE_SECONDS = 5.0
#: Where several demos print side by side.
NAMED_LINE_SECONDS = 20.0
COLUMNS = ("time", "market", "mid", "spread", "open orders", "position", "fills", "fees", "PnL")


class Display:
    """Prints the steps of the demo with their duration, and the account while it trades.

    :param name: stands in front of each line, and keeps to plain lines, where several demos print side by side.
    """

    def __init__(self, console: Console, name: str = "") -> None:
        self.console = console
        self._name = name
        self._fancy = console.is_terminal and not name
        self._live: Live | None = None
        self._next_line = 0.0

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """A step that takes a while: what it is before, how long it took after."""
        started = time.monotonic()
        if self._fancy:
            with self.console.status(f"{what} ..."):
                yield
        elif self._name:
            yield
        else:
            self.say(f"{what} ...")
            yield
        self.say(f"{what}: done in {time.monotonic() - started:.1f} s")

    def say(self, text: str) -> None:
        """Text as it is."""
        if self._name:
            text = "\n".join(f"{self._name}: {line}" for line in text.splitlines() if line)
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def trading(self) -> Iterator[None]:
        """While the table is shown."""
        if not self._fancy:
            yield
            return
        with Live(console=self.console, refresh_per_second=4) as self._live:
            yield
        self._live = None

    def show(self, view: AccountView, coins: tuple[str, ...], elapsed: float, seconds: int) -> None:
        """The account as it is now."""
        if self._live is not None:
            self._live.update(table(view, coins, elapsed, seconds))
        elif elapsed >= self._next_line:
            self._next_line = elapsed + (NAMED_LINE_SECONDS if self._name else PLAIN_LINE_SECONDS)
            self.say(line(view, coins, elapsed, seconds))


def table(view: AccountView, coins: tuple[str, ...], elapsed: float, seconds: int) -> Table:
    """One row per market, with the account's figures on the first."""
    grid = Table(*COLUMNS, title="Hummingbot on the sandbox, as the exchange sees it")
    for column in grid.columns[2:]:
        column.justify = "right"
    for number, coin in enumerate(coins):
        account = _account(view) if number == 0 else ("", "", "", "")
        orders, *rest = account
        clock = f"{min(int(elapsed), seconds)} / {seconds} s" if number == 0 else ""
        grid.add_row(clock, coin, *_prices(view, coin), orders, _position(view, coin), *rest)
    return grid


def line(view: AccountView, coins: tuple[str, ...], elapsed: float, seconds: int) -> str:
    """The same in one line."""
    orders, fills, fees, pnl = _account(view)
    markets = []
    for coin in coins:
        mid, spread = _prices(view, coin)
        markets.append(f"{coin} mid {mid} spread {spread} position {_position(view, coin)}")
    clock = f"[{min(int(elapsed), seconds):>3}/{seconds} s]"
    return f"{clock} {'; '.join(markets)}; open orders {orders}, fills {fills}, fees {fees}, PnL {pnl}"


def _prices(view: AccountView, coin: str) -> tuple[str, str]:
    mid, spread = view.mid(coin), view.spread(coin)
    return "-" if mid is None else plain(mid), "-" if spread is None else plain(spread)


def _position(view: AccountView, coin: str) -> str:
    return plain(view.positions.get(coin, Decimal(0)))


def _account(view: AccountView) -> tuple[str, str, str, str]:
    return str(view.open_orders), str(len(view.fills)), f"{view.fees:.4f}", f"{view.pnl:+.4f}"
