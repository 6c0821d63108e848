"""Sandboxes with a state file, each in a process of its own, for the tests that kill them.

The program imports everything once; for each line that it reads it forks a process, which says its id and its address.
Snapshots come often and take their time, so that kills fall into them. Journals that a snapshot has made superfluous
are moved away instead of being deleted, so that a test can play everything that ever happened. The first snapshot is
kept as well.
"""

import asyncio
import ctypes
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from hyperliquid_perpetual.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.state import keeper
from hyperliquid_perpetual.sandbox.state.files import StateFiles

PR_SET_PDEATHSIG = 1
"""Of Linux: have the kernel end a process when its parent ends."""

keeper.SNAPSHOT_SECONDS = 0.0
keeper.MIN_SECONDS = 0.2


def keep_journals(files: StateFiles, before: int) -> None:
    """Instead of deleting them."""
    for generation, path in files._journals().items():
        if generation < before:
            path.rename(path.parent / "all" / path.name)


def slowly(descriptor: int, fsync: object = os.fsync) -> None:
    time.sleep(0.1)
    fsync(descriptor)  # type: ignore[operator]


async def main(path: Path) -> None:
    StateFiles.forget_journals = keep_journals  # type: ignore[method-assign]
    os.fsync = slowly
    async with Sandbox(seed=5, market="calm", coins=["ETH"], state=path, newcomers="welcome") as sandbox:
        genesis = path.parent / "all" / "genesis"
        if not genesis.exists():
            shutil.copy(path, genesis.with_suffix(".new"))
            genesis.with_suffix(".new").rename(genesis)
        print(os.getpid(), sandbox.url, flush=True)
        await asyncio.Event().wait()


signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever was killed is gone at once
while sys.stdin.readline():
    if not os.fork():
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        prctl = ctypes.CDLL(None).prctl
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        asyncio.run(main(Path(sys.argv[1])))
        os._exit(0)
