"""`make bench-profiles`: where the time and the memory of the five paths go that matter most, as text.

    python benchmarks/profiles.py                  all of them
    python benchmarks/profiles.py --path fill      one

Each path runs thousands of times in this process, alone: first as it is, then under a profiler that sees every call
(which makes small functions look dearer than they are), then under tracemalloc. Writes build/bench/profiles/*.txt, and
the first lines of each into docs/profiles/.
"""

import argparse
import asyncio
import cProfile
import gc
import inspect
import itertools
import json
import linecache
import platform
import pstats
import re
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parent / "beside"))

import hummingbot_cases
import ours

from hyperliquid_perpetual import __version__
from hyperliquid_perpetual.trading.replacements import Answer
from hyperliquid_perpetual.venue.actions import OrderRequest
from hyperliquid_perpetual.venue.frame_decoding import decode_frame
from hyperliquid_perpetual.venue.markets import parse_market_table

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "build" / "bench" / "profiles"
KEPT = ROOT / "docs" / "profiles"
KEPT_LINES = 25
WARM_UP = 200
MARKETS = 200

Run = Callable[[int], Any]
"""Does an operation so many times; may be a coroutine function."""


@dataclass(frozen=True)
class HotPath:
    """Something that is done again and again."""

    name: str
    title: str
    times: int
    prepare: Callable[[], Run | Awaitable[Run]]


async def reply() -> Run:
    """The answer to a posted order, from its text until Hummingbot's order is open and strategies were told."""
    connector = ours.connector()
    price, size = Decimal(84_000), Decimal("0.001")
    numbers = itertools.count(1)
    ready: list[tuple[Any, OrderRequest, str]] = []

    def track(times: int) -> None:
        for number in itertools.islice(numbers, times):
            cloid = f"0x{number:032x}"
            hummingbot_cases.track(connector, cloid, price, size)
            statuses = [{"resting": {"oid": 1_000 + number, "cloid": cloid}}]
            payload = {"status": "ok", "response": {"type": "order", "data": {"statuses": statuses}}}
            data = {"id": number, "response": {"type": "action", "payload": payload}}
            text = json.dumps({"channel": "post", "data": data}, separators=(",", ":"))
            order = connector.in_flight_orders[cloid]
            ready.append((order, OrderRequest(0, True, price, size, False, "Gtc", cloid), text))

    def run(times: int) -> None:
        for order, request, text in [ready.pop() for _ in range(times)]:
            [outcome] = connector._requests._outcomes_of_post(decode_frame(text), 1)
            connector._flow._settle_placement(order, request, Answer(outcome, None))

    run.before = track  # type: ignore[attr-defined]
    return run


async def start_up() -> Run:
    """The metadata of many markets, from its text until they can be traded."""
    connector = ours.connector()
    tiers = [{"lowerBound": "0.0", "maxLeverage": 40}, {"lowerBound": "150000000.0", "maxLeverage": 20}]
    universe = [
        {"name": f"C{number}" if number else "BTC", "szDecimals": number % 6, "maxLeverage": 40, "marginTableId": 56}
        for number in range(MARKETS)
    ]
    meta = {"universe": universe, "marginTables": [[56, {"description": "tiered", "marginTiers": tiers}]]}
    text = json.dumps([meta | {"collateralToken": 0}]).encode()

    def run(times: int) -> None:
        for _ in range(times):
            metas = connector._requests._decode("allPerpMetas", text, list[Any])
            connector._markets._swap(parse_market_table([None], metas, {0: "USDC"}))

    return run


ORDER = "Order to bytes: one order, from what a strategy hands in to the signed body"
REPLY = "Action reply to order state: from the text of an answer until the order is open"
BOOK = "Book frame to book: 20 x 20 levels, from the text until strategies see them"
FILL = "Fill to event: of one of 10 open orders, from the text until OrderFilled"
START = f"Start-up: the metadata of {MARKETS} markets, from its text until they can be traded"

PATHS = (
    HotPath("order", ORDER, 5_000, ours.CASES["sign 1"]),
    HotPath("reply", REPLY, 2_000, reply),
    HotPath("book", BOOK, 2_000, ours.CASES["book"]),
    HotPath("fill", FILL, 2_000, ours.CASES["fill 10"]),
    HotPath("start", START, 20, start_up),
)


async def profile(path: HotPath) -> list[str]:
    """All lines of a path's file."""
    prepared = path.prepare()
    run = await prepared if inspect.isawaitable(prepared) else prepared
    await _do(run, min(WARM_UP, path.times))
    gc.collect()
    plain = await _timed(run, path.times)
    profiler = cProfile.Profile()
    watched = await _timed(run, path.times, profiler)
    kept, peak, lines = await _allocations(run, path.times)
    return [
        f"{path.title}: {_us(plain)} each",
        f"hyperliquid_perpetual {__version__}, Python {platform.python_version()}, {time.strftime('%Y-%m-%d')}",
        "",
        f"Processor time, by own time: {path.times:,} times, {_us(watched)} each under the profiler",
        f"{'own us':>9} {'with callees':>13} {'calls':>7}  function",
        *_functions(profiler, path.times),
        "",
        f"Memory: {peak:,.0f} bytes more at the peak of one, {kept:,.0f} of which stay",
        f"{'bytes':>9} {'blocks':>7}  line",
        *lines,
    ]


