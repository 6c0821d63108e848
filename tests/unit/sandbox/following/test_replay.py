"""A recording of a running exchange, played through the books of another one."""

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.clock import VirtualClock
from hyperliquid_perpetual.sandbox.following.replay import ReplayPlan
from hyperliquid_perpetual.sandbox.following.sequence import HOLD_MS
from hyperliquid_perpetual.sandbox.market_streams import Cadence
from hyperliquid_perpetual.sandbox.recording.blocks import RecordingError
from hyperliquid_perpetual.sandbox.recording.recorder import Recorder
from hyperliquid_perpetual.sandbox.recording.records import End, Gap, Metadata, Session, frame_line, record_line
from hyperliquid_perpetual.sandbox.recording.source import fetch_metadata, source_of
from hyperliquid_perpetual.sandbox.recording.writer import RecordingWriter
from tests.unit.sandbox.client import Client, order, until, wallet
from tests.unit.sandbox.following.outside import best_frame, book_frame, trades_frame

START_MS = 1_800_000_000_000
LATER_MS = 1_900_000_000_000
BOOK_MS = 330
COINS = ("BTC", "xyz:TSLA")

Book = tuple[list[tuple[Decimal, Decimal]], list[tuple[Decimal, Decimal]]]


def top(exchange: Sandbox, coin: str) -> Book:
    book = exchange.book(coin, 20)
    bids, asks = ([(level.price, level.size) for level in side] for side in (book.bids, book.asks))
    return bids, asks


def trades(exchange: Sandbox, coin: str, after: int = 0) -> list[tuple[bool, int, int]]:
    state = exchange.engine.market(coin)
    assert state is not None
    return [(trade.is_buy, trade.px, trade.sz) for trade in state.trades if trade.time > after]


@pytest.fixture
async def taken(tmp_path: Path) -> tuple[Path, dict[int, dict[str, Book]], dict[str, list[tuple[bool, int, int]]]]:
    """A recording of eight seconds of a wild market; its books at marked times; its trades."""
    path = tmp_path / "wild.hlrec"
    clock = VirtualClock(START_MS)
    books: dict[int, dict[str, Book]] = {}
    cadence = Cadence(book_ms=BOOK_MS)
    async with Sandbox(seed=5, market="wild", clock=clock, coins=COINS, cadence=cadence) as venue:
        source = source_of(venue.url)
        metadata, coins = await fetch_metadata(source, COINS)
        with RecordingWriter(path) as writer:
            recorder = Recorder(writer, source, coins, metadata, now=clock.now)
            stop = asyncio.Event()
            running = asyncio.create_task(recorder.run(stop))
            await until(lambda: recorder.seen == set(COINS) and len(venue.gate.sessions) == 2)
            await _settled(venue, recorder)
            for mark in range(BOOK_MS, 8_000, BOOK_MS):
                await clock.advance((START_MS + mark - clock.now()) / 1000)
                await _settled(venue, recorder)
                # A book is played a little after it was received. Traders act every 250 ms: not meanwhile.
                if 10 < mark % 250 < 250 - HOLD_MS - 30:
                    books[mark] = {coin: top(venue, coin) for coin in COINS}
            stop.set()
            await running
        return path, books, {coin: trades(venue, coin, START_MS) for coin in COINS}


async def _settled(venue: Sandbox, recorder: Recorder) -> None:
    """Wait until everything that was sent has been received."""
    calm = 0
    while calm < 3:
        before = recorder.frames
        await asyncio.sleep(0.004)
        is_calm = recorder.frames == before and not any(session.backlog for session in venue.gate.sessions)
        calm = calm + 1 if is_calm else 0


async def test_books_at_the_same_moments_and_all_trades_are_those_of_the_recorded_exchange(taken: Any) -> None:
    path, books, traded = taken
    assert len(books) >= 8
    assert all(len(found) > 30 for found in traded.values())
    async with Sandbox(clock=VirtualClock(LATER_MS), replay=path) as replay:
        for mark, expected in books.items():
            await replay.clock.advance((LATER_MS + mark + HOLD_MS + 20 - replay.clock.now()) / 1000)
            for coin in COINS:
                assert top(replay, coin) == expected[coin], (mark, coin)
        await replay.clock.advance(2)
        for coin in COINS:
            assert trades(replay, coin) == traded[coin]
        assert "wild.hlrec has ended: the last books stand still" in replay.driver.condition  # type: ignore[attr-defined]
        assert replay.clients == ("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf",)


