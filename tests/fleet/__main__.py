"""`make fleet`: run the fleet, and print how every bot ended."""

import argparse
import asyncio
import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hyperliquid_perpetual.demo.books import plain
from tests.fleet.run import Result, run

FOLDER = Path(__file__).resolve().parents[2] / "build" / "fleet"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fleet", description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to trade before and after the kill")
    arguments = parser.parse_args()
    console = Console()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    result = asyncio.run(run(FOLDER, arguments.seconds, lambda line: console.print(f"  {line}", highlight=False)))
    console.print(table(result))
    console.print(
        f"{result.seconds:.0f} s; request weight {result.weight} in all, {result.refused} requests refused for it, "
        f"{result.turned_away} sockets turned away. Homes and logs: {FOLDER}",
        highlight=False,
        soft_wrap=True,
    )
    for complaint in result.complaints():
        console.print(f"[red]{complaint}[/]", highlight=False, soft_wrap=True)
    return 1 if result.complaints() else 0


def table(result: Result) -> Table:
    """One line for each bot: its own books, the exchange's ledger, and by how much they differ."""
    made = Table(title="The fleet")
    for name in ("bot", "for", "lives", "orders", "fills", "ledger", "Δ position", "Δ fees", "open"):
        made.add_column(name, justify="left" if name in ("bot", "for") else "right", no_wrap=True)
    for row in result.rows:
        books = row.comparison
        made.add_row(
            row.bot,
            row.account,
            str(row.lives),
            str(row.orders),
            str(books.fills_bot),
            str(books.fills_exchange),
            plain(books.position_difference),
            plain(books.fee_difference),
            str(row.open_orders),
        )
    return made


if __name__ == "__main__":
    sys.exit(main())
