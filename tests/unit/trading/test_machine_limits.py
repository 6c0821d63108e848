"""The limits of an address, kept by all processes of a machine together."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperliquid_perpetual.trading.budget import Priority, WeightBudget
from hyperliquid_perpetual.trading.host_limits import HostLimits
from hyperliquid_perpetual.trading.machine_limits import (
    SIZE,
    Holding,
    MachineLimits,
    Most,
    Room,
    Taken,
    machine_limits,
)
from hyperliquid_perpetual.trading.shared_file import Access, SharedFile
from hyperliquid_perpetual.trading.shared_folder import SHARED_LIMITS_VARIABLE, SharedFolder
from hyperliquid_perpetual.venue.weights import (
    IP_WEIGHT_PER_MINUTE,
    MAX_WS_CONNECTS_PER_MINUTE,
    MAX_WS_MESSAGES_PER_MINUTE,
)

USER = Path(__file__).with_name("limits_user.py")


class Clock:
    """Seconds that only move when told."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def file_in(folder: Path) -> SharedFile:
    """The file as another process would open it: with a sign of life and a lock of its own."""
    return SharedFile(SharedFolder(folder, is_named=True), "venue.example", SIZE)


def machine_in(folder: Path) -> MachineLimits:
    return MachineLimits(file_in(folder))


def die(machine: MachineLimits) -> None:
    """What the kernel does when a process ends."""
    file = machine._file
    file._close()
    file.folder._close()


@contextmanager
def another_process(role: str, folder: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, str(USER), role, str(folder), *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


# --- Weight


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.floats(0, 10),
            st.integers(1, 120),
            st.sampled_from(list(Priority)),
            st.sampled_from(["acquire"] * 9 + ["restart"]),
        ),
        min_size=20,
        max_size=250,
    )
)
def test_processes_whatever_their_turns_never_spend_more_than_one_address_may(
    steps: list[tuple[int, float, int, Priority, str]],
) -> None:
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:

        def start() -> WeightBudget:
            return WeightBudget(clock=clock, machine=machine_in(Path(folder)))

        budgets = [start() for _ in range(4)]
        spent: list[tuple[float, int]] = []
        for process, wait, weight, priority, what in steps:
            clock.now += wait
            if what == "restart":
                budgets[process] = start()
            elif budgets[process].try_acquire(weight, priority):
                spent.append((clock.now, weight))
            assert sum(weight for at, weight in spent if at > clock.now - 60) <= IP_WEIGHT_PER_MINUTE


