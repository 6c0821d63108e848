"""Files that the connector reads: its settings, what it keeps in Hummingbot's data folder, the limits it shares."""

import functools
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hyperliquid_perpetual.trading.bookmark import Bookmark
from hyperliquid_perpetual.trading.bot_identity import ID_FILE, folder_identity
from hyperliquid_perpetual.trading.machine_limits import SIZE, Holding, MachineLimits, Most, Taken
from hyperliquid_perpetual.trading.settings import SettingsError, parse_settings
from hyperliquid_perpetual.trading.shared_file import SharedFile
from hyperliquid_perpetual.trading.shared_folder import LIMITS_SUFFIX, SharedFolder
from hyperliquid_perpetual.venue.networks import Network
from tests.fuzz.target import Target

ROOT = Path(__file__).parents[2]

# ---------------------------------------------------------------------------------------------- settings


def settings_seeds(chance: random.Random) -> Iterator[bytes]:
    """The settings file that users copy, and its parts that are comments there."""
    text = (ROOT / "conf" / "hyperliquid_perpetual.yml").read_text(encoding="utf-8")
    yield text.encode()
    yield "\n".join(line.removeprefix("# ").removeprefix("#") for line in text.splitlines()).encode()
    yield b"all:\n  slippage: 0.03\nhyperliquid_perpetual:\n  dead_mans_switch_seconds: 120\n  margin_mode: cross\n"
    yield b"all:\n  builder: {address: 0x1719884eb866cb12b2287399b15f7db5e7d775ea, fee_bp: 1}\n"
    yield b"all: {book: {pairs: {BTC-USD: {significant_figures: 3}}}, margin_modes: {BTC-USD: isolated}}\n"
    yield b"all: &a {slippage: 0.1}\nhyperliquid_perpetual_testnet: *a\n"


def run_settings(data: bytes) -> None:
    """A settings file is right, or a `SettingsError` of a readable length says what is wrong."""
    try:
        text = data.decode()
    except UnicodeError:
        return  # reading the file already refuses it
    try:
        settings = parse_settings(text, list(Network)[len(data) % len(Network)].value, "settings.yml")
    except SettingsError as error:
        assert len(str(error)) < 20_000
    else:
        assert 0 < settings.slippage <= 1


# ---------------------------------------------------------------------------------------------- files of its own


def own_file_seeds(chance: random.Random) -> Iterator[bytes]:
    """What the connector keeps in Hummingbot's data folder; INODE becomes that of the file."""
    yield b'{"hyperliquid_perpetual 0xab": 1790000000000}'
    yield b'{"id": "00112233445566778899aabbccddeeff", "inode": INODE}'


def run_own_file(data: bytes) -> None:
    """A file is what was written into it, or it is as if there were none."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, ID_FILE)
        path.write_bytes(b"")
        path.write_bytes(data.replace(b"INODE", b"%d" % path.stat().st_ino))
        until = Bookmark(lambda: path, "hyperliquid_perpetual 0xab").read()
        assert until is None or msgspec.json.encode(until)
        found = folder_identity(Path(place))
        assert found is not None
        assert len(bytes.fromhex(found)) == 16
        Bookmark(lambda: path, "key").write(5)
        assert Bookmark(lambda: path, "key").read() == 5


# ---------------------------------------------------------------------------------------------- the shared limits

_NOW = 5_000.0
_HEALED_SECONDS = 700.0


def limits_seeds(chance: random.Random) -> Iterator[bytes]:
    """The file that processes share: never used, in use, of an earlier boot, cut off."""
    yield bytes(8 * SIZE)
    used = _limits(b"")
    for second in range(5):
        used.take(200, 0, _NOW - second, minds_pause=True)
        used.reserve_connect(_NOW - second)
    used.pause(_NOW + 3, _NOW)
    used.hold(Holding(2, 30, frozenset({"0xab"})), Most())
    data = _limits_path().read_bytes()
    yield data
    yield data[: len(data) // 3]
    yield (2**63 - 1).to_bytes(8, "little") * SIZE
    yield int(_NOW * 1_000_000 + 60_000_000).to_bytes(8, "little") * SIZE


@functools.cache
def _shared_folder() -> SharedFolder:
    folder = SharedFolder(Path(tempfile.mkdtemp(prefix="fuzz-limits-")))
    folder.prepare()
    return folder


def _limits_path() -> Path:
    return _shared_folder().path / f"venue{LIMITS_SUFFIX}"


def _limits(data: bytes) -> MachineLimits:
    _limits_path().write_bytes(data)
    return MachineLimits(SharedFile(_shared_folder(), "venue", SIZE))


def run_limits(data: bytes) -> None:
    """Whatever stands in the file: nothing raises, nobody waits without end, and after some minutes all is well."""
    limits = _limits(data)
    limits.take(20, 100, _NOW, minds_pause=True)
    assert limits.used(_NOW) is not None
    for _ in range(3):
        at = limits.reserve_connect(_NOW)
        assert at is not None
        assert at <= _NOW + _HEALED_SECONDS
        due = limits.reserve_message(_NOW, 0.03)
        assert due is not None
        assert due <= _NOW + _HEALED_SECONDS
    limits.charge(40, _NOW)
    limits.give_back(40, _NOW)
    limits.note_connect(_NOW)
    limits.pause(_NOW + 5, _NOW)
    held = Holding(1, 3, frozenset({"0xab", "0xcd"}))
    limits.hold(held, Most(sockets=10, subscriptions=1_000, users=10))
    limits.state(held)
    limits.state(Holding())
    later = [limits.take(20, 100, _NOW + _HEALED_SECONDS * times, minds_pause=True) for times in (1, 2)]
    assert Taken.YES in later


TARGETS = (
    Target("settings_file", run_settings, settings_seeds),
    Target("own_file", run_own_file, own_file_seeds),
    Target("shared_limits", run_limits, limits_seeds),
)
