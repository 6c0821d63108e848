"""The sandbox as a program: runs until it is told to stop, says where it is, and what happened at the end."""

import asyncio
import gc
import logging
import signal
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from hyperliquid_perpetual.sandbox.address_budget import ALLOWANCE
from hyperliquid_perpetual.sandbox.driver import DriverPlan, OutsideDriver
from hyperliquid_perpetual.sandbox.faults import FaultPlan
from hyperliquid_perpetual.sandbox.faults.specification import as_text
from hyperliquid_perpetual.sandbox.inspection import AccountSnapshot
from hyperliquid_perpetual.sandbox.many_markets import many_markets
from hyperliquid_perpetual.sandbox.sandbox import DEFAULT_DEPOSIT, DEMO_ADDRESS, DEMO_PRIVATE_KEY, Sandbox
from hyperliquid_perpetual.sandbox.socket_limits import SessionSettings
from hyperliquid_perpetual.sandbox.state import StateError
from hyperliquid_perpetual.sandbox.traders import Regime

STATUS_SECONDS = 60


def run(
    host: str = "127.0.0.1",
    port: int = 3001,
    seed: int | None = None,
    market: Regime | None = None,
    deposit: Decimal = DEFAULT_DEPOSIT,
    allowance: int | None = ALLOWANCE,
    quirks: dict[str, str] | None = None,
    markets: int | None = None,
    fault_plan: FaultPlan | None = None,
    status_seconds: float = STATUS_SECONDS,
    driver: DriverPlan | None = None,
    state: Path | None = None,
) -> None:
    """Run an exchange in the foreground until SIGINT or SIGTERM. Limits are the venue's.

    :param markets: how many markets there are (`many_markets`); None for the standard ones.

    :raises SystemExit: with status 1 and one line when the port cannot be had, the state file not be used, or a fault
        names an unknown coin.
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    try:
        sandbox = Sandbox(
            seed=seed,
            market=market,
            host=host,
            port=port,
            deposit=deposit,
            allowance=allowance,
            quirks=quirks,
            market_set=None if markets is None else many_markets(markets),
            fault_plan=fault_plan,
            driver=driver,
            limit_weights=True,
            sockets=SessionSettings(),
            state=state,
        )
        asyncio.run(_run(sandbox, status_seconds))
    except OSError as error:
        reason = error.strerror or error
        print(f"The sandbox cannot listen on {host} port {port}: {reason}. Give another --port.", file=sys.stderr)
        raise SystemExit(1) from None
    except StateError as error:
        print(error, file=sys.stderr)
        raise SystemExit(1) from None


def few_collections() -> None:
    """Have Python look for reference cycles seldom: for a process that is nothing but a sandbox.

    The exchange makes many objects that live long and hardly any cycles. With Python's own thresholds a tenth of its
    time goes into looking for them (`benchmarks/sandbox_orders.py`).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 100)


async def _run(sandbox: Sandbox, status_seconds: float) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    started = loop.time()
    keeper = sandbox.keeper
    if keeper is not None:
        keeper.on_failure = stop.set
    async with sandbox:
        few_collections()
        blocks_before = sandbox.chain.blocks  # those of setting it up, or of a life before
        _say(*_welcome(sandbox))
        while not stop.is_set():
            try:
                await asyncio.wait_for(stop.wait(), status_seconds)
            except TimeoutError:
                _say(_status(sandbox))
        report = _report(sandbox, loop.time() - started, sandbox.chain.blocks - blocks_before)
    _say("", *report)
    if keeper is not None and keeper.failure is not None:
        raise StateError(keeper.failure)


def _welcome(sandbox: Sandbox) -> list[str]:
    return [
        f"A Hyperliquid sandbox is listening, market {sandbox.driver.regime}, seed {sandbox.seed}.",
        f"  REST       {sandbox.url}",
        f"  WebSocket  {sandbox.ws_url}",
        f"  status     {sandbox.url}/sandbox/status",
        f"  page       {sandbox.url}/ (for a browser on this machine)",
        *_state(sandbox),
        f"A new address owns {sandbox.deposit} on each dex, in its collateral, as soon as a client asks about it.",
        *_faults_ahead(sandbox),
        "One is ready to use:",
        f"  address      {DEMO_ADDRESS}",
        f"  private key  {DEMO_PRIVATE_KEY}",
        "  (everybody knows this key: for the sandbox only, never send anything real to it)",
        "Stop with Ctrl-C.",
    ]


def _faults_ahead(sandbox: Sandbox) -> list[str]:
    """What will go wrong, so that nobody who reads the screen is surprised."""
    faults = sandbox.faults
    lines = [f"Fault asked for: {as_text(armed.fault)}" for armed in faults.armed]
    if faults.random is not None:
        random = faults.random
        kinds = ", ".join(random.only) or "all kinds"
        lines.append(f"Random faults: seed {random.seed}, {random.intensity:g} a minute, {kinds}.")
    return lines


def _state(sandbox: Sandbox) -> list[str]:
    """What a sandbox with a state file says about it."""
    keeper = sandbox.keeper
    if keeper is None:
        return []
    header = keeper.header
    if header is None:
        return [f"It keeps its state in {keeper.files.path}."]
    saved_at = datetime.fromtimestamp(header.saved_at / 1000).astimezone().isoformat(" ", "seconds")
    blocks = f" and {keeper.resumed_blocks} blocks since then" if keeper.resumed_blocks else ""
    accounts = f"{len(sandbox.clients)} account{'' if len(sandbox.clients) == 1 else 's'}"
    resumed = f"It has resumed {keeper.files.path}: {accounts}, saved at {saved_at}{blocks}."
    halted = ["Blocks are stopped, as they were: POST /sandbox/maintenance with halted false."]
    return [resumed, *sandbox.notices, *(halted if sandbox.chain.is_halted else ())]


def _status(sandbox: Sandbox) -> str:
    driver = sandbox.driver
    outside = driver if isinstance(driver, OutsideDriver) else None
    coin = "BTC" if outside is None else outside.coins[0]
    mid = sandbox.book(coin, 1).mid
    condition = f"; {outside.condition}" if outside is not None and outside.condition else ""
    fills = sum(len(sandbox.fills(address)) for address in sandbox.clients)
    orders = sum(len(sandbox.open_orders(address)) for address in sandbox.clients)
    return (
        f"{coin} {mid}, {sandbox.sockets} WebSocket clients, {len(sandbox.api.captured)} requests kept, "
        f"{len(sandbox.clients)} accounts, {orders} open orders, {fills} fills{condition}"
    )


def _report(sandbox: Sandbox, seconds: float, blocks: int) -> list[str]:
    meter = sandbox.api.meter
    lines = [
        f"The sandbox ran {seconds:.0f} s: {blocks} blocks, "
        f"request weight {meter.total} ({meter.refused} requests refused by the limit)."
    ]
    if sandbox.faults.counts:
        lines.append("Faults that happened:")
        lines += [f"  {count:5} x {kind}" for kind, count in sorted(sandbox.faults.counts.items())]
    lines += [_account_line(sandbox.account(address)) for address in sandbox.clients]
    return lines


def _account_line(account: AccountSnapshot) -> str:
    positions = ", ".join(f"{position.size:f} {position.coin}" for position in account.positions) or "flat"
    fees = ", ".join(f"{fee:.6f} {token}" for token, fee in account.fees_paid.items()) or "none"
    return (
        f"  {account.address}: {len(account.fills)} fills, fees {fees}, {positions}, "
        f"{len(account.open_orders)} open orders, account value {account.account_value:.2f}"
    )


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)