async def test_markets_are_those_of_the_recorded_exchange(taken: Any) -> None:
    path, _, _ = taken
    async with Sandbox(clock="virtual") as venue, Sandbox(clock="virtual", replay=path) as replay:
        async with Client(venue, wallet(1)) as original, Client(replay, wallet(1)) as copy:
            for dex in ("", "xyz"):
                assert await copy.info("meta", dex=dex) == await original.info("meta", dex=dex)
            names = [entry and entry["name"] for entry in await copy.info("perpDexs")]
            assert names == [None, "xyz", "vntl", "km"]
        assert replay.engine.market("xyz:TSLA").market.asset == 110_001  # type: ignore[union-attr]


async def test_speed_plays_it_faster(taken: Any) -> None:
    path, _, traded = taken
    async with Sandbox(clock=VirtualClock(LATER_MS), driver=ReplayPlan(path, speed=4)) as replay:
        await replay.clock.advance(2.2)
        assert trades(replay, "BTC") == traded["BTC"]
        assert replay.driver.regime == "replay of wild.hlrec at 4 times its speed"


async def test_loop_begins_again(taken: Any) -> None:
    path, _, traded = taken
    async with Sandbox(clock=VirtualClock(LATER_MS), driver=ReplayPlan(path, loop=True, speed=8)) as replay:
        await replay.clock.advance(3.3)
        assert replay.driver.rounds >= 2  # type: ignore[attr-defined]
        assert replay.driver.condition == ""  # type: ignore[attr-defined]
        count = len(traded["BTC"])
        assert trades(replay, "BTC")[: 2 * count] == traded["BTC"] * 2


# ---------------------------------------------------------------------- recordings written by hand

ETH = {"name": "ETH", "szDecimals": 4, "maxLeverage": 25, "marginTableId": 25}
META: list[Any] = [
    {"universe": [ETH], "marginTables": [], "collateralToken": 0},
    [{"oraclePx": "2800", "markPx": "2800"}],
]
USDC = {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "tokenId": "0x" + "0" * 32, "isCanonical": True}


def written(path: Path, *records: tuple[int, Any], session: bool = True) -> Path:
    """A recording of ETH: frames and other records at milliseconds after its beginning."""
    with RecordingWriter(path) as writer:
        if session:
            metadata = Metadata([None], {"universe": [], "tokens": [USDC]}, {"": META})
            writer.append(record_line(START_MS, Session("hand", "http://127.0.0.1:1", ["ETH"], "0", metadata)))
        for at, body in records:
            if isinstance(body, dict):
                writer.append(frame_line(START_MS + at, msgspec.json.encode(body)))
            else:
                writer.append(record_line(START_MS + at, body))
    return path


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    def made(*records: tuple[int, Any], **options: Any) -> Sandbox:
        plan = ReplayPlan(written(tmp_path / "hand.hlrec", *records), **options)
        return Sandbox(clock="virtual", driver=plan)

    return made


async def test_users_order_over_http_is_filled_in_its_turn(play: Callable[..., Sandbox]) -> None:
    records = [
        (0, book_frame(START_MS, [(2800, 1)], [(2801, 1)])),
        (1_000, trades_frame(START_MS + 1_000, ("A", 2800, "0.4", 1))),
        (2_000, trades_frame(START_MS + 2_000, ("A", 2800, "0.8", 2))),
        (3_000, best_frame(START_MS + 3_000, (2800, 1), (2801, 1))),
    ]
    async with play(*records, queue="pessimistic") as exchange, Client(exchange, wallet(21)) as user:
        exchange.fund(user.address)
        (status,) = await user.place(order(0, True, "2800", "0.5"))
        oid = status["resting"]["oid"]
        await exchange.clock.advance(1.5)
        assert exchange.fills(user.address) == ()
        await exchange.clock.advance(1)
        (fill,) = exchange.fills(user.address)
        assert (fill.size, fill.price, fill.oid, fill.crossed) == (Decimal("0.2"), 2800, oid, False)
        assert exchange.account(user.address).position("ETH") == Decimal("0.2")


