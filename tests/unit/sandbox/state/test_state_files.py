"""The files of a state: cut, damaged, foreign, missing, in use, on a full disk. Clear errors, nothing is destroyed."""

import os
import pickle
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.engine.units import usd
from hyperliquid_perpetual.sandbox.state import StateError, graph, keeper
from hyperliquid_perpetual.sandbox.state.files import StateFiles
from hyperliquid_perpetual.sandbox.state.journal import line_start, read_journal

ROOT = Path(__file__).parents[4]
ALICE = "0x" + "a1" * 20


def still(path: Path, **settings: Any) -> Sandbox:
    """A sandbox in which nothing happens by itself."""
    chosen: dict[str, Any] = {"seed": 1, "market": "empty", "clock": "virtual", **settings}
    return Sandbox(state=path, **chosen)


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All files but the lock."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


@pytest.fixture
async def killed(tmp_path: Path) -> Path:
    """The files of a sandbox that was killed after thirty deposits."""
    source = tmp_path / "source"
    source.mkdir()
    async with still(source / "state") as sandbox:
        for amount in range(1, 31):
            sandbox.fund(ALICE, amount)
        shutil.copytree(source, tmp_path / "killed")
    return tmp_path / "killed" / "state"


def deposited(path: Path) -> int:
    """How many deposits a state has."""
    files = StateFiles(path)
    try:
        saved = files.load()
        assert saved is not None
        return len([block for block in saved.blocks if any("amount" in repr(entry) for entry in block.entries)])
    finally:
        files.release()


def journal_of(path: Path) -> Path:
    """The only journal of a state."""
    found = list(path.parent.glob("*.journal-*"))
    assert len(found) == 1
    return found[0]


async def test_killed_sandbox_has_every_deposit(killed: Path) -> None:
    sandbox = still(killed)
    assert sandbox.keeper is not None
    assert sandbox.keeper.resumed_blocks == 30
    async with sandbox:
        account = sandbox.engine.account(ALICE)
        assert account is not None
        # What an account begins with on three dexs, and then 1 + 2 + ... + 30.
        assert sum(update.amount for update in account.ledger) == usd(300_000 + 465)


def test_journal_cut_anywhere_loads_to_what_was_written_before_the_cut(killed: Path) -> None:
    whole = journal_of(killed).read_bytes()
    ends = [offset + 1 for offset, byte in enumerate(whole) if byte == ord("\n")]

    @settings(max_examples=60, deadline=None)
    @given(cut=st.integers(0, len(whole)))
    def cut_it(cut: int) -> None:
        journal_of(killed).write_bytes(whole[:cut])
        complete = sum(end <= cut for end in ends[1:])
        assert deposited(killed) == complete
        assert journal_of(killed).read_bytes() == whole[:cut], "loading changes no file"

    cut_it()


def test_journal_damaged_before_its_end_is_refused_and_left_as_it_is(killed: Path) -> None:
    whole = journal_of(killed).read_bytes()
    last = whole[:-1].rindex(b"\n") + 1

    @settings(max_examples=60, deadline=None)
    @given(at=st.integers(0, last - 2), change=st.integers(1, 255))
    def damage(at: int, change: int) -> None:
        damaged = bytearray(whole)
        damaged[at] ^= change
        journal_of(killed).write_bytes(damaged)
        with pytest.raises(StateError, match=r"damaged in line|Nothing was changed"):
            deposited(killed)
        assert journal_of(killed).read_bytes() == damaged

    damage()


async def test_torn_line_is_passed_over_and_life_goes_on_behind_it(killed: Path) -> None:
    journal = journal_of(killed)
    journal.write_bytes(journal.read_bytes()[:-10])
    assert read_journal(journal).torn
    async with still(killed) as sandbox:
        sandbox.fund(ALICE, 1_000)
        shutil.copytree(killed.parent, killed.parent.with_name("again"))
    again = killed.parent.with_name("again") / "state"
    assert deposited(again) == 1
    before = still(again)
    assert before.keeper is not None
    await before.stop()


