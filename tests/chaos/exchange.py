"""The sandbox of a run: a process that is killed and resumed, its counters over all of its lives, and its ledger.

Asked from an address of its own, so that what is asked here costs the bots none of their request weight.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import aiohttp

from hyperliquid_perpetual.demo.processes import Child, ChildError
from tests.chaos.inside.shifted_clock import VARIABLE as SHIFT_VARIABLE
from tests.chaos.plan import Plan

ROOT = Path(__file__).resolve().parents[2]
HERE = "127.0.0.2"
ANSWER_SECONDS = 5.0
START_SECONDS = 60.0
PAGE_ROWS = 500
OUTAGES = (aiohttp.ClientError, TimeoutError, OSError)


class Exchange:
    """One exchange with several lives."""

    def __init__(self, plan: Plan, folder: Path, port: int, shift: float) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = folder / "sandbox.log"
        self.lives = 0
        self.faults: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.connections = 0
        self._plan = plan
        self._folder = folder
        self._port = port
        self._shift = shift
        self._process: Child | None = None
        self._seen: dict[str, Any] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        connector = aiohttp.TCPConnector(local_addr=(HERE, 0), force_close=True)
        self._session = aiohttp.ClientSession(timeout=timeout, connector=connector)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            await self._process.stop(10)
        if self._session is not None:
            await self._session.close()

    # --- Lives

    async def start(self) -> None:
        """Start it, or resume it from its file, and wait until it answers."""
        command = [sys.executable, "-m", "tests.chaos.inside.sandbox_process", "sandbox", "--port", str(self._port)]
        options = ["--state", "exchange.state", "--allowance", "0"]
        if not self.lives:
            options += ["--seed", str(self._plan.seed), "--market", self._plan.market]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", SHIFT_VARIABLE: str(self._shift)}
        environment.pop("HYPERLIQUID_SANDBOX_URL", None)
        self._process = await Child.start(
            "The sandbox", [*command, *options], log=self.log, cwd=self._folder, env=environment
        )
        self.lives += 1
        self._seen = {}
        deadline = time.monotonic() + START_SECONDS
        while not await self.look():
            self._process.check()
            if time.monotonic() > deadline:
                raise ChildError(f"the sandbox does not answer; see {self.log}")
            await asyncio.sleep(0.1)

    async def kill(self) -> None:
        """SIGKILL."""
        await self.look()
        assert self._process is not None
        self._process.signal(signal.SIGKILL)
        await self._process.kill()

    async def stop(self) -> bool:
        """Stop it like Ctrl-C; says whether it left by itself and with status 0."""
        assert self._process is not None
        gentle = await self._process.stop(20)
        return gentle and self._process.returncode == 0

    def check(self) -> None:
        """:raises ChildError: when it has ended without having been killed here."""
        assert self._process is not None
        self._process.check()

    # --- Its own control

    async def look(self) -> bool:
        """Read its counters; says whether it answers."""
        try:
            now = await self.get("/sandbox/summary")
            faults = (await self.get("/sandbox/faults"))["counts"]
        except OUTAGES:
            return False
        before = self._seen
        self.faults.update({kind: count - before.get("faults", {}).get(kind, 0) for kind, count in faults.items()})
        refused = {**now["refusedBySocketLimits"], "weight": now["refusedByWeight"]}
        self.refusals.update({what: count - before.get("refused", {}).get(what, 0) for what, count in refused.items()})
        self.connections += now["connections"] - before.get("connections", 0)
        self._seen = {"faults": faults, "refused": refused, "connections": now["connections"]}
        return True

    async def ask_for_fault(self, fault: dict[str, Any]) -> bool:
        """Let something go wrong from now on; says whether it could be asked for."""
        try:
            await self.post("/sandbox/faults", fault)
        except OUTAGES:
            return False
        return True

    async def end_faults(self) -> None:
        """End all faults, and wait until everything is served again."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with suppress(*OUTAGES):
                async with self._http.delete(f"{self.url}/sandbox/faults") as response:
                    response.raise_for_status()
                status = await self.get("/sandbox/summary")
                if not status["maintenance"]["halted"]:
                    return
            await asyncio.sleep(0.2)
        raise ChildError("the sandbox does not come back although no fault goes on")

    async def halt(self, halted: bool) -> None:
        """Stop the blocks, so that nothing changes while both sides are read, or let them go on."""
        await self.post("/sandbox/maintenance", {"halted": halted})

    # --- Its books

    async def ledger(self, address: str) -> dict[str, Any]:
        """Everything about one account."""
        return {
            **await self.get(f"/sandbox/accounts/{address}"),
            "state": await self.info({"type": "clearinghouseState", "user": address}),
            "fundings": await self._fundings(address),
            "history": await self.info({"type": "historicalOrders", "user": address}),
        }

    async def order_status(self, address: str, cloid: str) -> dict[str, Any]:
        """`orderStatus`, asked again while the request weight is used up."""
        return await self.info({"type": "orderStatus", "user": address, "oid": cloid})

    async def _fundings(self, address: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        start = 0
        while True:
            page = await self.info({"type": "userFunding", "user": address, "startTime": start})
            rows += [row for row in page if row not in rows]
            if len(page) < PAGE_ROWS:
                return rows
            start = max(row["time"] for row in page)

    async def info(self, request: dict[str, Any]) -> Any:
        """An info request that waits for weight when it has to."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return await self.post("/info", request)
            except aiohttp.ClientResponseError as error:
                if error.status != 429 or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(1)

    async def get(self, path: str) -> Any:
        async with self._http.get(f"{self.url}{path}") as response:
            response.raise_for_status()
            return json.loads(await response.text())

    async def post(self, path: str, body: Any) -> Any:
        async with self._http.post(f"{self.url}{path}", json=body) as response:
            response.raise_for_status()
            return json.loads(await response.text())

    @property
    def _http(self) -> aiohttp.ClientSession:
        assert self._session is not None
        return self._session