async def test_gap_empties_the_books_and_is_not_waited_for(play: Callable[..., Sandbox]) -> None:
    records = [
        (0, book_frame(START_MS, [(2800, 1)], [(2801, 1)])),
        (3_600_000, Gap(START_MS + 500, "the recorder was not running")),
        (3_600_100, book_frame(START_MS + 3_600_100, [(2900, 1)], [(2901, 1)])),
        (3_601_000, End()),
    ]
    async with play(*records) as exchange:
        assert top(exchange, "ETH")[0] == [(2800, 1)]
        await exchange.clock.advance(1)
        assert top(exchange, "ETH") == ([], [])
        await exchange.clock.advance(1)
        assert top(exchange, "ETH")[0] == [(2900, 1)]


async def test_gap_of_the_fast_books_alone_changes_nothing(play: Callable[..., Sandbox]) -> None:
    records = [
        (0, book_frame(START_MS, [(2800, 1)], [(2801, 1)])),
        (1_000, Gap(START_MS + 500, "the connection was closed", "fast")),
        (1_500, best_frame(START_MS + 1_500, (2800, 2), (2801, 1))),
    ]
    async with play(*records) as exchange:
        await exchange.clock.advance(1.2)
        assert top(exchange, "ETH")[0] == [(2800, 1)]
        await exchange.clock.advance(1)
        assert top(exchange, "ETH")[0] == [(2800, 2)]


async def test_listed_and_delisted_markets_of_ones_own_stand_beside_the_replay(play: Callable[..., Sandbox]) -> None:
    records = [(n * 500, book_frame(START_MS + n * 500, [(2800, n + 1)], [(2801, 1)])) for n in range(4)]
    async with play(*records) as exchange:
        exchange.listings.list_market("MINE", "5")
        exchange.listings.delist("ETH")
        await exchange.clock.advance(3)
        assert top(exchange, "ETH") == ([], [])
        assert top(exchange, "MINE") == ([], [])


def test_damaged_recording_is_played_only_when_that_is_asked_for(tmp_path: Path) -> None:
    path = written(tmp_path / "hand.hlrec", (0, book_frame(START_MS, [(2800, 1)], [(2801, 1)])))
    whole = path.stat().st_size
    written(path, (100, best_frame(START_MS + 100, (2800, 2), (2801, 1))), session=False)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1)
    with pytest.raises(RecordingError, match=rf"is cut.*at byte {whole}\)"):
        Sandbox(replay=path)
    sandbox = Sandbox(clock="virtual", driver=ReplayPlan(path, partial=True))
    sandbox.driver.open()
    assert top(sandbox, "ETH")[0] == [(2800, 1)]


def test_options_that_make_no_sense_say_what_would() -> None:
    with pytest.raises(ValueError, match="a speed is more than 0"):
        ReplayPlan("any", speed=0)
    with pytest.raises(ValueError, match="there are pessimistic, proportional, optimistic"):
        ReplayPlan("any", queue="hopeful")
    with pytest.raises(ValueError, match="give one of replay, mirror and driver"):
        Sandbox(replay="any", mirror="testnet")


def test_metadata_with_entries_that_cannot_be_read_keeps_every_asset_id() -> None:
    from hyperliquid_perpetual.sandbox.following.markets import MetadataError, market_set_of

    universe = [{"name": "ODD", "szDecimals": "many"}, ETH, {**ETH, "name": "OLD", "isDelisted": True}]
    context = {"oraclePx": "2800", "markPx": "2800"}
    metadata = Metadata(
        [None, {"name": "abc", "deployerFeeScale": "0.5"}],
        {"tokens": [USDC]},
        {"": [{"universe": universe, "marginTables": [], "collateralToken": 0}, [context] * 3]},
    )
    found = market_set_of(metadata)
    assert [(market.coin, market.asset, market.is_delisted) for market in found.markets] == [
        ("ODD", 0, True),
        ("ETH", 1, False),
        ("OLD", 2, True),
    ]
    assert found.dex_names == ["", "abc"]
    with pytest.raises(MetadataError, match="cannot be read"):
        market_set_of(Metadata([None], {"tokens": []}, {"": META}))