def test_snapshot_damaged_anywhere_is_refused_and_left_as_it_is(killed: Path) -> None:
    whole = killed.read_bytes()

    @settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(at=st.integers(0, len(whole) - 1), change=st.integers(1, 255))
    def damage(at: int, change: int) -> None:
        damaged = bytearray(whole)
        damaged[at] ^= change
        killed.write_bytes(damaged)
        with pytest.raises(StateError, match=r"cannot be used: .* Nothing was changed"):
            deposited(killed)
        assert killed.read_bytes() == damaged

    @settings(max_examples=30, deadline=None)
    @given(cut=st.integers(0, len(whole) - 1))
    def cut(cut: int) -> None:
        killed.write_bytes(whole[:cut])
        with pytest.raises(StateError, match="cannot be used"):
            deposited(killed)

    damage()
    cut()


def test_file_that_is_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("my notes\n")
    with pytest.raises(StateError, match=r"notes\.txt cannot be used: it is no state file of the sandbox"):
        still(file)
    assert file.read_text() == "my notes\n"


def test_file_of_another_format_says_so(killed: Path) -> None:
    killed.write_bytes(killed.read_bytes().replace(b"state 1\n", b"state 7\n", 1))
    with pytest.raises(StateError, match="format 7, and this version of the sandbox reads 1"):
        still(killed)


def test_file_of_an_engine_with_other_records_says_so(killed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph, "shape", lambda: "another")
    with pytest.raises(StateError, match="another version of the sandbox"):
        still(killed)


def test_journal_of_an_engine_that_does_something_else_is_not_followed(killed: Path) -> None:
    journal = journal_of(killed)
    lines = journal.read_bytes().split(b"\n")
    body = lines[5].split(b" ", 2)[2]
    other = body[: body.rindex(b"[")] + b"[1,1]]"
    lines[5] = line_start(other) + b" " + other
    journal.write_bytes(b"\n".join(lines))
    with pytest.raises(StateError, match="cannot be followed at block"):
        still(killed)


def test_missing_journal_is_noticed_and_can_be_given_up(killed: Path) -> None:
    journal = journal_of(killed)
    journal.unlink()
    with pytest.raises(StateError, match=r"journal-1 of the state file is missing"):
        deposited(killed)
    journal.touch()
    assert deposited(killed) == 0


def test_journal_without_its_snapshot_is_noticed(killed: Path) -> None:
    killed.unlink()
    with pytest.raises(StateError, match=r"is missing, and its journal state\.journal-1 is there"):
        still(killed)


async def test_journal_of_another_state_is_refused(killed: Path, tmp_path: Path) -> None:
    async with still(tmp_path / "other"):
        shutil.copy(tmp_path / "other.journal-1", journal_of(killed))
    with pytest.raises(StateError, match="does not belong to the state file"):
        deposited(killed)


async def test_second_sandbox_on_the_same_file_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    async with still(tmp_path / "state") as sandbox:
        with pytest.raises(StateError, match=rf"in use by another sandbox \(process {os.getpid()}\)"):
            still(tmp_path / "state")
        sandbox.fund(ALICE, 5)
    async with still(tmp_path / "state") as sandbox:
        assert sandbox.account(ALICE).fills == ()


async def test_port_that_is_taken_leaves_the_file_to_others(tmp_path: Path) -> None:
    async with Sandbox(market="empty") as other:
        port = int(other.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            await still(tmp_path / "state", port=port).start()
    async with still(tmp_path / "state"):
        pass


def test_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"there is no directory .*nowhere"):
        still(tmp_path / "nowhere" / "state")
    with pytest.raises(StateError, match="is a directory"):
        still(tmp_path)


def test_place_that_cannot_be_written_to_is_named() -> None:
    with pytest.raises(StateError, match="/proc/state cannot be written"):
        still(Path("/proc/state"))


