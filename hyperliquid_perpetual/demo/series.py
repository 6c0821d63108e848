"""All demos in a row, or a few at a time, each with a sandbox of its own; a table of the results at the end."""

import asyncio
from pathlib import Path

from rich.console import Console
from rich.table import Table

from hyperliquid_perpetual.demo.display import Display
from hyperliquid_perpetual.demo.ending import STATUS_BAD_INPUT, STATUS_FAILED, STATUS_OK, until_signal
from hyperliquid_perpetual.demo.runner import Demo
from hyperliquid_perpetual.homes import configurations
from hyperliquid_perpetual.homes.configurations import Configuration
from hyperliquid_perpetual.report.text import plain

FIGURES = ("ready", "orders", "fills", "differ", "position", "fees", "errors")


def run(seconds: int, output_dir: Path, jobs: int = 1) -> int:
    """Run every configuration and print the results.

    :param seconds: how long each trades, counted from when its bot is ready.
    :param output_dir: gets a folder for each, with what a single demo leaves.
    :param jobs: how many run at the same time.
    :return: 0 when all succeeded; 2 when the input is wrong; 128 plus the number of a signal; otherwise 1.
    """
    console = Console()
    display = Display(console)
    for name, value in (("--seconds", seconds), ("--jobs", jobs)):
        if value < 1:
            display.say(f"{name}: {value} is not a number of 1 or more")
            return STATUS_BAD_INPUT
    try:
        known = configurations.all_configurations()
    except ValueError as error:
        display.say(str(error))
        return STATUS_BAD_INPUT
    series = Series(list(known.values()), seconds, output_dir.resolve(), console)
    return asyncio.run(until_signal(series.run(jobs), display, str(series.output)))


class Series:
    """Several demos, each in a folder of its own."""

    def __init__(self, chosen: list[Configuration], seconds: int, output: Path, console: Console) -> None:
        self.output = output
        self._console = console
        self._demos = [Demo(item, seconds, output / item.name, Display(console, item.name)) for item in chosen]

    async def run(self, jobs: int) -> int:
        """Run them, `jobs` at a time.

        :return: the exit status.
        """
        free = asyncio.Semaphore(jobs)

        async def one(demo: Demo) -> int:
            async with free:
                return await demo.run_to_the_end()

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(demo)) for demo in self._demos]
        statuses = [task.result() for task in tasks]
        self._console.print(table(self._demos, statuses))
        return STATUS_OK if all(status == STATUS_OK for status in statuses) else STATUS_FAILED


def table(demos: list[Demo], statuses: list[int]) -> Table:
    """One row per demo: its figures, and whether it succeeded."""
    # Without lines, so that it fits a terminal of 80 columns.
    grid = Table("strategy", *FIGURES, "", title="Bot and exchange compared", box=None, padding=(0, 1, 0, 0))
    grid.columns[0].no_wrap = True
    for column in grid.columns[1:-1]:
        column.justify = "right"
    for demo, status in zip(demos, statuses, strict=True):
        verdict = "OK" if status == STATUS_OK else "FAILED"
        grid.add_row(demo.configuration.name, *figures(demo), verdict)
    return grid


def figures(demo: Demo) -> list[str]:
    """The columns of a demo; empty for one that did not come to a result."""
    summary = demo.summary
    if summary is None:
        return [""] * len(FIGURES)
    return [
        f"{summary.ready_seconds:.0f} s",
        str(summary.orders_created),
        str(summary.fills_bot),
        str(summary.fill_differences),
        plain(summary.position_difference),
        plain(summary.fee_difference),
        str(summary.errors_logged),
    ]
