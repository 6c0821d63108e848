"""Bots in several processes of one machine: together they stay within what the venue grants an address."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from eth_account import Account

from hyperliquid_perpetual.sandbox.sandbox import Sandbox
from hyperliquid_perpetual.sandbox.socket_limits import SessionSettings
from hyperliquid_perpetual.trading.shared_folder import SHARED_LIMITS_VARIABLE
from hyperliquid_perpetual.venue.networks import SANDBOX_URL_VARIABLE

BOTS = Path(__file__).with_name("busy_bots.py")
ROOT = BOTS.parents[2]
KEYS = ["0x" + digit.rjust(64, "0") for digit in "23"]
"""A signer for each process: two would now and then use one nonce."""


@asynccontextmanager
async def busy_bots(url: str, folder: Path, secret_key: str, connectors: int, seconds: float) -> AsyncIterator[Process]:
    environment = {
        **os.environ,
        SHARED_LIMITS_VARIABLE: str(folder),
        SANDBOX_URL_VARIABLE: url,
        "PYTHONPATH": str(ROOT),
    }
    arguments = [str(BOTS), secret_key, str(connectors), str(seconds)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=folder, env=environment, stdin=PIPE, stdout=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def says(process: Process, word: str) -> str:
    """The next line of a process that begins with the word; Hummingbot may print others."""
    assert process.stdout is not None
    async with asyncio.timeout(100):
        while line := (await process.stdout.readline()).decode():
            if line.startswith(word):
                return line
    raise AssertionError(f"it ended without saying {word}")


def tell(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.write(b"go on\n")


@pytest.mark.timeout(240)
async def test_busy_bots_in_two_processes_are_never_told_429_and_orders_do_not_wait_for_reads(tmp_path: Path) -> None:
    """Each process alone could ask for more than half of the weight; their connectors need twelve sockets of ten."""
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(
            Sandbox(
                seed=7,
                market="still",
                block_ms=0,
                limit_weights=True,
                sockets=SessionSettings(),
                accounts=[Account.from_key(key).address for key in KEYS],
            )
        )
        let_in: list[bool] = []
        may_connect = exchange.gate.may_connect
        exchange.gate.may_connect = lambda address: let_in.append(may_connect(address)) or let_in[-1]  # type: ignore
        processes = []
        for key in KEYS:
            processes.append(await stack.enter_async_context(busy_bots(exchange.url, tmp_path, key, 2, 6)))
            await says(processes[-1], "ready")
        for process in processes:
            tell(process)
        reports = [json.loads(await says(process, "{")) for process in processes]
        assert exchange.sockets == 10
        assert exchange.api.meter.refused == 0
        assert all(let_in), let_in
        for report in reports:
            assert report["limited"] == 0, report
            assert report["orders"] == report["cancelled"] > 3, report
        # All that is there for reads was used.
        assert exchange.api.meter.total > 1000, exchange.api.meter.total
        for process in processes:
            tell(process)
            assert await asyncio.wait_for(process.wait(), 30) == 0