async def test_other_markets_or_settings_than_the_file_has_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "state"
    async with still(path, min_notional=5):
        pass
    with pytest.raises(StateError, match="made with min_notional=5, not 6"):
        still(path, min_notional=6)
    async with still(path) as sandbox:
        assert sandbox.engine.config.min_notional == 5


async def test_snapshot_that_finds_no_room_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journals go on, and are enough to resume from."""
    monkeypatch.setattr(keeper, "SNAPSHOT_SECONDS", 0.0)
    monkeypatch.setattr(keeper, "MIN_SECONDS", 0.0)
    path = tmp_path / "source" / "state"
    path.parent.mkdir()
    async with still(path) as sandbox:
        path.with_name("state.new").mkdir()  # nothing can be written here
        for amount in range(1, 6):
            sandbox.fund(ALICE, amount)
            assert sandbox.keeper is not None
            if sandbox.keeper._writing is not None:
                await sandbox.keeper._writing
        shutil.copytree(path.parent, tmp_path / "killed")
        path.with_name("state.new").rmdir()
    assert len(list((tmp_path / "killed").glob("*.journal-*"))) > 1
    assert deposited(tmp_path / "killed" / "state") == 5


FULL = """
import asyncio, resource, sys
import aiohttp
from pathlib import Path
from hyperliquid_perpetual.sandbox import serve
from hyperliquid_perpetual.sandbox.sandbox import Sandbox
path = Path(sys.argv[1])
start = Sandbox.start

async def fund(url):
    await asyncio.sleep(0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    async with aiohttp.ClientSession() as http:
        for amount in range(1, 1_000):
            body = {"address": "0x" + "a1" * 20, "amount": amount}
            try:
                async with http.post(url + "/sandbox/fund", json=body) as response:
                    if response.status != 200:
                        print("refused", response.status, flush=True)
                        return
            except aiohttp.ClientError as error:
                print("broken", flush=True)
                return
            print("acknowledged", amount, flush=True)

async def started(self):
    await start(self)
    self.funding = asyncio.create_task(fund(self.url))
    return self

Sandbox.start = started
serve.run(port=0, seed=1, market="empty", state=path)
"""


def test_full_disk_stops_the_sandbox_with_one_clear_line_and_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """A real limit of the operating system on the size of files, reached in the middle of a line."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "state")],
        cwd=ROOT,
        # Coverage would meet the same limit when it writes its own file.
        env={name: text for name, text in os.environ.items() if "COV" not in name} | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"The state file {tmp_path / 'state'} cannot be written any more")
    assert "Traceback" not in done.stderr
    acknowledged = [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("acknowledged")]
    assert len(acknowledged) > 20
    assert deposited(tmp_path / "state") in (len(acknowledged), len(acknowledged) + 1)
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


class Harm:
    """Pickles into the making of a directory."""

    def __init__(self, victim: Path) -> None:
        self.victim = victim

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.victim),)


def test_state_file_from_somebody_else_runs_nothing(killed: Path, tmp_path: Path) -> None:
    """Whole and with good checksums; only its engine is not one."""
    whole = killed.read_bytes()
    first, _, rest = whole.partition(b"\n")
    frames, offset = [], 0
    while offset < len(rest):
        length = int.from_bytes(rest[offset : offset + 4], "big")
        frames.append(rest[offset + 8 : offset + 8 + length])
        offset += 8 + length
    frames[2] = pickle.dumps(Harm(tmp_path / "victim"))
    made = [len(frame).to_bytes(4, "big") + crc32(frame).to_bytes(4, "big") + frame for frame in frames]
    killed.write_bytes(first + b"\n" + b"".join(made))
    with pytest.raises(StateError, match=r"names posix\.mkdir, which no state file of the sandbox does"):
        still(killed)
    assert not (tmp_path / "victim").exists()
