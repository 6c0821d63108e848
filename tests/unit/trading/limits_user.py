"""A process that shares the limits of a machine with others, for tests: python limits_user.py ROLE FOLDER [SECONDS].

The clock of ``spend`` runs thirty times as fast as the machine's, in all processes alike: a minute takes two seconds.
"""

import json
import os
import sys
import time
from pathlib import Path

from hyperliquid_perpetual.trading.budget import Priority, WeightBudget
from hyperliquid_perpetual.trading.machine_limits import SIZE, Holding, MachineLimits, Most
from hyperliquid_perpetual.trading.shared_file import Access, SharedFile
from hyperliquid_perpetual.trading.shared_folder import SharedFolder

SPEED = 30


class FastClock:
    """The machine's clock, faster; the same in every process."""

    def __init__(self) -> None:
        self.last = 0.0

    def __call__(self) -> float:
        self.last = time.monotonic() * SPEED
        return self.last


def spend(file: SharedFile, seconds: float) -> None:
    """Asks for weight all the time, and prints when it got how much."""
    clock = FastClock()
    budget = WeightBudget(clock=clock, machine=MachineLimits(file))
    spent: list[tuple[float, int]] = []
    asked = 0
    say("started")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        asked += 1
        weight, priority = ((20, Priority.READ), (1, Priority.ORDER), (2, Priority.READ), (1, Priority.CANCEL))[
            asked % 4
        ]
        if budget.try_acquire(weight, priority):
            spent.append((clock.last, weight))
            time.sleep(0.0005)
        else:
            time.sleep(0.002)
    say(json.dumps({"asked": asked, "spent": spent}))


def hold_lock(file: SharedFile) -> None:
    """Takes the lock and never gives it back."""
    while file.lock() is not Access.GRANTED:
        time.sleep(0.001)
    say("locked")
    time.sleep(60)


def hold_sockets(file: SharedFile) -> None:
    """Holds all sockets there are, until it is killed."""
    say(MachineLimits(file).hold(Holding(10, 5, frozenset({"0xa"})), Most(10, 1000, 10)).name)
    time.sleep(60)


def fork(file: SharedFile) -> None:
    """Forks with the lock held, and prints what the child and then the parent get when they ask for it."""
    assert file.lock() is Access.GRANTED
    file.folder.show_life()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, file.lock().name.encode())
        os._exit(0)
    os.waitpid(child, 0)
    say(os.read(reader, 100).decode())
    file.unlock(changed=False)
    say(file.lock().name)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    role, folder = sys.argv[1], Path(sys.argv[2])
    shared = SharedFile(SharedFolder(folder, is_named=True), "venue.example", SIZE)
    if role.startswith("spend"):
        spend(shared, float(sys.argv[3]))
    if role != "spend":
        {"spend and lock": hold_lock, "lock": hold_lock, "sockets": hold_sockets, "fork": fork}[role](shared)