async def _do(run: Run, times: int) -> None:
    getattr(run, "before", lambda _times: None)(times)
    await _only_do(run, times)
    getattr(run, "tidy", lambda: None)()


async def _only_do(run: Run, times: int) -> None:
    done = run(times)
    if inspect.isawaitable(done):
        await done


async def _timed(run: Run, times: int, profiler: cProfile.Profile | None = None) -> float:
    """Seconds of one, by processor time."""
    getattr(run, "before", lambda _times: None)(times)
    if profiler is not None:
        profiler.enable()
    began = time.process_time()
    await _only_do(run, times)
    seconds = (time.process_time() - began) / times
    if profiler is not None:
        profiler.disable()
    getattr(run, "tidy", lambda: None)()
    return seconds


async def _allocations(run: Run, times: int) -> tuple[float, float, list[str]]:
    """Bytes of one that stay, bytes at the peak of one, and the lines that have made those."""
    getattr(run, "before", lambda _times: None)(times + WARM_UP + 1)
    gc.collect()
    tracemalloc.start()
    try:
        await _only_do(run, WARM_UP)
        peak = await _peak(run)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        await _only_do(run, times)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    size = sum(each.size_diff for each in peak)
    lines = [f"{each.size_diff:>9,} {each.count_diff:>7,}  {_place(each.traceback[0])}" for each in peak]
    return max(0.0, after - before) / times, size, lines


async def _peak(run: Run) -> list[tracemalloc.StatisticDiff]:
    """What one has allocated at the moment when it holds most, largest first: looked for whenever a call returns."""
    first = most = tracemalloc.take_snapshot()
    highest, _ = tracemalloc.get_traced_memory()

    def look(_frame: object, event: str, _value: object) -> None:
        nonlocal most, highest
        held, _ = tracemalloc.get_traced_memory()
        if event in ("return", "c_return") and held > highest * 1.01:
            most = tracemalloc.take_snapshot()
            # The snapshot itself is held as well from now on.
            highest = max(held, tracemalloc.get_traced_memory()[0])

    sys.setprofile(look)
    try:
        await _only_do(run, 1)
    finally:
        sys.setprofile(None)
    ignored = (tracemalloc.Filter(False, tracemalloc.__file__), tracemalloc.Filter(False, __file__))
    found = most.filter_traces(ignored).compare_to(first.filter_traces(ignored), "lineno")
    return sorted((each for each in found if each.size_diff > 0), key=lambda each: -each.size_diff)


def _functions(profiler: cProfile.Profile, times: int) -> list[str]:
    stats = pstats.Stats(profiler).stats  # type: ignore[attr-defined]
    rows = sorted(((own, total, calls, *where) for where, (_, calls, own, total, _) in stats.items()), reverse=True)
    return [
        f"{own / times * 1e6:>9.2f} {total / times * 1e6:>13.2f} {calls / times:>7.1f}  {_function(file, name)}"
        for own, total, calls, file, _line, name in rows
        if Path(file) != Path(__file__) and "lsprof" not in name
    ]


def _function(file: str, name: str) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", name) if file == "~" else f"{_module(file)}: {name}"


def _place(frame: tracemalloc.Frame) -> str:
    source = linecache.getline(frame.filename, frame.lineno).strip()
    return f"{_module(frame.filename)}: {source}" if source else _module(frame.filename)


def _module(file: str) -> str:
    """A file's name below the project, its environment or Python."""
    parts = Path(file).parts
    for root in ("site-packages", "lib-dynload", "python3.12"):
        if root in parts:
            return "/".join(parts[len(parts) - parts[::-1].index(root) :])
    return Path(file).relative_to(ROOT).as_posix() if Path(file).is_relative_to(ROOT) else Path(file).name


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} us"


def trimmed(lines: list[str]) -> list[str]:
    """The first lines of each of its tables."""
    found: list[str] = []
    for block in "\n".join(lines).split("\n\n"):
        found += [*block.splitlines()[: KEPT_LINES + 2], ""]
    return found[:-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--path", choices=[path.name for path in PATHS])
    wanted = parser.parse_args().path
    for path in PATHS:
        if wanted not in (None, path.name):
            continue
        lines = asyncio.run(profile(path))
        for folder, chosen in ((OUTPUT, lines), (KEPT, trimmed(lines))):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{path.name}.txt").write_text("\n".join(chosen) + "\n")
        print(lines[0], flush=True)


if __name__ == "__main__":
    main()