def test_what_one_process_spent_is_missing_to_the_next_until_it_is_a_minute_old(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (WeightBudget(clock=clock, machine=machine_in(tmp_path)) for _ in range(2))
    assert one.try_acquire(1080, Priority.READ)
    assert (other.used, other.used_by_all) == (0, 1080)
    assert not other.try_acquire(1, Priority.READ)
    assert other.try_acquire(80, Priority.ORDER)
    assert not other.try_acquire(1, Priority.ORDER)
    assert other.try_acquire(40, Priority.CANCEL)
    assert not other.try_acquire(1, Priority.CANCEL)
    clock.now += 61
    assert other.try_acquire(1080, Priority.READ)


def test_process_with_a_share_of_its_own_keeps_to_it_and_leaves_the_rest_to_others(tmp_path: Path) -> None:
    clock = Clock()
    small, large = (WeightBudget(clock=clock, machine=machine_in(tmp_path)) for _ in range(2))
    small.limit_to(600)
    assert large.try_acquire(500, Priority.ORDER)
    assert small.try_acquire(560, Priority.ORDER)
    assert not small.try_acquire(1, Priority.ORDER)
    assert large.try_acquire(100, Priority.ORDER)


def test_what_an_answer_cost_on_top_counts_for_every_process(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (WeightBudget(clock=clock, machine=machine_in(tmp_path)) for _ in range(2))
    one.charge(1200)
    assert not other.try_acquire(1, Priority.CANCEL)


async def test_long_answers_that_several_processes_wait_for_have_their_weight_set_aside(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (WeightBudget(clock=clock, machine=machine_in(tmp_path)) for _ in range(2))
    spendings = [await budget.acquire(20, Priority.READ, 100) for budget in (one, other) for _ in range(4)]
    assert one.used_by_all == 8 * 120
    assert (one.used, other.used) == (80, 80)
    clock.now += 3
    for spending in spendings[:4]:
        one.settle(spending, 7)
    for spending in spendings[4:]:
        other.settle(spending, 110)  # more than there can be, by what is known
    assert one.used == 80 + 4 * 7
    assert other.used == 80 + 4 * 110
    assert one.used_by_all == other.used_by_all == 8 * 20 + 4 * 7 + 4 * 110
    late = await one.acquire(20, Priority.READ, 100)
    clock.now += 62
    one.settle(late, 50)  # long after it has grown old
    assert one.used_by_all == one.used == 50
    assert other.used_by_all == 0


async def test_long_answer_is_charged_where_nothing_is_shared(tmp_path: Path) -> None:
    for machine in (None, machine_in(tmp_path / "no" / "such")):
        budget = WeightBudget(clock=Clock(), machine=machine)
        budget.settle(await budget.acquire(20, Priority.READ, 100), 30)
        assert budget.used == 50


def test_refusal_of_the_venue_stops_every_process_but_not_its_cancels(tmp_path: Path) -> None:
    clock = Clock()
    one, other = (WeightBudget(clock=clock, machine=machine_in(tmp_path)) for _ in range(2))
    one.back_off(5)
    one.back_off(1)
    assert not other.try_acquire(2, Priority.READ)
    assert not other.try_acquire(1, Priority.ORDER)
    assert other.try_acquire(1, Priority.CANCEL)
    clock.now += 5
    assert other.try_acquire(2, Priority.READ)


def test_numbers_of_an_earlier_boot_count_for_nothing(tmp_path: Path) -> None:
    """The clock starts over with the machine, the folder for temporary files may not."""
    before, after = Clock(500_000.0), Clock(5.0)
    old = WeightBudget(clock=before, machine=machine_in(tmp_path))
    assert old.try_acquire(1080, Priority.READ)
    old.back_off(30)
    limits = HostLimits(machine=machine_in(tmp_path))
    for _ in range(20):
        limits.reserve_connect(before.now)
        limits.reserve_message(before.now)
    new = WeightBudget(clock=after, machine=machine_in(tmp_path))
    assert new.used_by_all == 0
    assert new.try_acquire(1080, Priority.READ)
    assert not new.try_acquire(1, Priority.READ)
    limits = HostLimits(machine=machine_in(tmp_path))
    assert [limits.reserve_connect(after.now) for _ in range(20)] == [0.0] * 20
    assert limits.reserve_connect(after.now) == pytest.approx(60)
    assert limits.reserve_message(after.now) == 0


async def test_waiting_for_a_file_that_another_has_for_a_moment_takes_no_second(tmp_path: Path) -> None:
    budget = WeightBudget(machine=machine_in(tmp_path))
    await budget.acquire(1)
    with another_process("lock", tmp_path) as holder:
        assert line_of(holder) == "locked"
        assert budget._machine is not None
        assert budget._machine.take(1, 0, time.monotonic(), minds_pause=False) is Taken.BUSY
        assert not budget.try_acquire(1, Priority.CANCEL)
        budget.charge(7)  # is owed, and booked as soon as it can be
        holder.kill()
        holder.wait(10)
        began = time.monotonic()
        await budget.acquire(1, Priority.CANCEL)
        assert time.monotonic() - began < 0.5
    assert budget.used_by_all == 9
    assert WeightBudget(machine=machine_in(tmp_path)).used_by_all == 9


async def test_process_that_was_stopped_with_the_lock_does_not_stop_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    budget = WeightBudget(machine=machine_in(tmp_path))
    with another_process("lock", tmp_path) as holder:
        assert line_of(holder) == "locked"
        began = time.monotonic()
        await budget.acquire(1, Priority.CANCEL)
        await budget.acquire(1, Priority.CANCEL)
        assert 0.9 < time.monotonic() - began < 5
    assert len(caplog.records) == 1
    assert "keeps it locked" in caplog.text


@pytest.mark.timeout(120)
def test_four_processes_hammer_one_budget_and_one_of_them_is_killed_with_the_lock(tmp_path: Path) -> None:
    with (
        another_process("spend", tmp_path, "9") as one,
        another_process("spend", tmp_path, "9") as two,
        another_process("spend", tmp_path, "9") as three,
        another_process("spend and lock", tmp_path, "4") as victim,
    ):
        users = [one, two, three]
        assert [line_of(user) for user in (*users, victim)] == ["started"] * 4
        reports = [json.loads(line_of(victim))]
        assert line_of(victim) == "locked"
        assert machine_in(tmp_path).take(1, 0, 0, minds_pause=False) is Taken.BUSY
        victim.send_signal(signal.SIGKILL)
        assert victim.wait(10) == -signal.SIGKILL
        killed_at = time.monotonic() * 30
        reports += [json.loads(line_of(user)) for user in users]
        assert [user.wait(20) for user in users] == [0, 0, 0]
    spent = sorted((at, weight) for report in reports for at, weight in report["spent"])
    times = [at for at, _ in spent]
    totals = [0]
    for _, weight in spent:
        totals.append(totals[-1] + weight)
    busiest = max(totals[index + 1] - totals[bisect_left(times, at - 60)] for index, at in enumerate(times))
    # All of it is used, none of it twice.
    assert 1000 < busiest <= IP_WEIGHT_PER_MINUTE
    for report in reports[1:]:
        assert sum(weight for at, weight in report["spent"] if at > killed_at) > 50
    assert totals[-1] > 2.5 * IP_WEIGHT_PER_MINUTE


# --- Sockets


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("oooscccd"), st.integers(0, 12)), max_size=120))
def test_processes_together_never_hold_more_than_one_address_may(steps: list[tuple[int, str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:

        def start() -> HostLimits:
            return HostLimits(max_subscriptions=15, machine=machine_in(Path(folder)))

        processes = [start() for _ in range(5)]
        sockets: list[list] = [[] for _ in processes]
        for number, what, which in steps:
            held = sockets[number]
            if what == "o":
                share = processes[number].open_socket()
                if share is not None:
                    held.append(share)
                elif sum(map(len, sockets)) < 10:
                    raise AssertionError("there was room")
            elif what == "s" and held:
                for key in range(which):
                    held[which % len(held)].subscribe(str(key), f"0x{which % 12}" if key == 1 else "")
            elif what == "c" and held:
                held.pop(which % len(held)).close()
            elif what == "d":
                machine = processes[number]._machine
                assert machine is not None
                die(machine)
                held.clear()
                processes[number] = start()
            shares = [share for process in sockets for share in process]
            assert len(shares) <= 10
            assert sum(len(share.users) for share in shares) <= 15
            assert len({user for share in shares for user in share.users.values() if user}) <= 10
        assert sum(map(len, sockets)) <= 10


def test_accounts_of_several_processes_are_counted_once_each(tmp_path: Path) -> None:
    one, other = (HostLimits(machine=machine_in(tmp_path)) for _ in range(2))
    mine, theirs = one.open_socket(), other.open_socket()
    assert mine is not None
    assert theirs is not None
    assert [mine.subscribe(f"fills {number}", f"0x{number}") for number in range(9)] == [""] * 9
    assert theirs.subscribe("fills", "0x3") == ""
    assert theirs.subscribe("fills of a tenth", "0xA") == ""
    assert theirs.subscribe("orders of the tenth", "0xa") == ""
    refusal = "the venue allows an address to follow no more than 10 accounts"
    assert theirs.subscribe("fills of an eleventh", "0xb") == refusal
    assert mine.subscribe("fills of an eleventh", "0xb") == refusal
    assert mine.subscribe("book", "") == ""
    mine.clear()
    assert theirs.subscribe("fills of an eleventh", "0xb") == ""


def test_sockets_of_a_killed_process_are_free_again(tmp_path: Path) -> None:
    limits = HostLimits(machine=machine_in(tmp_path))
    with another_process("sockets", tmp_path) as holder:
        assert line_of(holder) == "ENOUGH"
        assert limits.open_socket() is None
        holder.send_signal(signal.SIGSTOP)
        assert limits.open_socket() is None  # it has them as long as it lives, and be it asleep
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
        assert limits.open_socket() is not None
    assert len(list(tmp_path.glob("*.alive"))) == 1


def test_socket_that_was_never_given_back_is_free_when_it_is_gone(tmp_path: Path) -> None:
    one, other = (HostLimits(machine=machine_in(tmp_path)) for _ in range(2))
    forgotten = [one.open_socket() for _ in range(10)]
    assert all(forgotten)
    assert other.open_socket() is None
    forgotten.clear()
    one.reserve_message(0.0)  # a ping, at the latest
    assert other.open_socket() is not None


def test_process_beyond_those_there_is_a_place_for_waits(tmp_path: Path) -> None:
    machines = [machine_in(tmp_path) for _ in range(17)]
    rooms = [machine.hold(Holding(1), Most(sockets=100)) for machine in machines]
    assert rooms == [Room.ENOUGH] * 16 + [Room.NO_SOCKET]
    die(machines[4])
    assert machines[16].hold(Holding(1), Most(sockets=100)) is Room.ENOUGH


# --- Pace


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 8)), min_size=60, max_size=150))
def test_reconnect_storm_of_several_processes_stays_below_the_venues_connections_a_minute(
    steps: list[tuple[int, float]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        processes = [HostLimits(machine=machine_in(Path(folder))) for _ in range(4)]
        now, moments = 1000.0, []
        for number, wait in steps:
            now += wait
            moments.append(now + processes[number].reserve_connect(now))
        assert _busiest_minute(sorted(moments)) < MAX_WS_CONNECTS_PER_MINUTE


def test_messages_of_several_processes_stay_below_the_venues_messages_a_minute(tmp_path: Path) -> None:
    processes = [HostLimits(machine=machine_in(tmp_path)) for _ in range(4)]
    clocks, moments = [50.0] * 4, []
    for number in range(4000):
        who = number % 4
        clocks[who] += processes[who].reserve_message(clocks[who])
        moments.append(clocks[who])
    assert _busiest_minute(sorted(moments)) < MAX_WS_MESSAGES_PER_MINUTE
    assert max(clocks) > 100


def test_pace_is_kept_with_what_was_sent_while_the_file_was_taken(tmp_path: Path) -> None:
    limits, blocker = HostLimits(machine=machine_in(tmp_path)), file_in(tmp_path)
    other = HostLimits(machine=machine_in(tmp_path))
    assert other.reserve_connect(10.0) == 0
    assert blocker.lock() is Access.GRANTED
    for _ in range(19):
        assert limits.reserve_connect(10.0) == 0
    for _ in range(499):
        assert limits.reserve_message(10.0) == 0
    blocker.unlock(changed=False)
    assert limits.reserve_message(10.0) == pytest.approx(0, abs=0.001)
    assert other.reserve_message(10.0) > 0
    assert other.reserve_connect(10.0) == pytest.approx(60)


def _busiest_minute(moments: list[float]) -> int:
    return max(bisect_left(moments, start + 60 - 1e-5) - index for index, start in enumerate(moments))


# --- Which file


def test_hosts_are_told_apart_by_port_and_not_by_protocol() -> None:
    assert machine_limits("https://one.example:3001") is machine_limits("wss://ONE.example:3001/ws")
    assert machine_limits("https://one.example:3001") is not machine_limits("https://one.example:3002")


def test_process_that_was_told_so_shares_nothing_or_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "hyperliquid_perpetual.trading.machine_limits."
    monkeypatch.setattr(module + "_files", {})
    monkeypatch.setattr(module + "_folder", None)
    monkeypatch.setenv(SHARED_LIMITS_VARIABLE, "Off")
    assert machine_limits("https://one.example") is None
    assert WeightBudget(machine=None).try_acquire(1, Priority.READ)
    monkeypatch.setenv(SHARED_LIMITS_VARIABLE, str(tmp_path / "shared"))
    machine = machine_limits("https://two.example:8080")
    assert machine is not None
    assert machine.take(1, 0, 1000.0, minds_pause=True) is Taken.YES
    assert os.listdir(tmp_path / "shared") == ["two.example_8080.limits-1"]
