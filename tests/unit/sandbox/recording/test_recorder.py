"""Recording a running exchange over real sockets: what comes in, what interrupts it, and the command itself."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.market_streams import Cadence
from hyperliquid_perpetual.sandbox.recording import command
from hyperliquid_perpetual.sandbox.recording.feed import Feed
from hyperliquid_perpetual.sandbox.recording.reader import Recording
from hyperliquid_perpetual.sandbox.recording.records import End, Frame, Gap, Session, record_line
from hyperliquid_perpetual.sandbox.recording.source import SourceError, fetch_metadata, source_of
from hyperliquid_perpetual.sandbox.recording.summary import summarize
from hyperliquid_perpetual.sandbox.recording.writer import RecordingWriter
from tests.unit.sandbox.client import until

QUICK = Cadence(book_ms=150, fast_book_ms=50, context_ms=100)
SCRIPT = """
import sys
from pathlib import Path
from hyperliquid_perpetual.sandbox.recording import command, recorder
recorder.BLOCK_SECONDS = 0.1
sys.exit(command.run(Path(sys.argv[1]), sys.argv[2] or None, sys.argv[3].split(",") if sys.argv[3] else None))
"""


@pytest.fixture
async def venue() -> AsyncIterator[Sandbox]:
    async with Sandbox(seed=3, market="wild", coins=("BTC", "ETH", "xyz:TSLA"), cadence=QUICK) as sandbox:
        yield sandbox


class Recorder:
    """`hyperliquid-perpetual record` in a process of its own, with blocks of a tenth of a second."""

    def __init__(self, path: Path, url: str = "", coins: str = "") -> None:
        self.path = path
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(path), url, coins],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, number: int) -> str:
        self.process.send_signal(number)
        return self.process.communicate(timeout=20)[0]


@pytest.fixture
def recorders() -> Iterator[list[Recorder]]:
    started: list[Recorder] = []
    yield started
    for recorder in started:
        if recorder.process.poll() is None:
            recorder.process.kill()
            recorder.process.communicate()


def counts(path: Path) -> dict[str, int]:
    """Frames by channel, as far as the file can be read; nothing before there is one."""
    found: dict[str, int] = {}
    if path.exists() and path.stat().st_size > 16:
        for entry in Recording(path, partial=True):
            if isinstance(entry.body, Frame):
                channel = re.match(rb'\{"channel":"(\w+)"', entry.body.data)
                assert channel is not None
                found[channel[1].decode()] = found.get(channel[1].decode(), 0) + 1
    return found


def has_everything(path: Path) -> bool:
    return {"l2Book", "bbo", "trades", "activeAssetCtx"} <= set(counts(path))


async def test_every_stream_is_recorded_as_it_came_with_metadata_first(
    venue: Sandbox, tmp_path: Path, recorders: list[Recorder]
) -> None:
    path = tmp_path / "one.hlrec"
    recorders.append(Recorder(path, venue.url, "BTC,xyz:TSLA"))
    await until(lambda: has_everything(path), 30)
    printed = await asyncio.to_thread(recorders[0].end, signal.SIGINT)
    assert recorders[0].process.returncode == 0, printed
    records = list(Recording(path))
    session = records[0].body
    assert isinstance(session, Session)
    assert (session.url, session.coins) == (venue.url, ["BTC", "xyz:TSLA"])
    assert set(session.metadata.dexs) == {"", "xyz"}
    assert [entry and entry["name"] for entry in session.metadata.perp_dexs] == [None, "xyz", "vntl", "km"]
    assert [token["name"] for token in session.metadata.spot_meta["tokens"]] == ["USDC"]
    assert isinstance(records[-1].body, End)
    assert [entry.time for entry in records] == sorted(entry.time for entry in records)
    frames = [entry.body.data for entry in records if isinstance(entry.body, Frame)]
    books = [frame for frame in frames if frame.startswith(b'{"channel":"l2Book"')]
    assert {b'"fast":true' in frame for frame in books} == {True, False}
    assert {coin for coin in (b'"BTC"', b'"xyz:TSLA"', b'"ETH"') if any(coin in frame for frame in frames)} == {
        b'"BTC"',
        b'"xyz:TSLA"',
    }
    assert f"Recorded {len(frames)} frames" in printed


async def test_killed_recorder_loses_its_last_block_at_most_and_the_next_one_goes_on(
    venue: Sandbox, tmp_path: Path, recorders: list[Recorder]
) -> None:
    path = tmp_path / "one.hlrec"
    recorders.append(Recorder(path, venue.url, "BTC"))
    await until(lambda: has_everything(path), 30)
    recorders[0].process.kill()
    await asyncio.to_thread(recorders[0].process.communicate)
    before = counts(path)
    recorders.append(Recorder(path))
    await until(lambda: counts(path).get("bbo", 0) > before["bbo"] + 5, 30)
    await asyncio.to_thread(recorders[1].end, signal.SIGTERM)
    bodies = [entry.body for entry in Recording(path)]
    assert [type(body) for body in bodies if not isinstance(body, Frame)] == [Session, Gap, Session, End]
    (gap,) = [body for body in bodies if isinstance(body, Gap)]
    assert gap.reason == "the recorder was not running"
    lines = summarize(path).lines
    assert "in 2 sessions" in lines[0]
    assert any(line.startswith("gap: nothing from") for line in lines)


async def test_dropped_sockets_are_connected_again_and_leave_gaps(
    venue: Sandbox, tmp_path: Path, recorders: list[Recorder]
) -> None:
    path = tmp_path / "one.hlrec"
    recorders.append(Recorder(path, venue.url, "BTC"))
    await until(lambda: has_everything(path), 30)
    venue.drop_websockets()
    await until(lambda: venue.sockets == 2, 20)
    before = counts(path)
    await until(lambda: counts(path).get("bbo", 0) > before["bbo"] + 5, 20)
    await asyncio.to_thread(recorders[0].end, signal.SIGINT)
    gaps = [entry.body for entry in Recording(path) if isinstance(entry.body, Gap)]
    assert sorted(gap.streams for gap in gaps) == ["all", "fast"]


class Nobody:
    """Hears everything, and does nothing."""

    def on_frame(self, received: int, channel: str, frame: bytes) -> None:
        pass

    def on_lost(self, streams: str, since: int, reason: str) -> None:
        pass

    def on_connected(self, streams: str) -> None:
        pass


async def test_both_cadences_of_a_book_are_on_sockets_of_their_own(venue: Sandbox) -> None:
    feed = asyncio.create_task(Feed(source_of(venue.url), ["BTC", "ETH"], Nobody()).run())
    await until(lambda: venue.sockets == 2 and sum(len(s.subscriptions) for s in venue.gate.sessions) == 10, 30)
    subscribed = sorted(
        sorted({(type(entry).__name__, getattr(entry, "fast", None)) for entry in session.subscriptions}, key=str)
        for session in venue.gate.sessions
    )
    feed.cancel()
    await asyncio.wait([feed])
    assert [("L2Book", True)] in subscribed
    assert [("ActiveAssetCtx", None), ("Bbo", None), ("L2Book", False), ("Trades", None)] in subscribed


# ---------------------------------------------------------------------- what cannot be recorded


@pytest.mark.parametrize(
    ("coins", "message"),
    [
        (["btc"], "does not list 'btc'; near it: BTC"),
        (["kPEPPE"], "does not list 'kPEPPE'; near it: kPEPE"),
        (["MATIC"], "does not list 'MATIC'"),
        (["zzz:GOLD"], "has no dex 'zzz' for zzz:GOLD; its HIP-3 dexs are: xyz, vntl, km"),
        ([], "give 1 to 200 coins, not 0"),
    ],
)
async def test_coins_that_are_not_there_are_named_with_near_ones(
    exchange: Sandbox, coins: list[str], message: str
) -> None:
    with pytest.raises(SourceError, match=re.escape(message)):
        await fetch_metadata(source_of(exchange.url), coins)


async def test_without_a_wish_a_few_favourites_are_followed(exchange: Sandbox) -> None:
    _, coins = await fetch_metadata(source_of(exchange.url), None)
    assert coins == ("BTC", "ETH", "SOL")


def test_sources_have_names_or_urls() -> None:
    assert source_of("testnet").ws_url == "wss://api.hyperliquid-testnet.xyz/ws"
    assert source_of("http://127.0.0.1:5/").url == "http://127.0.0.1:5"
    for text in ("nonsense", "ftp://x", "http://", "http://user:secret@host", "http://host?x=1"):
        with pytest.raises(ValueError, match="is no source: give mainnet, testnet, sandbox, or a URL"):
            source_of(text)


def test_venue_that_cannot_be_reached_leaves_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "one.hlrec"
    assert command.run(path, "http://127.0.0.1:9", ["BTC"]) == 1
    said = capsys.readouterr().err
    assert said == "hyperliquid-perpetual: http://127.0.0.1:9 cannot be reached: Connection refused\n"
    assert not path.exists()


async def test_other_coins_do_not_go_into_a_file_that_is_there(
    venue: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "one.hlrec"
    metadata, coins = await fetch_metadata(source_of(venue.url), ["BTC"])
    with RecordingWriter(path) as writer:
        writer.append(record_line(1, Session(venue.url, venue.url, list(coins), "1", metadata)))
    size = path.stat().st_size
    assert await asyncio.to_thread(record_elsewhere, path, venue.url, ["ETH"]) == 1
    assert "it records BTC from" in capsys.readouterr().err
    assert path.stat().st_size == size


def record_elsewhere(path: Path, url: str, coins: list[str]) -> int:
    """The command in a thread, where no signal can be caught."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.SelectorEventLoop, "add_signal_handler", lambda *_: None)
        return command.run(path, url, coins, 0)


# ---------------------------------------------------------------------- the command line


async def test_command_records_for_some_seconds_and_shows_what_it_has(venue: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "one.hlrec"
    base = [sys.executable, "-m", "hyperliquid_perpetual", "record", str(path)]
    options = ["--from", venue.url, "--coins", "BTC,ETH", "--seconds", "1.5"]
    recorded = await asyncio.to_thread(subprocess.run, base + options, capture_output=True, text=True, timeout=40)
    assert (recorded.returncode, recorded.stderr) == (0, "")
    assert recorded.stdout.splitlines()[0] == f"Recording {path}: BTC, ETH from {venue.url}"
    shown = await asyncio.to_thread(subprocess.run, [*base, "--show"], capture_output=True, text=True, timeout=40)
    assert shown.returncode == 0
    assert re.search(r"  BTC: \d+ activeAssetCtx, \d+ bbo, \d+ l2Book, \d+ trades\n", shown.stdout)
    os.truncate(path, path.stat().st_size - 3)
    shown = await asyncio.to_thread(subprocess.run, [*base, "--show"], capture_output=True, text=True, timeout=40)
    assert shown.returncode == 1
    assert "cut: the recording is cut: a block ends 3 bytes short, at byte" in shown.stdout
